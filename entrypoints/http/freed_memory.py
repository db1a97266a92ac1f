"""Return freed memory to the operating system."""

import ctypes


def return_freed_memory() -> None:
    """Return freed memory to the operating system, if the C library can."""
    _trim(0)


# Only glibc has malloc_trim, and only glibc retains the memory of thousands of texts.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda _kept: 0)
