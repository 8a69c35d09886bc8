"""Exact comparison of two results."""

from __future__ import annotations

import math
from dataclasses import astuple, fields
from typing import Any

import numpy as np

from rtrade.core.results import RunResult

ARRAYS = ("cash", "position", "equity")
ROWS = ("fills", "trades", "cuts")
SHOWN = 3


def differences(expected: RunResult, got: RunResult, apart: tuple[str, ...] = ()) -> list[str]:
    """Say where two results differ, to the bit; the engine's name and what is `apart` may.

    The reference model says nothing of `cuts`: what made sizes smaller, which changes none.
    """
    found = []
    for name in (f.name for f in fields(RunResult) if f.name not in ("engine", *apart)):
        mine, other = getattr(expected, name), getattr(got, name)
        if name in ARRAYS:
            found += _unequal(name, mine.tolist(), other.tolist(), bits(mine) == bits(other))
        elif name in ROWS:
            mine, other = list(mine), list(other)
            found += _unequal(name, mine, other, parts(mine) == parts(other))
        elif mine != other:
            found.append(f"{name}: expected {mine!r}, got {other!r}")
    if list(expected.refused) != list(got.refused):
        found.append(f"refused in another order: {list(got.refused)}")
    return found


def bits(values: np.ndarray) -> bytes:
    """Return numbers bit by bit: 0.0 is not -0.0, and all that is no number is the same."""
    return np.where(np.isnan(values), math.nan, values).tobytes()


def parts(rows: list[Any]) -> tuple[bytes, list[Any]]:
    """Return the floats in rows of numbers and words, bit by bit, and all else."""
    cells = [x for row in rows for x in (row if isinstance(row, tuple) else astuple(row))]
    numbers = np.array([x for x in cells if isinstance(x, float)], dtype=np.float64)
    return bits(numbers), [x for x in cells if not isinstance(x, float)]


def _unequal(name: str, mine: list[Any], other: list[Any], same: bool) -> list[str]:
    """Say where two lists differ first, unless they are known to be the same."""
    if same:
        return []
    pairs = list(zip(mine, other, strict=False))
    at = [i for i, (a, b) in enumerate(pairs) if repr(a) != repr(b)]
    found = [f"{name}[{i}]: expected {mine[i]!r}, got {other[i]!r}" for i in at[:SHOWN]]
    if len(mine) != len(other):
        found.append(f"{name}: expected {len(mine)}, got {len(other)}")
    return found or [f"{name} differ in their bits"]
