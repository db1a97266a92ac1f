from tests.calling import call, set_up  # noqa: F401 - fixtures
