"""The requests: users, tokens, workloads, and the client that sends them."""
