"""A rule as a tree of what it is made of, as of a bar: states, values, distances, what decided.

States are those that the rule was run with: nothing is judged a second time here. Each signal is
written out where a rule names it first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rtrade.analysis.why import FALSE, TRUE, UNKNOWN, Condition, Distance, Scalar, Value
from rtrade.analysis.why_unknown import reason_of
from rtrade.analysis.why_values import Place, Values
from rtrade.catalog.registry import Kind, Registry
from rtrade.core import bars as tri
from rtrade.core.bars import FloatArray
from rtrade.plan.build import RULES
from rtrade.plan.nodes import Align, Call, Const, Node, Shift
from rtrade.plan.printing import formulas
from rtrade.plan.syntax import Index, Operation
from rtrade.plan.written import Reader, Written

# Deeper trees are cut: nobody reads them, and neither Python nor a page holds any depth.
DEEPEST = 40
# A formula that is longer says less than the name that stands for it.
LONGEST = 120
# Forms that are judged by values; all others by the states of their parts.
LEAVES = ("comparison", "crossing", "call")
CROSSINGS = ("crosses_above", "crosses_below")
_RUNS = ("rising", "falling")
_WINDOWS = ("held_for", "occurred_within")


def parts_of(reader: Reader) -> list[Node]:
    """Return all nodes whose values the trees of a plan's rules show."""
    rules = filter(None, map(reader.rule, RULES))
    return [part.node for rule in rules for part in _all(rule, reader, set())]


def conditions(
    reader: Reader, values: Values, registry: Registry, at: int
) -> dict[str, Condition | None]:
    """Return the rules of a plan at the close of the base bar `at`; None where there is none.

    Values that are not known yet are computed; `parts_of` has them all.
    """
    place, found = Place(reader.plan.timeframe, at), {}
    for name in RULES:
        rule = reader.rule(name)
        found[name] = None if rule is None else _Tree(reader, values, registry).of(rule, place)
    return found


def _all(rule: Written, reader: Reader, named: set[str]) -> Iterator[Written]:
    """Yield the parts of a rule and of the conditions that it names, each signal once."""
    stack = [rule]
    while stack:
        part = stack.pop()
        yield part
        stack += part.parts
        if _is_named(part) and part.signal not in named:
            named.add(part.signal)
            stack.append(reader.signal(part.signal))


def _is_named(part: Written) -> bool:
    """Tell whether a part is the name of a condition that has an expression of its own."""
    single = bool(part.signal) and "." not in part.signal
    return single and part.node.kind is Kind.BOOLEAN and not isinstance(part.node, Const)


