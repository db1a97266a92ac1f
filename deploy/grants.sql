-- Grants for serving. Run once, as tasks_migrate, after its first `tasks-api migrate`:
--   psql "$MIGRATE_URL" --file=deploy/grants.sql
\set ON_ERROR_STOP on
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO tasks_serve;
GRANT SELECT ON tasks_api_schema_version TO tasks_serve;
