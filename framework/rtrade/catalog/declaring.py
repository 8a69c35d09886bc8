"""What a declaration must be, built in or from a plug-in: named, documented, with true ranges."""

from __future__ import annotations

import string
from collections.abc import Iterator

from rtrade.catalog.registry import Entry, Input, Kind, Param, Params, Unit

# What a kernel may ask for besides its inputs.
PRICES = ("open", "high", "low", "close", "volume", "time")


def problems_of(entry: Entry) -> tuple[str, ...]:
    """Return what is wrong with a declaration, in sentences; nothing where it is right."""
    return tuple(_problems(entry))


def usual(entry: Entry) -> Params:
    """Return params as most would give them."""
    return {param.name: param.example for param in entry.params}


def _problems(entry: Entry) -> Iterator[str]:
    things: tuple[Input | Param, ...] = (*entry.inputs, *entry.params)
    names = [thing.name for thing in things]
    if not (entry.name.isidentifier() and entry.name == entry.name.lower()):
        yield "its name must be a lower-case word"
    if not entry.doc.endswith("."):
        yield "its doc must be a sentence with a full stop"
    if not entry.group or not entry.source:
        yield "it needs a group, and a source: the formula, or where it comes from"
    if not entry.inputs and not entry.prices:
        yield "it must be computed from something: inputs or prices"
    if len(names) != len(set(names)) or not all(name.isidentifier() for name in names):
        yield "its inputs and params need names of their own"
    if not all(thing.doc for thing in things):
        yield "each input and param needs a doc"
    if not set(entry.prices) <= set(PRICES):
        yield f"its prices must be among {', '.join(PRICES)}"
    yield from _of_words(entry, names)
    yield from _of_params(entry)
    yield from _of_outputs(entry)


def _of_words(entry: Entry, names: list[str]) -> Iterator[str]:
    fields = {name for _, name, _, _ in string.Formatter().parse(entry.words) if name}
    if not entry.words:
        yield "it needs words, such as `the {n}-bar average of {x}`"
    if not fields <= set(names):
        yield "its words name what is no input or param"


def _of_params(entry: Entry) -> Iterator[str]:
    for param in entry.params:
        least, most = param.min, param.max
        if least > most:
            yield f"the range of `{param.name}` is empty"
        elif param.default is not None and not least <= param.default <= most:
            yield f"the default of `{param.name}` is outside of its range"
    params = usual(entry)
    settle = entry.settle(params)
    if entry.warmup(params) < 0 or (settle is not None and settle < 0):
        yield "warm-up and settle are numbers of bars"


def _of_outputs(entry: Entry) -> Iterator[str]:
    if not entry.outputs:
        yield "it needs an output"
    if len(entry.outputs) == 1 and entry.outputs[0].name != "value":
        yield "a single output is called `value`"
    for output in entry.outputs:
        if output.unit is Unit.INPUT and not entry.inputs:
            yield "an output in the unit of the input needs an input"
        if output.kind is Kind.BOOLEAN and len(entry.outputs) > 1:
            yield "a condition is the only output"
