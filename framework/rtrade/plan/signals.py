"""Order the named signals so that each comes after those it uses; find circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtrade.core.diagnostics import SourceText
from rtrade.plan.findings import Findings
from rtrade.plan.syntax import Expr, Name, names

# Names of a circle in its message.
_SHOWN = 8

Parsed = Mapping[str, tuple[SourceText, Expr]]


def in_order(parsed: Parsed, findings: Findings) -> list[str]:
    """Return the names of all signals, used ones first; those of a circle are left out.

    Walks without recursion: a file may chain more signals than Python stacks frames.
    """
    uses = {name: _references(expr, parsed) for name, (_, expr) in parsed.items()}
    done: dict[str, None] = {}
    circular: set[str] = set()
    for root in parsed:
        if root in done:
            continue
        path: dict[str, Iterator[Name]] = {root: iter(uses[root])}
        while path:
            name, pending = next(reversed(path.items()))
            reference = next(pending, None)
            if reference is None:
                path.popitem()
                done[name] = None
            elif reference.name in path:
                circle = [*path][[*path].index(reference.name) :]
                circular.update(circle)
                _report(circle, name, reference, parsed, findings)
            elif reference.name not in done:
                path[reference.name] = iter(uses[reference.name])
    return [name for name in done if name not in circular]


def _references(expr: Expr, parsed: Parsed) -> list[Name]:
    """Return the first mention of each signal in an expression."""
    found: dict[str, Name] = {}
    for name in names(expr):
        if name.name in parsed:
            found.setdefault(name.name, name)
    return list(found.values())


def _report(
    circle: list[str], name: str, reference: Name, parsed: Parsed, findings: Findings
) -> None:
    source = parsed[name][0]
    way = circle if len(circle) <= _SHOWN else [*circle[:_SHOWN], "..."]
    route = " -> ".join([*way, circle[0]])
    message = "a signal cannot be built on itself"
    if len(circle) > 1:
        message = f"signals go in a circle: {route}"
    findings.error("RT116", message, source.span(reference.start, reference.end))
