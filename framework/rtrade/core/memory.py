"""Memory of large arrays, which is taken and given back many times over."""

from __future__ import annotations

from functools import cache

import numpy as np

# Bytes: the most that the C library of GNU lets the bound rise to on 64 bits, 32 MiB with the
# pages that it adds.
_MOST = (32 << 20) - (64 << 10)


@cache
def keep_freed() -> None:
    """Have the C library keep the memory of arrays of up to 32 MiB for the arrays that follow.

    glibc asks the system for the memory of each array above a bound, and gives it back with it:
    every array is then paid for page by page, which takes longer than to compute it. The bound
    rises to the size of what was given back (mallopt(3), M_MMAP_THRESHOLD): one that is given back
    untouched costs nothing. With another C library this does nothing.
    """
    np.empty(_MOST, dtype=np.uint8)
