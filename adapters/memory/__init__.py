"""Storage in this process's memory: gone when it ends, not shared between processes."""
