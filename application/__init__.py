"""Use cases and the ports that they need; independent of any technology."""
