"""What can be asked of the service: use cases over ports, free of any technology."""
