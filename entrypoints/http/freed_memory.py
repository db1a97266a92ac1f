"""Give memory that was freed back to the operating system."""

import ctypes


def return_freed_memory() -> None:
    """Ask the C library to keep no more freed memory than it needs, if it can be asked."""
    _trim(0)


# Only glibc has it, and only glibc keeps what thousands of texts took.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda _kept: 0)
