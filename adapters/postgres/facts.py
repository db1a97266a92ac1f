"""Facts about the tables that a process serves."""

from functools import cache
from typing import Final, NamedTuple

from adapters.postgres.table_name import TableName
from adapters.postgres.user_ids import IdType

# Cached because every request uses it.
_id_type = cache(IdType)


class Facts(NamedTuple):
    """The state of the tables. Equal facts mean an unchanged state."""

    tasks: int
    """OID of the table tasks."""
    hidden: bool
    """Whether row-level security hides tasks from this role."""
    definition: str
    """Digest of the parts of the definition of tasks that serving depends on."""
    candidates: str
    """Digest of the tables that may hold the users."""
    owner_kind: str
    """The type of ``tasks.user_id``."""
    users: str | None
    """The table to which tasks refer, with its schema, both quoted if necessary."""
    users_schema: str | None
    """Its schema, if the search path does not find it by its name alone."""
    users_name: str | None

    @property
    def id_type(self) -> IdType:
        """The type of users' ids."""
        return _id_type(self.owner_kind)

    @property
    def users_table(self) -> TableName:
        """The table to which tasks refer, in the form of USERS_TABLE."""
        return TableName(self.users_name or "(none)", self.users_schema)


QUERY: Final = """
    SELECT t.oid::bigint, row_security_active(t.oid),
        md5(concat_ws(',',
            (SELECT string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, attnotnull,
                    atthasdef, attidentity, attgenerated), ',' ORDER BY attnum)
                FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped),
            (SELECT string_agg(concat_ws(' ', oid, conrelid, confrelid, contype),
                    ',' ORDER BY oid)
                FROM pg_constraint WHERE conrelid = t.oid OR confrelid = t.oid),
            (SELECT string_agg(indexrelid::text, ',' ORDER BY indexrelid)
                FROM pg_index WHERE indrelid = t.oid),
            (SELECT string_agg(concat_ws(' ', oid, tgtype, tgenabled), ',' ORDER BY oid)
                FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal),
            (SELECT string_agg(concat_ws(' ', oid, ev_enabled), ',' ORDER BY oid)
                FROM pg_rewrite WHERE ev_class = t.oid))),
        (SELECT md5(string_agg(concat_ws(' ', oid, relkind, relnatts,
                obj_description(oid, 'pg_class')), ',' ORDER BY oid))
            FROM pg_class WHERE (relname IN ('users', 'user') AND pg_table_is_visible(oid))
            OR (relname = 'user'
                AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'neon_auth'))),
        format_type(a.atttypid, NULL), quote_ident(n.nspname) || '.' || quote_ident(u.relname),
        CASE WHEN NOT pg_table_is_visible(u.oid) THEN n.nspname END, u.relname
    FROM pg_class t LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND attname = 'user_id'
    LEFT JOIN pg_constraint c ON conrelid = t.oid AND contype = 'f' AND conkey = ARRAY[attnum]
        AND conparentid = 0
    LEFT JOIN pg_class u ON u.oid = confrelid LEFT JOIN pg_namespace n ON n.oid = u.relnamespace
    WHERE t.oid = to_regclass('tasks')
"""
"""Returns the row of Facts; no row if the table tasks does not exist."""
