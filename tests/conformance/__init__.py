"""`make conformance`: the suites that hold on every engine, run on a database that you name."""
