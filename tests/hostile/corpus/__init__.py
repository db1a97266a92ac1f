"""Requests that nobody in their right mind sends, each with a name and what must come of it."""
