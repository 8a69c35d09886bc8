"""Why a value is not known at a bar: it warms up, something divided by zero, nobody answered."""

from __future__ import annotations

import numpy as np

from rtrade.analysis.why_values import Place, Values
from rtrade.catalog.registry import Kind, Registry
from rtrade.core import bars as tri
from rtrade.core.bars import BoolArray
from rtrade.plan.nodes import (
    Align,
    Answer,
    Binary,
    Call,
    Field,
    Node,
    Shift,
    rests_on_answers,
    walk,
)
from rtrade.plan.printing import formula
from rtrade.plan.warmup import leads

# A longer formula is not repeated in a sentence.
_LONGEST = 60


def reason_of(node: Node, place: Place, values: Values, registry: Registry) -> str:
    """Return one sentence on why `node` is unknown at a place; it must be."""
    with values.holding([*walk(node)]):
        return _Search(values, registry).reason(node, place)


# From what is unknown to what below it is, and what that adds to the sentence on the latter.
_Step = tuple[Node, Place, str]


class _Search:
    """Goes down from what is unknown to the first thing that has no unknown below it."""

    def __init__(self, values: Values, registry: Registry) -> None:
        self._values = values
        self._registry = registry

    def reason(self, node: Node, place: Place) -> str:
        added: list[str] = []
        found: str | _Step = (node, place, "")
        # Signals may be chained for longer than Python stacks frames.
        while not isinstance(found, str):
            node, place, more = found
            added.append(more)
            found = self._step(node, place)
        return "".join((found, *reversed(added)))

    def _step(self, node: Node, place: Place) -> str | _Step:
        own = self._values.seen(node, place)
        if own.at < 0 and node.clock != place.clock:
            return f"no bar of {node.clock} has closed yet"
        if isinstance(node, Align):
            return node.arg, own, ""
        if isinstance(node, Answer):
            return self._values.silence(node.signal, own.at)
        if isinstance(node, Field):
            return f"`{node.series}` has no bar that has closed yet"
        if isinstance(node, Shift):
            return self._earlier(node, own)
        unknown = [arg for arg in node.args if not self._values.known(arg, own)]
        if unknown:
            # That which it waits for the longest.
            return max(unknown, key=lambda arg: self._first_known(arg, own)), own, ""
        if isinstance(node, Call):
            return self._call(node, own)
        if isinstance(node, Binary) and node.op in ("/", "%"):
            return self._division(node, own)
        return f"{_named(node)} is not a finite number"

    def _earlier(self, node: Shift, own: Place) -> str | _Step:
        if self._is_warming(node, own):
            return self._warming(node, own)
        bars = f" ({node.bars} bar{'s' if node.bars != 1 else ''} back)"
        return node.arg, own.back(node.bars), bars

    def _division(self, node: Binary, own: Place) -> str:
        if self._values.scalar(node.right, own) == 0:
            return f"division by zero: {_named(node.right)} is 0"
        return f"{_named(node)} is not a finite number"

    def _call(self, node: Call, own: Place) -> str | _Step:
        """Say why a call is unknown all of whose inputs are known at its bar."""
        entry = self._registry.get(node.entry)
        assert entry is not None, node.entry
        gap = self._last_unknown(node, own, max(entry.warmup(dict(node.params)), 1))
        if gap is not None:
            arg, at = gap
            before = _unknown(arg, self._values.array(arg)[: at.at])
            if not before.all():
                within = f"within the window of {_named(node)}"
                return arg, at, f" at {self._values.time(at)}, {within}"
        if gap is not None or self._is_warming(node, own):
            return self._warming(node, own)
        return f"{_named(node)} has no value for such bars: {_lowered(entry.doc)}"

    def _last_unknown(self, node: Call, own: Place, warmup: int) -> tuple[Node, Place] | None:
        """Return the last bar of a call's window at which an input was unknown, and that input."""
        start, found = max(0, own.at - warmup), []
        for arg in node.inputs:
            late = np.flatnonzero(_unknown(arg, self._values.array(arg)[start : own.at]))
            if len(late):
                found.append((start + int(late[-1]), arg))
        if not found:
            return None
        at, arg = max(found, key=lambda pair: pair[0])
        return arg, Place(own.clock, at)

    def _is_warming(self, node: Node, own: Place) -> bool:
        """Tell whether a node is not known yet only because too few bars have gone by."""
        return own.at < leads([node], self._registry)[id(node)].warmup and not rests_on_answers(
            node
        )

    def _warming(self, node: Node, own: Place) -> str:
        first = self._first_known(node, own)
        what = f"{_named(node)} is warming up"
        if first == self._values.length(node.clock):
            return f"{what}; it has no value in all of the data"
        time = self._values.time(Place(node.clock, first))
        return f"{what}: first known at the close of the {node.clock} bar of {time}"

    def _first_known(self, node: Node, place: Place) -> int:
        """Return the next bar of its own clock at which a node is known, their number if none."""
        start = max(self._values.seen(node, place).at, 0)
        array = self._values.array(node)
        known = np.flatnonzero(~_unknown(node, array[start:]))
        return start + int(known[0]) if len(known) else len(array)


def _unknown(node: Node, array: object) -> BoolArray:
    values = np.asarray(array)
    return np.asarray(values == tri.UNKNOWN if node.kind is Kind.BOOLEAN else np.isnan(values))


def _named(node: Node) -> str:
    text = formula(node) if _size(node) <= _LONGEST else ""
    if text and len(text) <= _LONGEST:
        return f"`{text}`"
    return f"`{node.entry}`" if isinstance(node, Call) else "the value"


def _size(node: Node) -> int:
    """Count what a formula repeats, up to a little more than is ever shown."""
    stack, count = [node], 0
    while stack and count <= _LONGEST:
        count += 1
        stack += stack.pop().args
    return count


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
