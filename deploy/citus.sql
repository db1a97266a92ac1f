-- Distribute the tables of tasks-api over the nodes of a Citus cluster (13.2 on PostgreSQL 15):
-- tasks by user_id, and the users to which they refer, as a copy on every node. Run this on
-- the coordinator, after `tasks-api migrate`, as the owner of both tables:
--   psql "$COORDINATOR_URL" --set=ON_ERROR_STOP=on --file=deploy/citus.sql
-- It is one statement, so it is atomic. It can be repeated. Writers of both tables wait until it has
-- copied the rows. See docs/distributed.md.
DO $$
DECLARE
    tasks CONSTANT regclass := 'tasks';
    users CONSTANT regclass := (
        SELECT confrelid FROM pg_constraint JOIN pg_attribute
            ON attrelid = conrelid AND conkey = ARRAY[attnum] AND attname = 'user_id'
        WHERE conrelid = tasks AND contype = 'f');
    key CONSTANT text := (
        SELECT conname FROM pg_constraint
        WHERE conrelid = tasks AND pg_get_constraintdef(oid) = 'PRIMARY KEY (id)');
    unlink text[];
    link text[];
    number text[];
    command text;
BEGIN
    IF users IS NULL THEN
        RAISE 'tasks refer to no users table: run tasks-api migrate first';
    END IF;
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = tasks) THEN
        RAISE NOTICE 'tasks are distributed already';
        RETURN;
    END IF;
    LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE;
    -- The tables refer to each other, so that each node does everything over one connection.
    SET LOCAL citus.multi_shard_modify_mode = 'sequential';
    SET LOCAL client_min_messages = 'warning';

    -- A table with an identity column cannot be converted while a foreign key ties it to another.
    SELECT array_agg(format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)),
        array_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
            pg_get_constraintdef(oid)))
        INTO unlink, link FROM pg_constraint
        WHERE contype = 'f' AND (conrelid IN (tasks, users) OR confrelid IN (tasks, users));
    SELECT coalesce(array_agg(format('SELECT setval(pg_get_serial_sequence(%L, %L), %s)',
            attrelid::regclass, attname, pg_sequence_last_value(sequence))), '{}')
        INTO number FROM pg_attribute,
            CAST(pg_get_serial_sequence(attrelid::regclass::text, attname) AS regclass) sequence
        WHERE attrelid IN (SELECT conrelid FROM pg_constraint
            WHERE contype = 'f' AND confrelid = users AND conrelid NOT IN (tasks, users))
        AND attnum > 0 AND NOT attisdropped AND pg_sequence_last_value(sequence) IS NOT NULL;
    FOREACH command IN ARRAY unlink LOOP
        EXECUTE command;
    END LOOP;

    -- The distribution column must be part of the primary key, which may be only id in an
    -- adopted table.
    IF key IS NOT NULL THEN
        EXECUTE format('ALTER TABLE tasks DROP CONSTRAINT %I, ADD PRIMARY KEY (user_id, id)', key);
    END IF;

    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = users) THEN
        PERFORM create_reference_table(users);
        PERFORM truncate_local_data_after_distributing_table(users);
    END IF;
    PERFORM create_distributed_table(tasks, 'user_id', colocate_with := 'none');
    PERFORM truncate_local_data_after_distributing_table(tasks);

    -- Tables that refer to a reference table become Citus's, whose identities begin again at 1.
    FOREACH command IN ARRAY link || number LOOP
        EXECUTE command;
    END LOOP;
END $$;
