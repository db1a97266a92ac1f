"""Interfaces that adapters implement. Their docstrings are the contract of every adapter."""