class _Tree:
    """Makes the tree of one rule."""

    def __init__(self, reader: Reader, values: Values, registry: Registry) -> None:
        self._reader = reader
        self._values = values
        self._registry = registry
        self._named: set[tuple[str, Place]] = set()
        self._depth = 0

    def of(self, part: Written, place: Place) -> Condition:
        """Return a condition as of a place of any clock."""
        own = self._values.seen(part.node, place)
        if isinstance(part.node, Const):
            return Condition(part.text, "constant", self._values.state(part.node, own))
        self._depth += 1
        found = self._of(part, own)
        self._depth -= 1
        if found.state == UNKNOWN and found.form in LEAVES:
            reason = reason_of(part.node, own, self._values, self._registry)
            found = replace(found, reason=reason)
        return found

    def _of(self, part: Written, own: Place) -> Condition:
        state, node = self._values.state(part.node, own), part.node
        if self._depth > DEEPEST:
            return Condition(part.text, "call", state, note="too deep to be shown")
        if _is_named(part):
            return self._signal(part, own, state)
        match part.expr:
            case Operation(op="and" | "or" | "not" as op):
                return self._joined(part, own, op, state)
            case Operation(op=op):
                return self._comparison(part, own, op, state)
            case Index() if isinstance(node, Shift):
                before = own.back(node.bars)
                return Condition(part.text, "past", state, parts=(self.of(part.parts[0], before),))
            case Index():
                return self.of(part.parts[0], own)
        if isinstance(node, Call):
            return self._call(part, node, own, state)
        return Condition(part.text, "call", state)

    # What joins others

    def _signal(self, part: Written, own: Place, state: str) -> Condition:
        made = Condition(part.text, "signal", state)
        if (part.signal, own) in self._named:
            return replace(made, note="as above")
        self._named.add((part.signal, own))
        meant = self._reader.signal(part.signal)
        return replace(made, formula=meant.text, parts=(self.of(meant, own),))

    def _joined(self, part: Written, own: Place, op: str, state: str) -> Condition:
        parts = [self.of(one, own) for one in part.parts]
        if op != "not":
            parts = [replace(one, decides=decides(op, state, one.state)) for one in parts]
        return Condition(part.text, op, state, op=op, parts=tuple(parts))

    # Leaves

    def _comparison(self, part: Written, own: Place, op: str, state: str) -> Condition:
        values = tuple(self._value(side, own) for side in part.parts)
        threshold = 0 if values[0].constant and not values[1].constant else 1
        return Condition(
            part.text,
            "comparison",
            state,
            op=op,
            values=values,
            threshold=threshold,
            distance=distance(values[1 - threshold].value, values[threshold].value),
        )

    def _call(self, part: Written, node: Call, own: Place, state: str) -> Condition:
        name = node.entry
        if name in CROSSINGS:
            return self._crossing(part, name, own, state)
        if name in _RUNS:
            return self._run(part, node, own, state)
        if name in _WINDOWS:
            return self._window(part, node, own, state)
        numbers = [one for one in part.parts if one.node.kind is not Kind.BOOLEAN]
        inputs = [one for one in part.parts if one.node.kind is Kind.BOOLEAN]
        values = tuple(self._value(one, own) for one in numbers)
        made = Condition(part.text, "call", state, op=name, values=values)
        if name == "between":
            return _between(made)
        return replace(made, parts=tuple(self.of(one, own) for one in inputs))

    def _crossing(self, part: Written, name: str, own: Place, state: str) -> Condition:
        a, b = (self._value(side, own, before=True) for side in part.parts)
        threshold = 0 if a.constant and not b.constant else 1
        held = (a, b)[1 - threshold], (a, b)[threshold]
        beyond = _beyond(name, a.value, b.value)
        note, far = "", distance(held[0].value, held[1].value)
        if state == FALSE and beyond:
            # It had to come from the other side: now it is beyond and was before.
            note, far = "already", distance(held[0].before, held[1].before)
        elif state == FALSE and beyond is False:
            note = "short"
        return Condition(
            part.text,
            "crossing",
            state,
            op=name,
            values=(a, b),
            threshold=threshold,
            distance=far,
            note=note,
        )

    def _run(self, part: Written, node: Call, own: Place, state: str) -> Condition:
        wanted = int(dict(node.params)["n"])
        window = self._window_of(node.inputs[0], own, wanted + 1)
        steps = np.diff(window)[::-1]
        with np.errstate(invalid="ignore"):
            broken = ~(steps > 0) if node.entry == "rising" else ~(steps < 0)
        count = int(np.argmax(broken)) if broken.any() else len(steps)
        value = self._value(part.parts[0], own, before=True)
        return Condition(
            part.text,
            "call",
            state,
            op=node.entry,
            values=(value,),
            count=count,
            wanted=wanted,
        )

    def _window(self, part: Written, node: Call, own: Place, state: str) -> Condition:
        wanted = int(dict(node.params)["n"])
        held = self._window_of(node.inputs[0], own, wanted) == tri.TRUE
        back = held[::-1]
        if node.entry == "held_for":
            count = len(back) if back.all() else int(np.argmin(back))
        else:
            # Bars since it last was: 0 where it is now, None where it was at no bar of the window.
            count = int(np.argmax(back)) if back.any() else -1
        inner = self.of(part.parts[0], own)
        return Condition(
            part.text,
            "call",
            state,
            op=node.entry,
            count=None if count < 0 else count,
            wanted=wanted,
            parts=(inner,),
        )

    def _window_of(self, node: Node, own: Place, bars: int) -> FloatArray:
        """Return the values of an input of a call over its last bars, fewer where there are not."""
        return np.asarray(self._values.array(node)[max(0, own.at - bars + 1) : own.at + 1])

    def _value(self, part: Written, own: Place, *, before: bool = False) -> Value:
        node, values = part.node, self._values
        seen = values.seen(node, own)
        constant = isinstance(node, Const)
        elsewhere = not constant and node.clock != self._reader.plan.timeframe
        return Value(
            part.text,
            values.scalar(node, own),
            "text" if node.kind is Kind.ENUM else str(node.unit),
            formula=self._formula(part),
            before=values.scalar(node, own.back(1)) if before else None,
            constant=constant,
            time=values.time(seen) if elsewhere else None,
        )

    def _formula(self, part: Written) -> str:
        """Return what a text stands for with its params filled in, "" where it says it itself."""
        node = part.node.arg if isinstance(part.node, Align) else part.node
        if isinstance(node, Const):
            return ""
        names = {id(one): name for name, one in self._reader.plan.signals.items()}
        text = formulas([node], names)[id(node)]
        return "" if text == part.text or len(text) > LONGEST else text


