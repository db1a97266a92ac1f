"""What the application needs from outside. The docstrings are the contract of every adapter."""
