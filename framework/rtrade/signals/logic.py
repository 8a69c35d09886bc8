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

# Of which one holds where the comparison does, and none where there is a NaN.
_HOLDING: Mapping[str, tuple[Callable[..., BoolArray], ...]] = {
    **{op: (function,) for op, function in COMPARISONS.items()},
    "!=": (np.less, np.greater),
}
_CONTRARY = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
# Bars gone through at a time, few enough for the processor's cache.
_BLOCK = 16384


def compare(op: str, a: FloatArray, b: FloatArray) -> TriArray:
    """Compare two number series, bar by bar; unknown where either is NaN."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    result = np.empty(shape or 1, dtype=np.int8)
    flags = np.empty(min(len(result), _BLOCK), dtype=np.bool_)
    for start in range(0, len(result), _BLOCK):
        here = slice(start, start + _BLOCK)
        one, two = (side[here] if side.ndim else side for side in (a, b))
        part, flag = result[here], flags[: len(result) - start]
        # Of a NaN neither a comparison holds nor its contrary.
        part[:] = UNKNOWN
        for holds in _HOLDING[op]:
            part += holds(one, two, out=flag).view(np.int8)
        for holds in _HOLDING[_CONTRARY[op]]:
            part -= holds(one, two, out=flag).view(np.int8)
    return result.reshape(shape)


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
