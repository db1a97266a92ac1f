"""The rules of a task: pure Python, standard library only."""
