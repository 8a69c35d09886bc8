"""Compare what two engines made of one program, to the last bit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from rtrade.core.bars import Bars, FloatArray
from rtrade.core.results import Cut, Fill, RunResult
from rtrade.core.timeframes import iso

_CURVES = ("cash", "position", "equity")
_NOTHING = "nothing"
_DETAILS = {
    "time": "time",
    "reason": "reason",
    "direction": "direction",
    "price before slippage": "reference",
    "price": "price",
    "size": "size",
    "commission": "fee",
}
# Facts that no bar goes with.
_COUNTS = ("refused", "capped")


@dataclass(frozen=True)
class Difference:
    """The first thing in which two runs differ.

    `bar` counts from the run's first bar and `time` is its open (ms); None where it is not known
    in which bar it began. `values` are what each engine says, floats to the last digit.
    """

    what: str
    values: tuple[str, str]
    bar: int | None = None
    time: int | None = None

    def sentence(self, engines: tuple[str, str]) -> str:
        """Say it in words."""
        where = "" if self.time is None else f" in the bar {iso(self.time)}"
        said = " and ".join(
            f"{value} by {engine}" for value, engine in zip(self.values, engines, strict=True)
        )
        first = "differ" if self.time is None else f"first differ{where}"
        return f"{engines[0]} and {engines[1]} {first}: {self.what} is {said}"


@dataclass(frozen=True)
class Verification:
    """Two engines that ran one program; the first made the run, the second was asked too.

    `fills` are those of the run, `sha256` is their digest.
    """

    engines: tuple[str, str]
    bars: int
    fills: int
    sha256: str
    difference: Difference | None = None

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.difference is None

    def document(self) -> dict[str, Any]:
        """Return the `verified` of result.json."""
        found = self.difference
        differs = None
        if found is not None:
            differs = {
                "time": None if found.time is None else iso(found.time),
                "what": found.what,
                "values": list(found.values),
            }
        return {
            "engines": list(self.engines),
            "equal": self.equal,
            "bars": self.bars,
            "fills": self.fills,
            "sha256": self.sha256,
            "difference": differs,
        }

    def warnings(self) -> tuple[str, ...]:
        """Return what to know before anything else: that the run is not to be believed."""
        if self.difference is None:
            return ()
        return (f"INVALID: {self.difference.sentence(self.engines)}",)


def fills_digest(fills: Iterable[Fill]) -> str:
    """Return the sha256 (hex) of fills: a line each, floats in hexadecimal, so to the last bit."""
    state = hashlib.sha256()
    for fill in fills:
        state.update((" ".join(_exact(fill)) + "\n").encode())
    return state.hexdigest()


def first_difference(a: RunResult, b: RunResult, bars: Bars) -> Difference | None:
    """Return the first bar in which two runs over `bars` differ, and in what; None: in nothing.

    Of several things in one bar the cause comes before its effects: fills, cuts, cash, position,
    equity, ends of trading, trades. What no bar goes with, counts, is looked at last.
    """
    found = [
        *_fill_difference(a.fills, b.fills, bars),
        *_cut_difference(a.cuts, b.cuts, bars),
        *(one for name in _CURVES for one in _curve_difference(name, a, b, bars)),
        *(one for name in ("halted_at", "ruined_at") for one in _end_difference(name, a, b, bars)),
        *_trade_difference(a, b),
    ]
    if found:
        return min(found, key=lambda one: len(bars) if one.bar is None else one.bar)
    for name in _COUNTS:
        counts = getattr(a, name), getattr(b, name)
        if counts[0] != counts[1]:
            return Difference(name, (repr(counts[0]), repr(counts[1])))
    return None


def first_counted(bars: int, differ: Callable[[int], bool]) -> int:
    """Return a bar at whose close two runs that differ over all `bars` began to count differently.

    `differ` tells whether they do when run over so many first bars. What a close decides is
    counted where the next bar exists.
    """
    equal, different = 0, bars
    while different - equal > 1:
        middle = (equal + different) // 2
        equal, different = (equal, middle) if differ(middle) else (middle, different)
    return max(different - 2, 0)


def _exact(fill: Fill) -> Iterator[str]:
    yield f"{fill.bar} {fill.time} {fill.direction}"
    yield from (float(value).hex() for value in (fill.size, fill.price, fill.reference, fill.fee))
    yield fill.reason


def _fill_difference(a: Sequence[Fill], b: Sequence[Fill], bars: Bars) -> Iterator[Difference]:
    for number, (mine, other) in enumerate(zip_longest(a, b), start=1):
        if mine is None or other is None or mine.bar != other.bar:
            bar = min(fill.bar for fill in (mine, other) if fill is not None)
            there = [None if fill is None or fill.bar != bar else fill for fill in (mine, other)]
            yield _at(bar, bars, f"fill {number}", (_fill(there[0]), _fill(there[1])))
            return
        if [*_exact(mine)] != [*_exact(other)]:
            yield _detail(number, mine, other, bars)
            return


def _detail(number: int, mine: Fill, other: Fill, bars: Bars) -> Difference:
    """Name what of a fill differs; where it is several things, the one that the others rest on."""
    for words, name in _DETAILS.items():
        values = getattr(mine, name), getattr(other, name)
        if repr(values[0]) != repr(values[1]):
            what = f"the {words} of fill {number} ({mine.reason})"
            return _at(mine.bar, bars, what, (repr(values[0]), repr(values[1])))
    raise AssertionError("the fills are equal")


def _fill(fill: Fill | None) -> str:
    if fill is None:
        return _NOTHING
    side = "buy" if fill.direction > 0 else "sell"
    return (
        f"{side} {float(fill.size)!r} at {float(fill.price)!r} ({fill.reason}, fee "
        f"{float(fill.fee)!r}, before slippage {float(fill.reference)!r})"
    )


def _cut_difference(a: Sequence[Cut], b: Sequence[Cut], bars: Bars) -> Iterator[Difference]:
    for mine, other in zip_longest(a, b):
        if repr(mine) != repr(other):
            bar = min(cut.bar for cut in (mine, other) if cut is not None)
            there = [None if cut is None or cut.bar != bar else cut for cut in (mine, other)]
            yield _at(bar, bars, "what made an entry smaller", (_cut(there[0]), _cut(there[1])))
            return


def _cut(cut: Cut | None) -> str:
    if cut is None:
        return _NOTHING
    return f"{cut.by} from {float(cut.before)!r} to {float(cut.after)!r}"


def _curve_difference(name: str, a: RunResult, b: RunResult, bars: Bars) -> Iterator[Difference]:
    mine, other = (np.asarray(getattr(run, name), dtype=np.float64) for run in (a, b))
    if len(mine) != len(other):
        lengths = f"{len(mine)} values", f"{len(other)} values"
        yield _at(min(len(mine), len(other)), bars, name, lengths)
        return
    unequal = np.flatnonzero(_bits(mine) != _bits(other))
    if len(unequal):
        bar = int(unequal[0])
        yield _at(bar, bars, name, (repr(float(mine[bar])), repr(float(other[bar]))))


def _bits(values: FloatArray) -> Any:
    return np.ascontiguousarray(values).view(np.int64)


def _end_difference(name: str, a: RunResult, b: RunResult, bars: Bars) -> Iterator[Difference]:
    times = getattr(a, name), getattr(b, name)
    if times[0] == times[1]:
        return
    bar = int(np.searchsorted(bars.time, min(time for time in times if time is not None)))
    said = [_NOTHING if time is None else iso(time) for time in times]
    yield _at(bar, bars, name, (said[0], said[1]))


def _trade_difference(a: RunResult, b: RunResult) -> Iterator[Difference]:
    for number, (mine, other) in enumerate(zip_longest(a.trades, b.trades), start=1):
        if repr(mine) != repr(other):
            there = next(trade for trade in (mine, other) if trade is not None)
            values = (repr(mine), repr(other))
            yield Difference(f"trade {number}", values, there.entry_bar, there.entry_time)
            return


def _at(bar: int, bars: Bars, what: str, values: tuple[str, str]) -> Difference:
    time = int(bars.time[bar]) if bar < len(bars) else None
    return Difference(what, values, bar, time)


def sentence_of(verified: Mapping[str, Any]) -> str:
    """Say in words what `verified` of result.json says."""
    from rtrade.core.timeframes import parse_time

    first, second = verified["engines"]
    found = verified["difference"]
    if found is None:
        return (
            f"{first} and {second}, {verified['bars']:,} bars, {verified['fills']:,} fills, equal "
            "to the bit"
        )
    time = None if found["time"] is None else parse_time(found["time"])
    difference = Difference(found["what"], tuple(found["values"]), time=time)
    return difference.sentence((first, second))
