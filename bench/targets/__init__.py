"""What is measured: the services, how each is installed, started and checked."""
