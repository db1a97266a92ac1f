"""The suites of every adapter, run on this one."""
