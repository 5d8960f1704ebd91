"""What pictures and large pieces of work took of memory goes back to the system when they are gone."""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # parameters of mallopt(3)
_LARGE = 1 << 18  # bytes from which an allocation is the system's own, and goes back at once
_ARENAS = 2


def return_large_allocations() -> bool:
    """Have the C library keep no freed picture for later; false where it has no such setting.

    By itself it raises that limit with the first picture that it frees, and keeps what pictures took.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # not glibc
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE)) and bool(mallopt(_ARENA_MAX, _ARENAS))


def return_what_is_free() -> bool:
    """Have the C library give back now what it keeps freed; false where it cannot, or has nothing."""
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (OSError, AttributeError, TypeError):  # not glibc
        return False
