"""Storage in the memory of one process. It ends with the process and is not shared."""
