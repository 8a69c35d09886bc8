"""Arrow columns as numpy arrays, without pandas (which pyarrow's own conversion imports)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rtrade.core.bars import BoolArray, FloatArray, IntArray


def float_values(column: Any) -> FloatArray:
    """Return a float64 column as an array; what null cells hold is undefined."""
    values: FloatArray = _buffer(column, np.dtype(np.float64))
    return values


def int_values(column: Any) -> IntArray:
    """Return a column that is stored as 64-bit integers; what null cells hold is undefined."""
    values: IntArray = _buffer(column, np.dtype(np.int64))
    return values


def nulls(column: Any) -> BoolArray:
    """Return where cells are empty."""
    if not column.null_count:
        return np.zeros(len(column), dtype=np.bool_)
    return np.array([cell is None for cell in column.to_pylist()], dtype=np.bool_)


def _buffer(column: Any, dtype: np.dtype[Any]) -> Any:
    parts = []
    for chunk in column.chunks:
        whole = np.frombuffer(chunk.buffers()[1] or b"", dtype=dtype)
        parts.append(whole[chunk.offset : chunk.offset + len(chunk)])
    # Joined or copied in any case: arrays of their own, which do not keep a file's bytes alive.
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)
