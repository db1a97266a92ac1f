"""How cost grows: with a user's tasks, with everybody's, with connections, with processes."""
