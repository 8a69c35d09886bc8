"""Three-valued logic (0 false, 1 unknown, 2 true) and looking back.

A comparison with NaN is unknown. `and` is the minimum, `or` the maximum, `not` 2 minus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from rtrade.core.bars import TRUE, UNKNOWN, BoolArray, FloatArray, TriArray

Series = TypeVar("Series", FloatArray, TriArray)

COMPARISONS: Mapping[str, Callable[[FloatArray, FloatArray], BoolArray]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def compare(op: str, a: FloatArray, b: FloatArray) -> TriArray:
    """Compare two number series, bar by bar; unknown where either is NaN."""
    result = np.asarray(COMPARISONS[op](a, b)).astype(np.int8)
    result *= TRUE
    result[np.isnan(a) | np.isnan(b)] = UNKNOWN
    return result


def both(a: TriArray, b: TriArray) -> TriArray:
    """Return `a and b`."""
    return np.asarray(np.minimum(a, b))


def either(a: TriArray, b: TriArray) -> TriArray:
    """Return `a or b`."""
    return np.asarray(np.maximum(a, b))


def opposite(a: TriArray) -> TriArray:
    """Return `not a`."""
    return np.asarray(TRUE - a, dtype=np.int8)


def ago(x: Series, bars: int) -> Series:
    """Return the values of that many bars ago; before the first bar, NaN or unknown."""
    if bars == 0:
        return x
    result = np.empty_like(x)
    result[:bars] = np.nan if x.dtype == np.float64 else UNKNOWN
    result[bars:] = x[:-bars]
    return result
