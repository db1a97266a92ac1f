"""What the services are asked: users, tokens, workloads, and the client that sends them."""
