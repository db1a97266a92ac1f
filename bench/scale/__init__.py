"""Growth of cost with a user's tasks, with all tasks, with connections and with processes."""
