"""Half-open stretches of time `[start, end)` in epoch milliseconds, and their set arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Interval:
    """The times `start <= t < end`, in ms; never empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"[{self.start}, {self.end}) holds no time")

    @property
    def ms(self) -> int:
        """Its length in ms."""
        return self.end - self.start


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same times as sorted stretches that neither overlap nor touch."""
    merged: list[Interval] = []
    for one in sorted(intervals):
        if merged and one.start <= merged[-1].end:
            if one.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, one.end)
        else:
            merged.append(one)
    return merged


def subtract(whole: Interval, parts: Iterable[Interval]) -> list[Interval]:
    """Return what of `whole` none of `parts` holds, sorted."""
    left: list[Interval] = []
    at = whole.start
    for part in union(parts):
        if part.end <= at:
            continue
        if part.start >= whole.end:
            break
        if part.start > at:
            left.append(Interval(at, part.start))
        at = part.end
    if at < whole.end:
        left.append(Interval(at, whole.end))
    return left


def holds(parts: Sequence[Interval], whole: Interval) -> bool:
    """Tell whether `parts` together hold every time of `whole`."""
    return not subtract(whole, parts)
