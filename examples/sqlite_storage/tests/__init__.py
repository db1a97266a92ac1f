"""The suites of every adapter, asked of this one."""
