# dev:  for development, with the source mounted and reload (docker-compose.yml)
# prod: for production; the default
FROM python:3.13-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6 AS python

FROM python AS uv
# From PyPI, with hashes, like the other packages.
COPY .ci/uv.txt /tmp/uv.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --root-user-action=ignore --require-hashes --requirement /tmp/uv.txt
# The cache is a mount; uv cannot link files from it.
ENV UV_LINK_MODE=copy \
    UV_NO_DEV=1 \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /app

# Rebuilt when uv.lock changes, not when the code does. Copy the files instead of mounting them:
# buildah and podman do not detect changes of mounted files.
FROM uv AS dependencies
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-install-project --extra telemetry --compile-bytecode
ENV PATH=/opt/venv/bin:$PATH

FROM dependencies AS dev
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --extra telemetry
# The source that is mounted over /app belongs to another user.
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
CMD ["tasks-api", "serve", "--reload"]

FROM dependencies AS build
COPY . .
# Outside the virtual environment, so that the code is a separate layer.
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/venv --target /opt/tasks-api --no-deps --compile-bytecode . \
    && rm /opt/tasks-api/.lock

FROM python AS prod
# The official image has no bytecode, and the container cannot write any.
RUN python -m compileall -q -j 0 -x 'site-packages|/test' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=build /opt/tasks-api /opt/tasks-api
# For sslrootcert=system, because the OpenSSL in psycopg's wheel has no usable default path.
ENV PATH=/opt/tasks-api/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/tasks-api \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# An empty folder, in which a file .env with the settings can be mounted.
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-m", "entrypoints.server.healthcheck"]
ENTRYPOINT ["tasks-api"]
CMD ["serve"]
ARG VERSION=""
ARG REVISION=""
ENV TASKS_API_REVISION=${REVISION}
LABEL org.opencontainers.image.title="tasks-api" \
      org.opencontainers.image.description="A multi-user tasks backend for Next.js + Better Auth frontends" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
