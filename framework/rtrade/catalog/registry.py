"""What can be called in an expression: one `Entry` each; checks, docs and kernels follow from it.

An entry says nothing of how it is computed: `signals.kernels` has a function of the same name.
`warmup` is the number of bars before the first finite value (0 for `close`, 19 for
`sma(close, 20)`); `settle` the bars, after that, until the start of the series matters less
than 1e-9 relative (0 for windowed entries, None where it always matters).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Number = int | float
Params = Mapping[str, Number]


class Kind(StrEnum):
    """The type of a node: a number series, a three-valued condition, or a text (enum) series."""

    NUMBER = "number"
    BOOLEAN = "condition"
    ENUM = "enum"


class Unit(StrEnum):
    """What a number measures, so that a price compared with an oscillator is noticed."""

    PRICE = "price"
    VOLUME = "volume"
    PERCENT = "percent"  # 0..100 or -100..100 oscillators
    RATIO = "ratio"  # fractions: 0.02 is 2 %
    COUNT = "count"
    NONE = "none"  # goes with everything: constants, products
    INPUT = "input"  # in declarations only: the unit of the first input


@dataclass(frozen=True)
class Param:
    """A constant argument with its range; `default` None means that it must be given.

    `usual` is what examples show where there is no default.
    """

    name: str
    doc: str
    min: Number
    max: Number
    default: Number | None = None
    integer: bool = True
    usual: Number = 20

    @property
    def example(self) -> Number:
        """The value that most would give."""
        given = self.usual if self.default is None else self.default
        return min(max(given, self.min), self.max)


@dataclass(frozen=True)
class Input:
    """A series argument."""

    name: str
    doc: str
    kind: Kind = Kind.NUMBER


@dataclass(frozen=True)
class Output:
    """One result; a single output is called `value`. `low` and `high` bound it, where known."""

    name: str
    unit: Unit
    doc: str = ""
    kind: Kind = Kind.NUMBER
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Entry:
    """A function of the language: `name(inputs..., params...)`, or `series.name(params...)`.

    `prices` are the fields that it reads by itself (`atr` reads high, low and close); an entry
    with `prices` can be called on another series: `daily.atr(14)`. Besides the price fields there
    is `time`, the UTC open time of a bar in milliseconds, as a number; it cannot be written in an
    expression. A kernel gets its inputs first, then its prices, in declared order. `words` is a
    template for plain words, with the names of inputs and params in braces. `check` says what is
    wrong with params that are each in range, or None.

    `kernel` computes it: a function of the inputs and then the prices, float64 arrays of one
    length without NaN (conditions: int8, 0 false, 1 unknown, 2 true), with the params by keyword.
    It returns an array with one value per bar, or one for each output as a tuple; what stands
    before the warm-up is not looked at. It begins anew after a bar at which an input is unknown.
    Built-in entries have theirs in `signals`, by name.
    """

    name: str
    group: str
    doc: str
    outputs: tuple[Output, ...]
    warmup: Callable[[Params], int]
    settle: Callable[[Params], int | None]
    inputs: tuple[Input, ...] = ()
    params: tuple[Param, ...] = ()
    prices: tuple[str, ...] = ()
    words: str = ""
    source: str = ""
    check: Callable[[Params], str | None] | None = None
    kernel: Callable[..., Any] | None = None

    def output(self, name: str) -> Output | None:
        """Return the output called `name`, or None."""
        return next((found for found in self.outputs if found.name == name), None)


class Registry:
    """All entries by name. Built-ins and plug-ins are added through the same door."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add an entry; raise ValueError where the name is taken."""
        if entry.name in self._entries:
            raise ValueError(f"`{entry.name}` is declared twice")
        self._entries[entry.name] = entry

    def get(self, name: str) -> Entry | None:
        """Return the entry called `name`, or None."""
        return self._entries.get(name)

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        return tuple(sorted(self._entries))

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries, sorted by name."""
        return tuple(self._entries[name] for name in self.names())

    def similar(self, name: str) -> str | None:
        """Return the entry name closest to a misspelt one, or None."""
        close = difflib.get_close_matches(name, self._entries, n=1, cutoff=0.6)
        return close[0] if close else None
