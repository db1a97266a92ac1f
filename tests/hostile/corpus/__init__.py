"""Hostile requests, each with a name and the expected response."""
