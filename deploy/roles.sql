-- Two roles for tasks-api: one that migrates, and one that serves. Once, as the owner of Better
-- Auth's tables, which are there by now:
--   psql "$OWNER_URL" --set=users_table=users --set=migrate_password=... --set=serve_password=... \
--     --file=deploy/roles.sql
\set ON_ERROR_STOP on
BEGIN;

CREATE ROLE tasks_migrate LOGIN PASSWORD :'migrate_password';
GRANT USAGE, CREATE ON SCHEMA public TO tasks_migrate;
-- Tasks refer to users, and the reference is checked.
GRANT SELECT, REFERENCES ON :"users_table" TO tasks_migrate;

CREATE ROLE tasks_serve LOGIN PASSWORD :'serve_password';
GRANT USAGE ON SCHEMA public TO tasks_serve;

COMMIT;
