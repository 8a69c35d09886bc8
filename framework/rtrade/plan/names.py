"""What the names in an expression may mean, and what was probably meant by an unknown one.

A name is looked up as a price, a param, a signal, a series of `also:`, a catalog entry; no name
means two of these, because `check_names` refuses that.
"""

from __future__ import annotations

import difflib
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rtrade.catalog.registry import Entry, Kind, Registry, Unit
from rtrade.config.definitions import StrategyDef
from rtrade.config.llm_definitions import AnswerField
from rtrade.core.diagnostics import Span
from rtrade.core.timeframes import Timeframe
from rtrade.plan.findings import Findings
from rtrade.plan.nodes import Node

PRICES = {
    "open": Unit.PRICE,
    "high": Unit.PRICE,
    "low": Unit.PRICE,
    "close": Unit.PRICE,
    "volume": Unit.VOLUME,
    "hl2": Unit.PRICE,
    "hlc3": Unit.PRICE,
    "ohlc4": Unit.PRICE,
}
# Entries read it; an expression cannot.
TIME = "time"
# Comparing every wrong name with every right one takes minutes in a file made of wrong names.
_MAX_GUESSES = 100
# What other platforms call things.
_ALIASES = {
    "crossover": "crosses_above",
    "cross_over": "crosses_above",
    "crossunder": "crosses_below",
    "cross_under": "crosses_below",
    "price": "close",
    "last": "close",
    "vol": "volume",
    "ma": "sma",
    "avg": "sma",
    "mean": "sma",
    "bollinger": "bbands",
    "bb": "bbands",
    "stochastic": "stoch",
    "williams": "willr",
    "std": "stddev",
    "stdev": "stddev",
    "hour_of_day": "hour",
    "day_of_week": "weekday",
    "dayofweek": "weekday",
    "percentrank": "percent_rank",
}


@dataclass
class Scope:
    """The names of one strategy; `signals` fills up as they are worked out, None = has errors.

    A signal that names a call with several results stands in `results`, by name and output; one
    that a model answers in `answers`, with the form of each field.
    """

    registry: Registry
    params: Mapping[str, float]
    series: Mapping[str, Timeframe]
    signals: dict[str, Node | None] = field(default_factory=dict)
    results: dict[str, dict[str, Node]] = field(default_factory=dict)
    answers: Mapping[str, dict[str, AnswerField]] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    guesses: int = 0

    def similar(self, name: str) -> str | None:
        """Return the known name closest to an unknown one, or None; None after many guesses."""
        self.guesses += 1
        if self.guesses > _MAX_GUESSES:
            return None
        known = [*PRICES, *self.params, *self.series, *sorted(self.declared)]
        known += self.registry.names()
        return similar(name, known)


def similar(name: str, known: Iterable[str]) -> str | None:
    """Return the element of `known` that was probably meant by `name`, or None."""
    candidates = tuple(known)
    lower = name.lower()
    for guess in (lower, _ALIASES.get(lower)):
        if guess in candidates:
            return guess
    close = difflib.get_close_matches(lower, candidates, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(guess: str | None) -> str | None:
    """Return the help line for a guess."""
    return None if guess is None else f"did you mean `{guess}`?"


def example(entry: Entry, *, series: str = "") -> str:
    """Return a call of `entry` as one would write it, such as `sma(close, 20)`."""
    stand_ins = {Kind.NUMBER: "close", Kind.BOOLEAN: "close > open", Kind.ENUM: "x"}
    several = len(entry.inputs) > 1
    arguments = [one.name if several else stand_ins[one.kind] for one in entry.inputs]
    arguments += [number(one.example) for one in entry.params]
    prefix = f"{series}." if series else ""
    return f"{prefix}{entry.name}({', '.join(arguments)})"


def number(value: float) -> str:
    """Format a number as short as it can be read back: `20`, `0.5`."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value)) if value or str(value)[0] != "-" else "-0.0"
    return repr(float(value))


def check_names(definition: StrategyDef, registry: Registry, findings: Findings) -> None:
    """Refuse names of params, signals and series that already mean something else."""
    taken: dict[str, str] = {}
    for what, path, name, span in _declared(definition):
        place = span or findings.document.key_span((*path, name))
        meaning = _meaning(name, registry) or taken.get(name)
        if meaning is not None:
            findings.error(
                "RT117",
                f"{what} cannot be called `{name}`: {meaning}",
                place,
                "choose another name",
            )
        taken.setdefault(name, f"{what} has that name")
    for signal in definition.llm:
        for one in signal.answer:
            if _is_word(one.name):
                path = ("signals", signal.name, "llm", "answer", one.name)
                message = f"a field cannot be called `{one.name}`: that is a word of the language"
                place = findings.document.key_span(path)
                findings.error("RT410", message, place, "choose another name")


def _declared(
    definition: StrategyDef,
) -> Iterable[tuple[str, tuple[str, ...], str, Span | None]]:
    for series in definition.data.also:
        yield "a series", ("data", "also"), series.name, series.span
    for param in definition.params:
        yield "a param", ("params",), param.name, param.span
    for signal in definition.signals:
        yield "a signal", ("signals",), signal.name, signal.span
    for model in definition.llm:
        yield "a signal", ("signals",), model.name, model.span


def _meaning(name: str, registry: Registry) -> str | None:
    """Return what `name` means to everyone, or None."""
    if name in PRICES:
        return "that is a field of a bar"
    if registry.get(name) is not None:
        return "that is a function of the catalog"
    if _is_word(name):
        return "that is a word of the language"
    if not (name.isascii() and name.isidentifier()):
        return "a name is made of letters, digits and `_`"
    return None


def _is_word(name: str) -> bool:
    words = {"true", "false", "none", "and", "or", "not"}
    return name.lower() in words or keyword.iskeyword(name)
