"""Exact comparison of two results."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from rtrade.core.results import RunResult

ARRAYS = ("cash", "position", "equity")
# The engine's name, and its account of what made sizes smaller, which changes none.
APART = ("engine", "cuts")


def differences(expected: RunResult, got: RunResult) -> list[str]:
    """Say where two results differ, to the bit; what stands `APART` is left out."""
    found = []
    for name in (f.name for f in fields(RunResult) if f.name not in (*ARRAYS, *APART)):
        mine, other = getattr(expected, name), getattr(got, name)
        if mine != other:
            found.append(f"{name}:\n  expected {show(mine)}\n  got      {show(other)}")
    for name in ARRAYS:
        mine, other = getattr(expected, name), getattr(got, name)
        if mine.shape != other.shape:
            found.append(f"{name}: expected {mine.shape} values, got {other.shape}")
            continue
        for i in np.flatnonzero(mine != other)[:3]:
            found.append(f"{name}[{i}]: expected {float(mine[i])!r}, got {float(other[i])!r}")
    if list(expected.refused) != list(got.refused):
        found.append(f"refused in another order: {list(got.refused)}")
    return found


def show(value: object) -> str:
    """Print a tuple one entry a line, anything else as it is."""
    if isinstance(value, tuple):
        return "".join(f"\n    {entry!r}" for entry in value) or "()"
    return repr(value)
