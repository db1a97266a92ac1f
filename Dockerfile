# dev:  the source, mounted, with reload (docker-compose.yml)
# prod: what runs in production; the default
ARG PYTHON=python:3.13-slim-trixie

FROM ${PYTHON} AS uv
# From PyPI, like everything else here.
ARG UV_VERSION=0.13.8
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore uv==${UV_VERSION}
# The cache is a mount, from which nothing can be linked.
ENV UV_LINK_MODE=copy \
    UV_NO_DEV=1 \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /app

# Changes when uv.lock does, and not with the code. Copied, because buildah and podman would not notice
# a change of what is only mounted, and go on with the old packages.
FROM uv AS dependencies
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-install-project --extra telemetry --compile-bytecode
ENV PATH=/opt/venv/bin:$PATH

FROM dependencies AS dev
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --extra telemetry
# The source is mounted over /app, and belongs to somebody else.
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
CMD ["tasks-api", "serve", "--reload"]

FROM dependencies AS build
COPY . .
# Beside the dependencies and not among them: a layer of its own.
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/venv --target /opt/tasks-api --no-deps --compile-bytecode . \
    && rm /opt/tasks-api/.lock

FROM ${PYTHON} AS prod
# The official image comes without, and nobody could write it later.
RUN python -m compileall -q -j 0 -x 'site-packages|/test' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=build /opt/tasks-api /opt/tasks-api
# Where sslrootcert=system finds whom to trust: psycopg brings an OpenSSL that knows no place.
ENV PATH=/opt/tasks-api/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/tasks-api \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# Empty: settings may be mounted here as a file .env.
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
LABEL org.opencontainers.image.title="tasks-api" \
      org.opencontainers.image.description="A multi-user tasks backend for Next.js + Better Auth frontends" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
