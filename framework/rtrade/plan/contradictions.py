"""Conditions that can never be true, found without data.

1. A condition is taken apart into alternatives of facts that must hold together: comparisons of
   values, and conditions taken as they are.
2. The values of one alternative become points; `a <= b` and `a < b` lines from one to the other:
   those of the facts, and those that hold anyway (constants, ranges, order of values).
3. An alternative cannot be where a way leads from a value to itself over a `<`, or where a
   condition would have to be both true and not. A condition is never true where no alternative
   can be.

What is always true is what can never be not true. Unknown counts as neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from rtrade.catalog.registry import Kind, Unit
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Node, Shift, Unary, choices_of
from rtrade.plan.ordering import Ordering, Value, bare, straight

# Beyond these, nothing is claimed.
_ALTERNATIVES = 64
_POINTS = 60
_DEPTH = 60
# Of a run of rises, so many links are looked at.
_LINKS = 6

_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Fact:
    """`left op right`, or a condition taken as it is; `origin` is the node that says so."""

    origin: Node
    op: str = ""
    left: Value | None = None
    right: Value | None = None
    ago: int = 0
    holds: bool = True


Together = tuple[Fact, ...]


@dataclass(frozen=True)
class Never:
    """Why a condition is never true: of each alternative, what cannot be at once."""

    reasons: tuple[tuple[Node, ...], ...]


class Contradictions:
    """Looks for what can never be in the conditions of one plan."""

    def __init__(self, ordering: Ordering) -> None:
        self._ordering = ordering

    def never(self, *conditions: Node, but_not: Node | None = None) -> Never | None:
        """Return why the conditions are never true at once (`but_not` false), or None."""
        parts = [_alternatives(condition, 0, _DEPTH, holds=True) for condition in conditions]
        if but_not is not None:
            parts.append(_alternatives(but_not, 0, _DEPTH, holds=False))
        reasons: dict[tuple[int, ...], tuple[Node, ...]] = {}
        for facts in _joined(parts):
            if self._possible(facts):
                return None
            core = self._core(facts)
            reasons.setdefault(tuple(map(id, core)), core)
        return Never(tuple(reasons.values()))

    def always(self, condition: Node) -> bool:
        """Tell whether a condition is proved to be true wherever it is known."""
        cases = _alternatives(condition, 0, _DEPTH, holds=False)
        return not any(self._possible(facts) for facts in cases)

    def _core(self, facts: Together) -> tuple[Node, ...]:
        """Return the origins of a smallest set of facts that cannot be at once."""
        kept = list(facts)
        for fact in facts:
            fewer = [other for other in kept if other is not fact]
            if fewer and not self._possible(tuple(fewer)):
                kept = fewer
        return tuple({id(fact.origin): fact.origin for fact in kept}.values())

    def _possible(self, facts: Together) -> bool:
        if _denied(facts):
            return False
        points = _points(facts)
        if len(points) > _POINTS:
            return True
        lines = _Lines(points)
        for fact in facts:
            lines.add_fact(fact)
        self._add_known(points, lines)
        return lines.consistent(facts)

    def _add_known(self, points: list[Value], lines: _Lines) -> None:
        """Draw what holds whatever the data: constants, ranges, the order of values."""
        ranges = self._ordering.ranges
        for a, b in product(points, points):
            if a == b:
                continue
            first, second = ranges.of(a.node), ranges.of(b.node)
            if first.high < second.low:
                lines.add(a, b, strict=True)
            elif self._ordering.at_most(a, b):
                lines.add(a, b, strict=False)


class _Lines:
    """`<=` and `<` between points: 0 nothing, 1 at most, 2 below."""

    def __init__(self, points: list[Value]) -> None:
        self._place = {point: i for i, point in enumerate(points)}
        self._known = [[0] * len(points) for _ in points]

    def add(self, a: Value, b: Value, *, strict: bool) -> None:
        row, at = self._known[self._place[a]], self._place[b]
        row[at] = max(row[at], 2 if strict else 1)

    def add_fact(self, fact: Fact) -> None:
        if fact.left is None or fact.right is None:
            return
        for a, b, strict in _directed(fact.op, fact.left, fact.right):
            self.add(a, b, strict=strict)

    def consistent(self, facts: Together) -> bool:
        """Close over all ways; tell whether no value comes out below itself."""
        known, count = self._known, range(len(self._known))
        for k in count:
            for i in count:
                if not known[i][k]:
                    continue
                for j in count:
                    if known[k][j]:
                        known[i][j] = max(known[i][j], known[i][k], known[k][j])
        if any(known[i][i] == 2 for i in count):
            return False
        return not any(fact.op == "!=" and self._equal(fact) for fact in facts)

    def _equal(self, fact: Fact) -> bool:
        assert fact.left is not None
        assert fact.right is not None
        a, b = self._place[fact.left], self._place[fact.right]
        return a == b or bool(self._known[a][b] and self._known[b][a])


def _directed(op: str, left: Value, right: Value) -> Iterator[tuple[Value, Value, bool]]:
    if op in {"<", "<=", "=="}:
        yield left, right, op == "<"
    if op in {">", ">=", "=="}:
        yield right, left, op == ">"


def _denied(facts: Together) -> bool:
    """Tell whether a condition is said to be both, or a constant to be what it is not."""
    seen: dict[tuple[int, int], bool] = {}
    for fact in facts:
        if fact.left is not None:
            continue
        if isinstance(fact.origin, Const):
            if fact.origin.value is not fact.holds:
                return True
        elif seen.setdefault((id(fact.origin), fact.ago), fact.holds) != fact.holds:
            return True
    return False


def _points(facts: Together) -> list[Value]:
    ends = [end for fact in facts for end in (fact.left, fact.right) if end is not None]
    return list(dict.fromkeys(ends))


def _joined(parts: Iterable[list[Together]]) -> list[Together]:
    """Return every way to take one alternative of each part."""
    result: list[Together] = [()]
    for cases in parts:
        # To leave a part out can only make more possible than is.
        if len(result) * len(cases) <= _ALTERNATIVES:
            result = [left + right for left, right in product(result, cases)]
    return result


def _alternatives(node: Node, ago: int, depth: int, *, holds: bool) -> list[Together]:
    """Take a condition, as it was `ago` bars before, apart into facts that hold together."""
    plain: list[Together] = [(Fact(node, ago=ago, holds=holds),)]
    if depth == 0:
        return plain
    match node:
        case Shift(arg=arg, bars=bars):
            return _alternatives(arg, ago + bars, depth - 1, holds=holds)
        case Unary(op="not", arg=arg):
            return _alternatives(arg, ago, depth - 1, holds=not holds)
        case Align(arg=arg) if ago == 0:
            return _alternatives(arg, 0, depth - 1, holds=holds)
        case Binary(op="and" | "or" as op, left=left, right=right):
            sides = [_alternatives(side, ago, depth - 1, holds=holds) for side in (left, right)]
            if (op == "and") == holds:
                return _joined(sides)
            found = [case for side in sides for case in side]
            return found if len(found) <= _ALTERNATIVES else plain
        case Binary(op=op, left=left, right=right) if left.kind is Kind.NUMBER:
            return [_compared(node, op if holds else _NEGATED[op], left, right, ago)]
        case Binary(op=op, left=left, right=right) if left.kind is Kind.ENUM:
            first, second = _coded(left, right)
            return [_compared(node, op if holds else _NEGATED[op], first, second, ago)]
        case Call():
            return _call(node, ago, depth - 1, holds=holds) or plain
    return plain


def _coded(left: Node, right: Node) -> tuple[Node, Node]:
    """Return both sides of a comparison of texts, constants as places among the choices."""
    choices = choices_of(left) or choices_of(right)
    first, second = (
        _constant(float(choices.index(side.value)), side)
        if isinstance(side, Const) and side.value in choices
        else side
        for side in (left, right)
    )
    return first, second


def _compared(origin: Node, op: str, left: Node, right: Node, ago: int) -> Together:
    """Return a comparison as facts; with a constant also what it says of the parts."""
    a, b = bare(Value(left, ago)), bare(Value(right, ago))
    facts = [_whole(Fact(origin, op, a, b))]
    for near, far, seen in ((a, b, op), (b, a, _mirrored(op))):
        node, limit = near.node, far.node
        if isinstance(node, Const) or not isinstance(limit, Const):
            continue
        if isinstance(node, Binary) and node.op == "-" and limit.value == 0:
            first, second = (bare(Value(part, near.ago)) for part in (node.left, node.right))
            facts.append(Fact(origin, seen, first, second))
        facts += _of_base(origin, seen, near, limit)
    return tuple(facts)


def _of_base(origin: Node, op: str, value: Value, limit: Const) -> Iterator[Fact]:
    """Yield what `2 * x > 200` says of `x`, where dividing rounds nothing."""
    line = straight(value)
    if line.base == value or not line.factor:
        return
    bound = (float(limit.value) - line.offset) / line.factor
    if bound * line.factor + line.offset == limit.value and math.isfinite(bound):
        seen = op if line.factor > 0 else _mirrored(op)
        yield _whole(Fact(origin, seen, line.base, Value(_constant(bound, limit))))


def _constant(value: float, like: Const) -> Const:
    # Constants are compared by their ranges, so one that is not in the graph does as well.
    return Const(kind=Kind.NUMBER, clock=like.clock, value=value, span=like.span)


def _mirrored(op: str) -> str:
    return {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)


def _whole(fact: Fact) -> Fact:
    """Move the limit of a count to a whole number: `hour > 22` is `hour >= 23`."""
    assert fact.left is not None
    assert fact.right is not None
    count, limit, op = fact.left, fact.right, fact.op
    if isinstance(count.node, Const):
        count, limit, op = limit, count, _mirrored(op)
    node = limit.node
    whole = isinstance(count.node, Answer) or (
        isinstance(count.node, Call) and count.node.unit is Unit.COUNT
    )
    if not whole or not isinstance(node, Const) or op in {"==", "!="}:
        return fact
    value = float(node.value)
    moved = math.floor(value) + 1 if op == ">" else math.ceil(value)
    if op in {"<", "<="}:
        moved = math.ceil(value) - 1 if op == "<" else math.floor(value)
    return Fact(fact.origin, op[0] + "=", count, Value(_constant(float(moved), node)))


def _call(node: Call, ago: int, depth: int, *, holds: bool) -> list[Together] | None:
    """Take a call of the conditions group apart."""
    inputs, params = node.inputs, dict(node.params)
    match node.entry, holds:
        case "crosses_above", _:
            return _crossing(node, ">", "<=", ago, holds=holds)
        case "crosses_below", _:
            return _crossing(node, "<", ">=", ago, holds=holds)
        case "between", _:
            ends = ((">=", inputs[1]), ("<=", inputs[2]))
            facts = [_compared(node, op if holds else _NEGATED[op], inputs[0], end, ago)
                     for op, end in ends]  # fmt: skip
            return [facts[0] + facts[1]] if holds else facts
        case (("rising" | "falling"), True):
            op = ">" if node.entry == "rising" else "<"
            links = range(ago, ago + min(int(params["n"]), _LINKS))
            ends_ = [(bare(Value(inputs[0], i)), bare(Value(inputs[0], i + 1))) for i in links]
            return [tuple(Fact(node, op, a, b) for a, b in ends_)]
        case ("held_for", True) | ("occurred_within", False):
            bars = range(ago, ago + min(int(params["n"]), 2))
            return _joined(_alternatives(inputs[0], i, depth, holds=holds) for i in bars)
    return None


def _crossing(node: Call, now: str, before: str, ago: int, *, holds: bool) -> list[Together]:
    left, right = node.inputs
    if holds:
        return [
            _compared(node, now, left, right, ago) + _compared(node, before, left, right, ago + 1)
        ]
    return [
        _compared(node, _NEGATED[now], left, right, ago),
        _compared(node, _NEGATED[before], left, right, ago + 1),
    ]
