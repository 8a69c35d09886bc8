"""What can be called in an expression, for readers: `rtrade catalog` and docs/catalog.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rtrade.catalog.builtin import builtin
from rtrade.catalog.registry import Entry, Output, Param, Unit
from rtrade.core.errors import UsageError
from rtrade.plan.names import example, number

_UNITS = {
    Unit.PRICE: "a price",
    Unit.VOLUME: "a volume",
    Unit.PERCENT: "a percentage",
    Unit.RATIO: "a fraction",
    Unit.COUNT: "a count",
    Unit.NONE: "a number",
    Unit.INPUT: "in the unit of its input",
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


def cards() -> tuple[Card, ...]:
    """Return all entries by group, then by name."""
    found = [_card(entry) for entry in builtin().entries()]
    return tuple(sorted(found, key=lambda card: (card.group, card.name)))


def card(name: str) -> Card:
    """Return the entry called `name`; raise UsageError with a guess where there is none."""
    entry = builtin().get(name)
    if entry is not None:
        return _card(entry)
    guess = builtin().similar(name.lower())
    hint = f"did you mean `{guess}`?" if guess else "`rtrade catalog` lists what there is"
    raise UsageError(f"there is no `{name}` in the catalog", hint=hint)


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
    for group, members in groupby(cards(), key=lambda shown: shown.group):
        parts.append(f"## {group.capitalize()}\n")
        parts += [_section(shown) for shown in members]
    return "\n".join(parts)


def _section(shown: Card) -> str:
    lines = [f"### {shown.name}\n", f"{shown.doc}\n", f"```text\n{shown.example}\n```\n"]
    if shown.formula:
        lines.append(f"`{shown.formula}`\n")
    lines += [f"- `{name}`: {meaning}" for name, meaning in shown.arguments]
    lines += [f"- Result{f' `.{name}`' if name else ''}: {what}" for name, what in shown.results]
    lines.append(f"- Known {_after(shown)}.\n")
    return "\n".join(lines)


def _card(entry: Entry) -> Card:
    params = {param.name: _usual(param) for param in entry.params}
    arguments = [(given.name, given.doc) for given in entry.inputs]
    arguments += [(param.name, _param(param)) for param in entry.params]
    if entry.prices:
        arguments.append(("by itself", f"reads {', '.join(entry.prices)}"))
    several = len(entry.outputs) > 1
    return Card(
        name=entry.name,
        group=entry.group,
        doc=entry.doc,
        example=f"{example(entry)}.{entry.outputs[0].name}" if several else example(entry),
        formula=entry.source,
        arguments=tuple(arguments),
        results=tuple(
            (output.name if several else "", "; ".join(_result(output))) for output in entry.outputs
        ),
        warmup=entry.warmup(params),
        settle=entry.settle(params),
    )


def _usual(param: Param) -> int | float:
    """Return what the example has for a param: its default, else 20."""
    return 20 if param.default is None else param.default


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
