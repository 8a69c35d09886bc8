"""Numbers as Binance writes them: decimal text with eight places, exact where more are needed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from rtrade.core.bars import FloatArray

# Arrow writes what is smaller with an exponent, which Binance never does.
_SMALL = 1e-6


def text(value: float) -> str:
    """Return the text of `value` that reads back as the same float."""
    usual = f"{value:.8f}"
    return usual if float(usual) == value else format(Decimal(repr(value)), "f")


def texts(values: FloatArray) -> Any:
    """Return the texts of `values` as an Arrow array, equal to `text` of each."""
    import pyarrow as pa

    written = pa.array(values).cast(pa.decimal128(38, 8)).cast(pa.string())
    read = written.cast(pa.float64()).to_numpy()
    odd = np.flatnonzero((read != values) | (np.abs(values) < _SMALL))
    if not len(odd):
        return written
    listed = written.to_pylist()
    for at in odd.tolist():
        listed[at] = text(float(values[at]))
    return pa.array(listed, pa.string())
