"""``tasks-api doctor``: what is wrong with the settings and the surroundings, and what to do."""
