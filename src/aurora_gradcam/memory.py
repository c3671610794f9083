"""Memory that this process frees is kept for its next pictures instead of being handed back to the system."""

from __future__ import annotations

import ctypes
from functools import cache

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc


@cache
def keep() -> bool:
    """Have glibc keep freed memory, once a process; False where there is no glibc, and all stays as it is.

    Tensors of some megabytes are otherwise mapped anew and zeroed page by page at every step: a fifth of the time in
    drawing skies at 720 px, a quarter in training at 240 px (`make bench`).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_M_MMAP_THRESHOLD, 1 << 30), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 1 << 26))
    return all([mallopt(name, value) == 1 for name, value in settings])


def trim() -> bool:
    """Hand what this process has freed back to the system, as one that mostly waits should; False without glibc."""
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (OSError, AttributeError):
        return False
