# Every target installs what it needs; only Python 3.11 or newer is required.
.DEFAULT_GOAL := help
.PHONY: help run test test-fast e2e check audit fmt check-example example client clean-data fuzz mutants image-check faults bench bench-scale docs

UV := $(shell command -v uv || echo .uv/bin/uv)
RUN := $(UV) run --locked
PORT ?= 8000

help:  ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

run: $(UV)  ## Serve on an embedded PostgreSQL, with reload (PORT=8000)
	@$(RUN) tasks-api dev --port $(PORT)

test: $(UV)  ## Run every test except those of the browser, the images and the faults
	$(RUN) pytest -m "not e2e and not images and not faults" --cov --cov-report=term
	$(RUN) coverage report --include='domain/*,application/*' --fail-under=100 >/dev/null

e2e: $(UV)  ## Drive the example frontend in headless Chromium
	$(RUN) pytest -m e2e tests/e2e -s

faults: $(UV)  ## Cause faults and print what is promised and what was measured
	$(RUN) pytest -m faults tests/faults

bench: $(UV)  ## Measure this service beside other backends; ARGS="--help" shows the options
	@$(RUN) python -m bench $(ARGS)

bench-scale: $(UV)  ## Measure how cost grows with tasks, connections and processes
	@$(RUN) python -m bench.scale $(ARGS)

test-fast: $(UV)  ## Run the tests that need neither PostgreSQL nor processes
	$(RUN) pytest -m "not postgres and not process and not e2e and not images and not faults"

image-check: $(UV)  ## Build the container images and start them, as root on Debian, without Docker
	tests/images/run

fuzz: $(UV)  ## Run Schemathesis with many more requests than the tests (EXAMPLES=400)
	HOSTILE_EXAMPLES=$(or $(EXAMPLES),400) HOSTILE_SEED=$$(date +%s) $(RUN) pytest tests/hostile/test_schemathesis.py

mutants: $(UV)  ## Change the inner code in many small ways; list the changes that no test detects
	$(RUN) --with mutmut==3.8.1 mutmut run --max-children 1
	$(RUN) --with mutmut==3.8.1 mutmut results

check: $(UV)  ## Lint, check types, formatting, import contracts, lock file and known vulnerabilities
	$(UV) lock --check
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python .ci/audit.py || [ $$? -eq 3 ]  # 3: the advisories cannot be reached, which it prints
	$(RUN) tasks-api openapi | cmp - examples/nextjs/openapi.json  # stale? make client
	$(RUN) python -m docs.generate_api_reference | cmp - docs/api.md  # stale? make docs
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-example; \
		else echo "npm is not installed: the example is not checked"; fi

audit: $(UV)  ## Look up known vulnerabilities of the locked packages; fail if the look-up fails
	@$(RUN) python .ci/audit.py

check-example: $(UV)
	@$(RUN) python -c "from examples import stack; stack.install_frontend()"
	cd examples/nextjs && npm run --silent generate -- --check  # stale? make client
	cd examples/nextjs && npm run --silent typecheck

fmt: $(UV)  ## Format the code and apply automatic fixes
	$(RUN) ruff check --fix
	$(RUN) ruff format

example: $(UV)  ## Run the API with its example frontend on http://localhost:3000
	@$(RUN) python -m examples.stack

client: $(UV)  ## Generate the example's API client from the OpenAPI document
	$(RUN) tasks-api openapi > examples/nextjs/openapi.json
	cd examples/nextjs && npm run --silent generate

.PHONY: docs
docs: $(UV)  ## Generate docs/api.md from the OpenAPI document
	$(RUN) python -m docs.generate_api_reference > docs/api.md

clean-data:  ## Delete the embedded PostgreSQL's data and the development secret
	@pid=$$(cat .data/postgres/lock 2>/dev/null) && kill -0 "$$pid" 2>/dev/null && \
		{ echo "make run is still running (PID $$pid): stop it first"; exit 1; }; rm -rf .data

# The project's own uv, if none is installed.
.uv/bin/uv:
	@echo "uv is not installed; installing it into .uv"
	@python3 -m venv .uv || { \
		echo "python3 cannot create a virtual environment; on Debian: apt-get install python3-venv"; \
		exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv
