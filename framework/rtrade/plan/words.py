"""Nodes in plain words, for people who trade and do not program.

Catalog entries bring their own words. A signal is written out where it is short, else called by
its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rtrade.catalog.registry import Kind, Registry
from rtrade.plan.names import number
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Field, Node, Shift, Unary, walk
from rtrade.plan.printing import (
    AND,
    ATOM,
    COMPARED,
    NOT,
    OR,
    SIGN,
    Phrase,
    binds,
    constant,
    series_of,
)

# Longer signals are called by their name inside other words.
_SHORT = 60
_RELATIONS = {
    "<": "is below",
    "<=": "is at or below",
    ">": "is above",
    ">=": "is at or above",
    "==": "equals",
    "!=": "differs from",
}


def in_words(
    roots: Iterable[Node], registry: Registry, names: Mapping[int, str] | None = None
) -> dict[int, str]:
    """Return the plain words of every node below `roots` by its id.

    `names` says by id what the signals are called.
    """
    called = names or {}
    shown: dict[int, Phrase] = {}
    texts: dict[int, str] = {}
    for node in walk(*roots):
        phrase = _phrase(node, [shown[id(arg)] for arg in node.args], registry)
        texts[id(node)] = phrase.text
        short = id(node) not in called or len(phrase.text) <= _SHORT
        shown[id(node)] = phrase if short else Phrase(called[id(node)])
    return texts


def _phrase(node: Node, args: list[Phrase], registry: Registry) -> Phrase:
    match node:
        case Const(value=value):
            return Phrase(constant(value).text)
        case Field(series=series, name=name):
            return Phrase(f"{series} {name}" if series else name)
        case Answer(signal=signal, field=name):
            return Phrase(f"{signal}'s {name}")
        case Align():
            return args[0]
        case Shift(bars=bars):
            ago = "1 bar ago" if bars == 1 else f"{bars} bars ago"
            return Phrase(f"{args[0].within(ATOM)} ({ago})")
        case Unary(op="not"):
            return Phrase(f"not {args[0].within(ATOM)}", NOT)
        case Unary():
            return Phrase(f"-{args[0].within(SIGN)}", SIGN)
        case Binary():
            return _binary(node, args[0], args[1])
        case Call():
            return _call(node, args, registry)
    raise TypeError(type(node).__name__)


def _binary(node: Binary, left: Phrase, right: Phrase) -> Phrase:
    level = binds(node.op)
    tight = level - 1
    if node.op in _RELATIONS:
        text = f"{left.within(tight)} {_RELATIONS[node.op]} {right.within(tight)}"
        return Phrase(text, COMPARED)
    if level == OR:
        # In prose nobody knows that `and` binds tighter.
        return Phrase(f"{_apart(left)} or {_apart(right)}", OR)
    joint = ", and" if level == AND else f" {node.op}"
    return Phrase(f"{left.within(level)}{joint} {right.within(tight)}", level)


def _apart(phrase: Phrase) -> str:
    return f"({phrase.text})" if phrase.binds == AND else phrase.text


def _call(node: Call, args: list[Phrase], registry: Registry) -> Phrase:
    entry = registry.get(node.entry)
    assert entry is not None, node.entry
    parts = {one.name: arg.within(ATOM) for one, arg in zip(entry.inputs, args, strict=False)}
    parts |= {name: number(value) for name, value in node.params}
    text = entry.words.format_map(parts)
    if not text:
        text = f"{node.entry}({', '.join(parts.values())})"
    series = series_of(node)
    if series:
        text += f" of {series}"
    if node.output != "value":
        text = f"the {node.output} line of {text}"
    return Phrase(text, COMPARED if node.kind == Kind.BOOLEAN else ATOM)
