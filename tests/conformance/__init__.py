"""`make conformance`: run the suites that apply to every engine on a given database."""
