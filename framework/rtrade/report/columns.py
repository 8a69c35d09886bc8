"""Number columns for the page's script: base64 of little-endian arrays, exact and small.

A column is `{"t": type, "b": base64}`; an `i4` column also has `"o"` (offset) and `"d"`
(decimals): value = offset + integer / 10**decimals. Prices with up to eight decimals thus take
four bytes and decode to the very same float; anything else is stored as float64.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
from markupsafe import Markup

from rtrade.core.bars import FloatArray, IntArray

_LIMIT = 2**31


def column(values: FloatArray | IntArray) -> dict[str, Any]:
    """Encode a column in four bytes a value where that is exact, else in eight."""
    numbers = np.asarray(values, dtype=np.float64)
    for decimals in range(9):
        scaled = np.rint(numbers * 10.0**decimals)
        if not np.all(np.abs(scaled) < _LIMIT):
            break
        if np.array_equal(scaled / 10.0**decimals, numbers):
            return {"t": "i4", "d": decimals, "o": 0, "b": _base64(scaled.astype("<i4"))}
    return {"t": "f8", "b": _base64(numbers.astype("<f8"))}


def times(milliseconds: IntArray) -> dict[str, Any]:
    """Encode epoch times as seconds, counted from the first."""
    if len(milliseconds) and np.all(milliseconds % 1000 == 0):
        first = int(milliseconds[0]) // 1000
        seconds = milliseconds // 1000 - first
        if np.all(np.abs(seconds) < _LIMIT):
            return {"t": "i4", "d": 0, "o": first, "b": _base64(seconds.astype("<i4"))}
    return {"t": "f8", "b": _base64((milliseconds / 1000).astype("<f8"))}


def rough(values: FloatArray) -> dict[str, Any]:
    """Encode a column as float32, seven digits, where that is enough to draw it."""
    return {"t": "f4", "b": _base64(np.asarray(values).astype("<f4"))}


def flags(values: IntArray) -> dict[str, Any]:
    """Encode integers of -128 to 127 in a byte each."""
    return {"t": "i1", "b": _base64(values.astype("<i1"))}


def island(data: Any) -> Markup:
    """Write JSON that is safe inside a script element; NaN is a ValueError."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704  # JSON without markup characters


def _base64(array: Any) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
