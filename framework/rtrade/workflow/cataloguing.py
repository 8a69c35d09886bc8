"""What can be called in an expression, for readers: `rtrade catalog` and docs/catalog.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rtrade.catalog.builtin import builtin
from rtrade.catalog.declaring import usual
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Entry, Output, Param, Registry, Unit
from rtrade.core.errors import UsageError
from rtrade.plan.names import number

_UNITS = {
    Unit.PRICE: "a price",
    Unit.VOLUME: "a volume",
    Unit.PERCENT: "a percentage",
    Unit.RATIO: "a fraction",
    Unit.COUNT: "a count",
    Unit.NONE: "a number",
    Unit.INPUT: "in the unit of its input",
}


# What stands for an input in an example.
_STAND_INS = {
    "b": "sma(close, 50)",
    "c": "close > open",
    "high": "highest(close, 20)",
    "low": "lowest(close, 20)",
}


@dataclass(frozen=True)
class Card:
    """One entry as shown: texts, and the numbers of the call in `example`."""

    name: str
    group: str
    doc: str
    example: str
    formula: str
    arguments: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, str], ...]
    warmup: int
    settle: int | None


def cards(entries: Registry | None = None) -> tuple[Card, ...]:
    """Return all entries, of this installation where no others are given, by group and name."""
    found = [_card(entry) for entry in (entries or registry()).entries()]
    return tuple(sorted(found, key=lambda card: (card.group, card.name)))


def card(name: str) -> Card:
    """Return the entry called `name`; raise UsageError with a guess where there is none."""
    entry = registry().get(name)
    if entry is not None:
        return _card(entry)
    guess = registry().similar(name.lower())
    hint = f"did you mean `{guess}`?" if guess else "`rtrade catalog` lists what there is"
    raise UsageError(f"there is no `{name}` in the catalog", hint=hint)


def drawn(name: str) -> list[str]:
    """Return a picture of the entry called `name`, over bars of the sample, as lines of text."""
    from rtrade.workflow.picturing import picture

    entry = registry().get(name)
    assert entry is not None, name
    return picture(entry, call_of(entry))


def call_of(entry: Entry) -> str:
    """Return a call that compiles: prices for inputs, usual numbers for params."""
    params = usual(entry)
    arguments = [_STAND_INS.get(given.name, "close") for given in entry.inputs]
    arguments += [number(params[param.name]) for param in entry.params]
    return f"{entry.name}({', '.join(arguments)})"


def as_text(shown: Card) -> str:
    """Return an entry as plain text."""
    lines = [shown.example, "", shown.doc, ""]
    if shown.formula:
        lines += [f"formula   {shown.formula}"]
    lines += [f"argument  {name}: {meaning}" for name, meaning in shown.arguments]
    lines += [f"result    {f'.{name}: ' if name else ''}{what}" for name, what in shown.results]
    lines += [f"known     {_after(shown)}"]
    return "\n".join(lines)


def page() -> str:
    """Return docs/catalog.md: every entry by group."""
    parts = [
        "# Catalog\n",
        "Generated from the declarations. `rtrade catalog NAME` prints one entry.\n",
        "How calls are written, and what an unknown value is, says [the language](language.md).\n",
    ]
    for group, members in groupby(cards(builtin()), key=lambda shown: shown.group):
        parts.append(f"## {group.capitalize()}\n")
        if group == "candles":
            parts.append(_table(list(members)))
        else:
            parts += [_section(shown) for shown in members]
    return "\n".join(parts)


def _table(members: list[Card]) -> str:
    """Return entries that differ in little but their doc as one table."""
    rows = [f"| `{one.example}` | {one.doc} | {one.warmup} |" for one in members]
    head = [
        "A number: 0 on most bars, 100 where the pattern is seen and said to be followed by a",
        "rise, -100 by a fall; 80 and 200 are weaker and confirmed ones. What is long, short or",
        "near is measured against the bars before. `cdlengulfing() > 0` is a condition.",
        "",
        "| call | seen where | known after |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def _section(shown: Card) -> str:
    lines = [f"### {shown.name}\n", f"{shown.doc}\n", f"```text\n{shown.example}\n```\n"]
    if shown.formula:
        lines.append(f"`{shown.formula}`\n")
    lines += [f"- `{name}`: {meaning}" for name, meaning in shown.arguments]
    lines += [f"- Result{f' `.{name}`' if name else ''}: {what}" for name, what in shown.results]
    lines.append(f"- Known {_after(shown)}.\n")
    return "\n".join(lines)


def _card(entry: Entry) -> Card:
    params = usual(entry)
    arguments = [(given.name, given.doc) for given in entry.inputs]
    arguments += [(param.name, _param(param)) for param in entry.params]
    if entry.prices:
        arguments.append(("by itself", f"reads {', '.join(entry.prices)}"))
    several = len(entry.outputs) > 1
    return Card(
        name=entry.name,
        group=entry.group,
        doc=entry.doc,
        example=f"{call_of(entry)}.{entry.outputs[0].name}" if several else call_of(entry),
        formula=entry.source,
        arguments=tuple(arguments),
        results=tuple(
            (output.name if several else "", "; ".join(_result(output))) for output in entry.outputs
        ),
        warmup=entry.warmup(params),
        settle=entry.settle(params),
    )


def _param(param: Param) -> str:
    kind = "whole number" if param.integer else "number"
    extent = f"{kind} from {number(param.min)} to {number(param.max)}"
    default = "" if param.default is None else f", {number(param.default)} where not given"
    return f"{param.doc} ({extent}{default})"


def _result(output: Output) -> Iterator[str]:
    if output.kind != "number":
        yield "a condition"
        return
    yield f"{output.doc}, {_UNITS[output.unit]}" if output.doc else _UNITS[output.unit]
    if output.low is not None and output.high is not None:
        yield f"from {number(output.low)} to {number(output.high)}"
    elif output.low is not None:
        yield f"at least {number(output.low)}"


def _after(shown: Card) -> str:
    known = "from the first bar on" if not shown.warmup else f"after {shown.warmup:,} bars"
    if shown.settle is None:
        return f"{known}; the start of the data matters for ever (RT150)"
    if not shown.settle:
        return known
    return f"{known}; after {shown.settle:,} more the start of the data no longer matters"