def decides(op: str, whole: str, part: str) -> bool:
    """Tell whether the state of an `and` or an `or` hangs on that of a part (Kleene's logic)."""
    settling = FALSE if op == "and" else TRUE
    if whole == settling:
        return part == settling
    return part == UNKNOWN if whole == UNKNOWN else True


def distance(value: Scalar | None, threshold: Scalar | None) -> Distance | None:
    """Return how far a number is from a threshold; None where either is no number or unknown."""
    if not isinstance(value, float) or not isinstance(threshold, float):
        return None
    far = abs(value - threshold)
    relative = far / abs(threshold) if threshold else math.inf
    if not math.isfinite(far):
        return None
    return Distance(far, relative if math.isfinite(relative) else None)


def _beyond(name: str, a: Scalar | None, b: Scalar | None) -> bool | None:
    """Tell whether `a` is on the side that a crossing leads to; None where that is not known."""
    if not isinstance(a, float) or not isinstance(b, float):
        return None
    return a > b if name == "crosses_above" else a < b


def _between(made: Condition) -> Condition:
    """Add to a `between` how far the value is from the end at which it turns over next."""
    x, low, high = (one.value for one in made.values)
    ends = [(end, place) for place, end in ((1, low), (2, high)) if isinstance(end, float)]
    if not isinstance(x, float) or not ends:
        return made
    if made.state == FALSE:
        # The end that it is beyond.
        ends = [(end, at) for end, at in ends if (x < end if at == 1 else x > end)] or ends
    _, threshold = min((abs(x - end), at) for end, at in ends)
    return replace(made, threshold=threshold, distance=distance(x, made.values[threshold].value))


def missing(condition: Condition, *, wanted: bool = True) -> tuple[Condition, ...]:
    """Return the fewest leaves that keep a condition from being `wanted`; none where it is.

    Of several ways, that of the fewest leaves, then the nearest, then the first as written.
    """
    if condition.state == (TRUE if wanted else FALSE):
        return ()
    if not condition.parts or condition.form in LEAVES:
        return (condition,)
    if condition.form in ("and", "or"):
        ways = [missing(part, wanted=wanted) for part in condition.parts]
        if (condition.form == "and") is wanted:
            return tuple(leaf for way in ways for leaf in way)
        return min(ways, key=_effort)
    turned = wanted is not (condition.form == "not")
    return missing(condition.parts[0], wanted=turned)


def _effort(way: tuple[Condition, ...]) -> tuple[int, float]:
    return len(way), sum(map(_far, way))


def _far(leaf: Condition) -> float:
    relative = None if leaf.distance is None else leaf.distance.relative
    return math.inf if relative is None else relative


def because(condition: Condition) -> tuple[Condition, ...]:
    """Return the leaves that the state of a condition hangs on, in the order written."""
    if not condition.parts or condition.form in LEAVES:
        return (condition,)
    return tuple(leaf for part in condition.parts if part.decides for leaf in because(part))
