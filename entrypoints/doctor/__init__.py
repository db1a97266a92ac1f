"""``tasks-api doctor``: check the settings and the environment, and advise what to do."""
