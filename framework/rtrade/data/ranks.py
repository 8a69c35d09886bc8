"""Order statistics of many windows of one array at once, exact.

A wavelet matrix, gone through one bit of the ranks at a time: all windows are answered together in
O((values + windows) log values), however long the windows are.
"""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import FloatArray, IntArray


def smallest(values: FloatArray, start: IntArray, stop: IntArray, k: IntArray) -> FloatArray:
    """Return the k-th smallest of `values[start:stop]`, for each window; k counts from 0.

    Values are without NaN; `0 <= k < stop - start`.
    """
    order = np.argsort(values, kind="stable").astype(np.int32)
    ranks = np.empty(len(values), dtype=np.int32)
    ranks[order] = np.arange(len(values), dtype=np.int32)
    # Half as wide as the places given, for speed.
    first, last = start.astype(np.int32), stop.astype(np.int32)
    left = k.astype(np.int32)
    found = np.zeros(len(k), dtype=np.int32)
    below = np.zeros(len(values) + 1, dtype=np.int32)
    for bit in reversed(range(max(len(values) - 1, 1).bit_length())):
        high = (ranks >> bit & 1).astype(bool)
        # How many of the values before each place have this bit 0; those are sorted to the left.
        np.cumsum(~high, out=below[1:])
        zeros_before, zeros_by = below[first], below[last]
        right = left >= zeros_by - zeros_before
        left -= np.where(right, zeros_by - zeros_before, 0)
        first = np.where(right, first - zeros_before + below[-1], zeros_before)
        last = np.where(right, last - zeros_by + below[-1], zeros_by)
        found |= right.astype(np.int32) << bit
        ranks = np.concatenate((ranks[~high], ranks[high]))
    return values[order[found]]
