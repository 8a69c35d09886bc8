"""A strategy with parts of its rules left out, and which way an answer points.

A condition that is left out is neutral: `a and b` without `b` is `a`, and so is `a or b`. A rule of
which nothing is left is no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rtrade.catalog.registry import Kind
from rtrade.core.bars import FALSE, TRUE, UNKNOWN
from rtrade.plan.nodes import Align, Answer, Binary, Const, Node, Unary, rests_on_answers, walk
from rtrade.plan.plan import Plan

# The field that is 1 where an answer, or an abstention, applies. No answer has a field called so.
APPLIES = ""
_ENTRIES = ("enter_long", "enter_short")
# What a rule is for: +1 a rise, -1 a fall.
_FOR = {"enter_long": 1, "exit_short": 1, "enter_short": -1, "exit_long": -1}


def filter_alone(plan: Plan) -> Plan | None:
    """Return the strategy as if each answer had let be what the rest of an entry asks for.

    A condition on an answer becomes the condition that one applies (`APPLIES`), so that what a
    model is asked on (`at:`) and `valid_for` still count. Exits on answers are left out, sizes that
    rest on answers are whole. None where no entry has anything left to ask for.
    """
    rules = {}
    for name, rule in plan.rules.items():
        left = without(rule, rests_on_answers)
        if name in _ENTRIES and (left is not None or _asked_on_conditions(plan, rule)):
            left = without(rule, rests_on_answers, lambda node: _applies(plan, node))
        if left is not None:
            rules[name] = left
    if not any(name in rules for name in _ENTRIES):
        return None
    scale = None if plan.scale is None or rests_on_answers(plan.scale) else plan.scale
    level = plan.risk_level
    level = None if level is None or rests_on_answers(level) else level
    factors = plan.risk_factors if level is not None else ()
    return replace(
        plan, rules=rules, signals={}, scale=scale, risk_level=level, risk_factors=factors
    )


def llm_alone(plan: Plan) -> Plan | None:
    """Return the strategy with no conditions in its rules but those on answers.

    An entry without such a condition is left out; an exit without one stays, since a position has
    to be left somehow. None where no entry rests on an answer, or nothing would change.
    """
    rules, changed = {}, False
    for name, rule in plan.rules.items():
        left = without(rule, lambda node: not rests_on_answers(node))
        if left is None and name not in _ENTRIES:
            left = rule
        changed = changed or left is not rule
        if left is not None:
            rules[name] = left
    if not changed or not any(name in rules for name in _ENTRIES):
        return None
    return replace(plan, rules=rules, signals={})


def without(
    node: Node, dropped: Callable[[Node], bool], instead: Callable[[Node], Node] | None = None
) -> Node | None:
    """Return a condition without those of its parts that are `dropped`; None: nothing is left.

    `instead` gives what takes the place of such a part. A condition that keeps all its parts is
    the same object.
    """
    match node:
        case Binary(op="and" | "or"):
            left = without(node.left, dropped, instead)
            right = without(node.right, dropped, instead)
            if left is None or right is None:
                return left if right is None else right
            kept = left is node.left and right is node.right
            return node if kept else replace(node, left=left, right=right)
        case Unary(op="not") | Align(kind=Kind.BOOLEAN):
            # What is under a `not` is not replaced, but the whole of it.
            arg = without(node.arg, dropped, instead if isinstance(node, Align) else None)
            if arg is not None:
                return node if arg is node.arg else replace(node, arg=arg)
            return None if instead is None else instead(node)
    if not dropped(node):
        return node
    return None if instead is None else instead(node)


def _asked_on_conditions(plan: Plan, rule: Node) -> bool:
    """Tell whether the models of a rule are asked where a condition is true, not at fixed times."""
    asked = [plan.llm[name] for name in signals_of(rule) if name in plan.llm]
    return bool(asked) and all(one.at is not None for one in asked)


def _applies(plan: Plan, node: Node) -> Node:
    """Return the condition that an answer of each model below `node` applies."""
    zero = Const(kind=Kind.NUMBER, clock=plan.timeframe, value=0)
    parts: list[Node] = [
        Binary(
            kind=Kind.BOOLEAN,
            clock=plan.timeframe,
            op=">",
            left=Answer(kind=Kind.NUMBER, clock=plan.timeframe, signal=name, field=APPLIES),
            right=zero,
        )
        for name in sorted(signals_of(node))
    ]
    found = parts[0]
    for part in parts[1:]:
        found = Binary(kind=Kind.BOOLEAN, clock=plan.timeframe, op="and", left=found, right=part)
    return found


def signals_of(*roots: Node) -> set[str]:
    """Return the names of the models whose answers are used below `roots`."""
    return {node.signal for node in walk(*roots) if isinstance(node, Answer)}


def directions(plan: Plan, signal: str) -> Mapping[str, Mapping[str, int]]:
    """Return by field, and by each of its choices, which way an answer of `signal` points.

    A choice points up (+1) where it can open longs or close shorts and does not do the opposite,
    down (-1) the other way round; else 0. Fields that no rule tells apart are left out.
    """
    rules = {
        name: left
        for name, rule in plan.rules.items()
        if (left := without(rule, lambda node: not rests_on_answers(node))) is not None
    }
    found: dict[str, Mapping[str, int]] = {}
    for field, choices in _choices(rules.values(), signal).items():
        points = dict.fromkeys(choices, 0)
        for name, rule in rules.items():
            truths = {value: _truth(rule, signal, field, value) for value in choices}
            if FALSE not in truths.values():
                continue
            for value, truth in truths.items():
                points[value] += _FOR[name] * (truth != FALSE)
        if any(points.values()):
            found[field] = {value: (n > 0) - (n < 0) for value, n in points.items()}
    return found


def _choices(rules: object, signal: str) -> dict[str, tuple[str, ...]]:
    nodes = [node for node in walk(*rules) if isinstance(node, Answer)]  # type: ignore[misc]
    return {node.field: node.choices for node in nodes if node.signal == signal and node.choices}


def _truth(node: Node, signal: str, field: str, value: str) -> int:
    """Return what a condition is where `field` is `value` and nothing else is known."""
    match node:
        case Binary(op="and"):
            return min(_truth(side, signal, field, value) for side in node.args)
        case Binary(op="or"):
            return max(_truth(side, signal, field, value) for side in node.args)
        case Unary(op="not"):
            return TRUE - _truth(node.arg, signal, field, value)
        case Align():
            return _truth(node.arg, signal, field, value)
        case Binary(op="==" | "!="):
            sides = [_text(side, signal, field, value) for side in node.args]
            if None not in sides:
                same = sides[0] == sides[1]
                return TRUE if same == (node.op == "==") else FALSE
    return UNKNOWN


def _text(node: Node, signal: str, field: str, value: str) -> str | None:
    if isinstance(node, Align):
        return _text(node.arg, signal, field, value)
    if isinstance(node, Answer):
        return value if (node.signal, node.field) == (signal, field) else None
    return node.value if isinstance(node, Const) and isinstance(node.value, str) else None
