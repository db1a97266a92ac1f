-- Two roles for tasks-api: one that migrates, and one that serves. Run this as the owner of Better
-- Auth's tables (with Neon Auth: as the database's owner), after they exist. The passwords are in the
-- environment, which other users cannot read:
--   export MIGRATE_PASSWORD=... SERVE_PASSWORD=...
--   psql "$OWNER_URL" --set=users_table=user --file=deploy/roles.sql
-- users_table is the table of the users, or schema.table: neon_auth.user with Neon Auth.
\set ON_ERROR_STOP on
\getenv migrate_password MIGRATE_PASSWORD
\getenv serve_password SERVE_PASSWORD
BEGIN;

-- The roles may exist already, for another database of this server; they then get these passwords.
SELECT format('CREATE ROLE %I LOGIN', name)
    FROM unnest(ARRAY['tasks_migrate', 'tasks_serve']) name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE tasks_migrate PASSWORD :'migrate_password';
GRANT USAGE, CREATE ON SCHEMA public TO tasks_migrate;
-- Tasks refer to users by a foreign key, which PostgreSQL checks.
SELECT format('GRANT USAGE ON SCHEMA %I TO tasks_migrate', split_part(:'users_table', '.', 1))
    WHERE :'users_table' LIKE '%.%'
UNION ALL
SELECT format('GRANT SELECT, REFERENCES ON %s TO tasks_migrate',
        string_agg(quote_ident(part), '.' ORDER BY number))
    FROM unnest(string_to_array(:'users_table', '.')) WITH ORDINALITY AS parts (part, number)
\gexec

ALTER ROLE tasks_serve PASSWORD :'serve_password';
GRANT USAGE ON SCHEMA public TO tasks_serve;
-- From PostgreSQL 14 on: a statement ends within a second after its client has disconnected. On a
-- direct connection the service sets this itself; through a pooler it cannot.
SELECT $$ALTER ROLE tasks_serve SET client_connection_check_interval = '1s'$$
    WHERE current_setting('client_connection_check_interval', true) IS NOT NULL
\gexec

COMMIT;
