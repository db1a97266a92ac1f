# Every target installs what it needs; only Python 3.11 or newer is required.
.DEFAULT_GOAL := help
.PHONY: help help-all run example doctor test-fast test check fmt e2e screenshots audit check-example client clean-data fuzz mutants image-check faults conformance bench bench-scale docs

# Not its path, which may contain spaces.
UV := $(shell command -v uv >/dev/null && echo uv || echo .uv/bin/uv)
OWN_UV := $(filter .uv/bin/uv,$(UV))
RUN := $(UV) run --locked
# Without the packages for tests and checks.
RUN_ONLY := $(RUN) --no-dev --group embedded

PARALLEL := -n auto --maxprocesses 4 --dist worksteal
# These cover every branch of domain and application. Measuring coverage doubles their time.
INNER := tests/unit tests/contract tests/http tests/key_set

# The targets that newcomers need.
FIRST := run|example|doctor|test-fast|test|check
LIST = grep -hE '^($(1)):.*\#\#' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*\#\# /\1\t/' | expand -t 15

help:  ## List the targets that you need first
	@$(call LIST,$(FIRST)|help-all)

run: $(OWN_UV)  ## Serve on an embedded PostgreSQL, with reload (PORT=8000)
	@$(RUN_ONLY) tasks-api dev $(if $(PORT),--port $(PORT))

example: $(OWN_UV)  ## Run the API (PORT=8000) with its example frontend on localhost (WEB_PORT=3000)
	@$(RUN_ONLY) python -m examples.stack $(if $(PORT),--port $(PORT)) $(if $(WEB_PORT),--web-port $(WEB_PORT))

doctor: $(OWN_UV)  ## Say what is wrong with the settings, the database, the key set or a token (ARGS="--token -")
	@$(RUN_ONLY) tasks-api doctor $(ARGS)

test-fast: $(OWN_UV)  ## Run the tests that need neither PostgreSQL nor processes
	$(RUN) pytest $(PARALLEL) -m "not postgres and not process and not e2e and not images and not faults"

test: $(OWN_UV)  ## Run every test except those of the browser, the images and the faults
	$(RUN) pytest $(PARALLEL) -m "not postgres" $(INNER) --cov --cov-fail-under=100
	$(RUN) pytest $(PARALLEL) -m "not e2e and not images and not faults" \
		--ignore=tests/unit --ignore=tests/http --ignore=tests/key_set

check: $(OWN_UV)  ## Lint, check types, formatting, import contracts, workflows, lock file and known vulnerabilities
	$(UV) lock --check
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) jactionlint --no-hints --strict-exit
	$(RUN) zizmor --offline --quiet --persona=auditor .github
	$(RUN) python .ci/audit.py || [ $$? -eq 3 ]  # 3: the advisories cannot be reached, which it prints
	$(RUN) tasks-api openapi | cmp - examples/nextjs/openapi.json  # stale? make client
	$(RUN) python -m docs.generate_api_reference | cmp - docs/api.md  # stale? make docs
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-example; \
		else echo "npm is not installed: the example is not checked"; fi

help-all:  ## List all targets
	@$(call LIST,[a-z0-9-]+)

fmt: $(OWN_UV)  ## Format the code and apply automatic fixes
	$(RUN) ruff check --fix
	$(RUN) ruff format

e2e: $(OWN_UV)  ## Drive the example frontend in headless Chromium
	$(RUN) pytest -m e2e tests/e2e -s

screenshots: $(OWN_UV)  ## Take the README's pictures of the example (docs/images)
	mkdir -p docs/images
	PICTURES=$(CURDIR)/docs/images $(RUN) pytest -m e2e tests/e2e -k keys

faults: $(OWN_UV)  ## Cause faults and print what is promised and what was measured
	$(RUN) pytest -m faults tests/faults

conformance: $(OWN_UV)  ## Run what holds on every engine on a database of yours; URL=postgresql://…
	@$(RUN) python -m tests.conformance $(ARGS)

bench: $(OWN_UV)  ## Measure this service beside other backends; ARGS="--help" shows the options
	@$(RUN) python -m bench $(ARGS)

bench-scale: $(OWN_UV)  ## Measure how cost grows with tasks, connections and processes
	@$(RUN) python -m bench.scale $(ARGS)

image-check: $(OWN_UV)  ## Build the container images and start them, as root on Debian, without Docker
	tests/images/run

fuzz: $(OWN_UV)  ## Run Schemathesis with many more requests than the tests (EXAMPLES=400)
	HOSTILE_EXAMPLES=$(or $(EXAMPLES),400) HOSTILE_SEED=$$(date +%s) $(RUN) pytest tests/hostile/test_schemathesis.py

mutants: $(OWN_UV)  ## Change the inner code in many small ways; list the changes that no test detects
	$(RUN) --with mutmut==3.8.1 mutmut run --max-children 1
	$(RUN) --with mutmut==3.8.1 mutmut results

audit: $(OWN_UV)  ## Look up known vulnerabilities of the locked packages; fail if the look-up fails
	@$(RUN) python .ci/audit.py

check-example: $(OWN_UV)  ## Check the types of the example frontend and its client
	@$(RUN) python -c "from examples import stack; stack.install_frontend()"
	cd examples/nextjs && npm run --silent generate -- --check  # stale? make client
	cd examples/nextjs && npm run --silent typecheck

client: $(OWN_UV)  ## Generate the example's API client from the OpenAPI document
	$(RUN) tasks-api openapi > examples/nextjs/openapi.json
	cd examples/nextjs && npm run --silent generate

docs: $(OWN_UV)  ## Generate docs/api.md from the OpenAPI document
	$(RUN) python -m docs.generate_api_reference > docs/api.md

clean-data:  ## Delete the embedded PostgreSQL's data and the development secret
	@pid=$$(cat .data/postgres/lock 2>/dev/null) && kill -0 "$$pid" 2>/dev/null && \
		{ echo "make run is still running (PID $$pid): stop it first"; exit 1; }; rm -rf .data

# uv for this project, if it is not installed.
PYTHONS := python3 python3.15 python3.14 python3.13 python3.12 python3.11
.uv/bin/uv:
	@for python in $(PYTHONS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		found=$$(python3 --version 2>/dev/null || echo "no python3"); \
		echo "Python 3.11 or newer is needed, but $$found was found: install a newer Python, or uv"; \
		exit 1; \
	fi; \
	echo "uv is not installed; installing it into .uv"; \
	$$python -m venv .uv || { \
		echo "$$python cannot create a virtual environment; on Debian: apt-get install $$python-venv"; \
		exit 1; }; \
	.uv/bin/python -m pip install --quiet --disable-pip-version-check \
		$${SSL_CERT_FILE:+--cert "$$SSL_CERT_FILE"} --require-hashes --requirement .ci/uv.txt || { \
		echo "pip cannot install uv. Behind a proxy that inspects TLS, set SSL_CERT_FILE to a file" \
			"with the certificate of its authority (PEM)."; \
		exit 1; }
