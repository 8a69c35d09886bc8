"""Print nodes as expressions, each with the fewest parentheses that read back as the same node.

All nodes below the roots are printed once, arguments first and without recursion; signals that
appear inside others can be shown by name, so that text does not grow with the sharing below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rtrade.plan.graph import Value
from rtrade.plan.names import number
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Field, Node, Shift, Unary, walk

ATOM, SIGN, TIMES, PLUS, COMPARED, NOT, AND, OR = range(8)
_BINDS = {
    "or": OR,
    "and": AND,
    "+": PLUS,
    "-": PLUS,
    "*": TIMES,
    "/": TIMES,
    "%": TIMES,
}


@dataclass(frozen=True)
class Phrase:
    """A piece of text and how loosely its outermost operator binds."""

    text: str
    binds: int = ATOM

    def within(self, limit: int) -> str:
        """Return the text, in parentheses where it binds more loosely than `limit`."""
        return self.text if self.binds <= limit else f"({self.text})"


def binds(op: str) -> int:
    """Return how loosely a two-sided operator binds; all comparisons alike."""
    return _BINDS.get(op, COMPARED)


def formulas(roots: Iterable[Node], names: Mapping[int, str] | None = None) -> dict[int, str]:
    """Return the expression of every node below `roots` by its id.

    `names` says by id which nodes are shown by a name where they are arguments of others.
    """
    shown: dict[int, Phrase] = {}
    texts: dict[int, str] = {}
    for node in walk(*roots):
        phrase = _phrase(node, [shown[id(arg)] for arg in node.args])
        texts[id(node)] = phrase.text
        known = names is not None and id(node) in names
        shown[id(node)] = Phrase(names[id(node)]) if names is not None and known else phrase
    return texts


def formula(node: Node) -> str:
    """Return the expression of one node, written out in full: sharing below it is repeated."""
    return formulas([node])[id(node)]


def constant(value: Value) -> Phrase:
    """Print a constant."""
    if isinstance(value, bool):
        return Phrase("true" if value else "false")
    if isinstance(value, str):
        quote = '"' if "'" in value else "'"
        return Phrase(f"{quote}{value}{quote}")
    text = number(value)
    return Phrase(text, SIGN if text.startswith("-") else ATOM)


def given(node: Call) -> tuple[Node, ...]:
    """Return the inputs that are written as arguments."""
    return node.inputs[: len(node.inputs) - node.prices]


def series_of(node: Call) -> str:
    """Return the series whose prices a call reads by itself, "" for the base or none."""
    for price in node.inputs[len(given(node)) :]:
        bare = price.arg if isinstance(price, Align) else price
        if isinstance(bare, Field):
            return bare.series
    return ""


def _phrase(node: Node, args: list[Phrase]) -> Phrase:
    match node:
        case Const(value=value):
            return constant(value)
        case Field(series=series, name=name):
            return Phrase(f"{series}.{name}" if series else name)
        case Answer(signal=signal, field=name):
            return Phrase(f"{signal}.{name}")
        case Align():
            return args[0]
        case Shift(bars=bars):
            return Phrase(f"{args[0].within(ATOM)}[{bars}]")
        case Unary(op="not"):
            return Phrase(f"not {args[0].within(NOT)}", NOT)
        case Unary():
            return Phrase(f"-{args[0].within(SIGN)}", SIGN)
        case Binary(op=op):
            level = binds(op)
            tight = level - 1
            left = args[0].within(tight if level == COMPARED else level)
            return Phrase(f"{left} {op} {args[1].within(tight)}", level)
        case Call():
            return _call(node, args)
    raise TypeError(type(node).__name__)


def _call(node: Call, args: list[Phrase]) -> Phrase:
    arguments = [arg.text for arg in args[: len(given(node))]]
    arguments += [number(value) for _, value in node.params]
    series = series_of(node)
    text = f"{series}.{node.entry}" if series else node.entry
    if arguments:
        text += f"({', '.join(arguments)})"
    return Phrase(text if node.output == "value" else f"{text}.{node.output}")
