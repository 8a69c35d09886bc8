"""Calls of catalog entries: arguments are matched with inputs and params, checked, and bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rtrade.catalog.registry import Entry, Input, Kind, Number, Output, Param, Unit
from rtrade.plan import units
from rtrade.plan.context import KINDS, Context
from rtrade.plan.names import PRICES, did_you_mean, example, number, similar
from rtrade.plan.nodes import Call, Const, Field, Node
from rtrade.plan.syntax import Argument, Expr, Name

Evaluate = Callable[[Expr], Node | None]
Bound = dict[str, Expr]

_PERIODS = ("period", "length", "window", "timeperiod", "len", "bars", "span", "lookback")


def field(ctx: Context, series: str, name: str, expr: Expr) -> Node:
    """Return a field of a series; `series` "" is the base."""
    clock = ctx.scope.series[series] if series else ctx.graph.base
    unit = PRICES.get(name, Unit.NONE)
    span = ctx.span(expr)
    node = Field(kind=Kind.NUMBER, unit=unit, clock=clock, series=series, name=name, span=span)
    return ctx.graph.add(node)


def call(
    ctx: Context,
    expr: Expr,
    entry: Entry,
    arguments: tuple[Argument, ...],
    evaluate: Evaluate,
    *,
    series: str = "",
    output: Name | None = None,
) -> Node | None:
    """Return the node of a call, or None where it is wrong. `output` None: the only one."""
    bound = _bind(ctx, expr, entry, arguments, series)
    if bound is None:
        for given in arguments:
            evaluate(given.value)
    chosen = _output(ctx, expr, entry, output)
    inputs = _inputs(ctx, expr, entry, bound, evaluate)
    params = _params(ctx, expr, entry, bound, evaluate)
    if bound is None or chosen is None or inputs is None or params is None:
        return None
    prices = [field(ctx, series, name, expr) for name in entry.prices]
    clock, nodes = ctx.graph.meet([*inputs, *prices])
    if units.compares_inputs(entry):
        _check_units(ctx, expr, entry, bound, inputs)
    node = Call(
        kind=chosen.kind,
        unit=units.call_unit(entry, chosen.unit, nodes),
        clock=clock,
        entry=entry.name,
        inputs=nodes,
        params=params,
        output=chosen.name,
        prices=len(prices),
        span=ctx.span(expr),
    )
    return ctx.graph.add(node)


def _slots(entry: Entry) -> list[str]:
    return [one.name for one in entry.inputs] + [one.name for one in entry.params]


def _bind(
    ctx: Context, expr: Expr, entry: Entry, arguments: tuple[Argument, ...], series: str
) -> Bound | None:
    """Match arguments with names; return None where they do not fit."""
    slots = _slots(entry)
    bound: Bound = {}
    fits = True
    positional = [given for given in arguments if given.name is None]
    if len(positional) > len(slots):
        _too_many(ctx, expr, entry, len(positional))
        return None
    for slot, given in zip(slots, positional, strict=False):
        bound[slot] = given.value
    for given in arguments:
        if given.name is None:
            continue
        if given.name not in slots:
            _unknown_argument(ctx, entry, given, slots)
            fits = False
        elif given.name in bound:
            message = f"`{given.name}` of `{entry.name}` is given twice"
            ctx.error("RT113", message, given)
            fits = False
        else:
            bound[given.name] = given.value
    # A misspelt argument is also a missing one: saying so twice does not help.
    return bound if fits and _complete(ctx, expr, entry, bound, series) else None


def _too_many(ctx: Context, expr: Expr, entry: Entry, count: int) -> None:
    slots = _slots(entry)
    advice = f"write `{example(entry)}`"
    if entry.prices and not entry.inputs and entry.prices[0] in PRICES:
        *most, last = entry.prices
        listed = f"{', '.join(most)} and {last}" if most else last
        advice = f"`{entry.name}` reads {listed} by itself: {advice}"
    takes = f"{len(slots)} argument{'s' if len(slots) != 1 else ''}"
    listed = f" ({', '.join(slots)})" if slots else ""
    message = f"`{entry.name}` takes {takes}{listed}, not {count}"
    ctx.error("RT113", message, expr, advice)


def _unknown_argument(ctx: Context, entry: Entry, given: Argument, slots: list[str]) -> None:
    assert given.name is not None
    guess = similar(given.name, slots)
    if guess is None and "n" in slots and similar(given.name, _PERIODS) is not None:
        guess = "n"
    advice = did_you_mean(guess) or f"it takes {', '.join(slots) or 'none'}"
    ctx.error("RT113", f"`{entry.name}` has no argument `{given.name}`", given, advice)


def _complete(ctx: Context, expr: Expr, entry: Entry, bound: Bound, series: str) -> bool:
    required = [given.name for given in entry.inputs]
    required += [param.name for param in entry.params if param.default is None]
    missing = [name for name in required if name not in bound]
    if missing:
        listed = " and ".join(f"`{name}`" for name in missing)
        message = f"`{entry.name}` needs {listed}"
        ctx.error("RT113", message, expr, f"write `{example(entry, series=series)}`")
    return not missing


def several(ctx: Context, expr: Expr, outputs: tuple[str, ...]) -> None:
    """Note that one of several results must be said."""
    message = f"{ctx.text(expr)} has {len(outputs)} results"
    ctx.error("RT112", message, expr, f"say which: {listing(outputs)}")


def listing(outputs: Iterable[str]) -> str:
    """Return the results to choose from, in words."""
    *most, last = outputs
    return ", ".join(f"`.{one}`" for one in most) + f" or `.{last}`"


def _output(ctx: Context, expr: Expr, entry: Entry, chosen: Name | None) -> Output | None:
    if chosen is None and len(entry.outputs) == 1:
        return entry.outputs[0]
    names = tuple(output.name for output in entry.outputs)
    if chosen is None:
        several(ctx, expr, names)
        return None
    if len(names) == 1:
        message = f"`{entry.name}` has one result, without a name"
        ctx.error("RT111", message, chosen, f"leave `.{chosen.name}` away")
        return None
    if entry.output(chosen.name) is None:
        advice = did_you_mean(similar(chosen.name, names)) or f"say which: {listing(names)}"
        message = f"`{entry.name}` has no result `{chosen.name}`"
        ctx.error("RT111", message, chosen, advice)
    return entry.output(chosen.name)


def _inputs(
    ctx: Context, expr: Expr, entry: Entry, bound: Bound | None, evaluate: Evaluate
) -> list[Node] | None:
    if bound is None:
        return None
    nodes = [_input(ctx, entry, given, bound[given.name], evaluate) for given in entry.inputs]
    found = [node for node in nodes if node is not None]
    if len(found) < len(nodes):
        return None
    if nodes and all(isinstance(node, Const) for node in found):
        message = f"{ctx.text(expr)} has only constants to work on"
        ctx.error("RT120", message, expr, f"write `{example(entry)}`")
        return None
    return found


def _input(
    ctx: Context, entry: Entry, given: Input, value: Expr, evaluate: Evaluate
) -> Node | None:
    node = evaluate(value)
    if node is None or node.kind == given.kind:
        return node
    wanted, got = KINDS[given.kind], KINDS[node.kind]
    message = f"`{given.name}` of `{entry.name}` must be {wanted}; {ctx.text(value)} is {got}"
    ctx.error("RT120", message, value, f"write `{example(entry)}`")
    return None


def _params(
    ctx: Context, expr: Expr, entry: Entry, bound: Bound | None, evaluate: Evaluate
) -> tuple[tuple[str, Number], ...] | None:
    if bound is None:
        return None
    values: dict[str, Number] = {}
    for param in entry.params:
        value: Number | None = param.default
        if param.name in bound:
            value = _param(ctx, entry, param, bound[param.name], evaluate)
        if value is not None:
            values[param.name] = value if param.integer else float(value)
    if len(values) < len(entry.params):
        return None
    wrong = entry.check(values) if entry.check is not None else None
    if wrong is not None:
        ctx.error("RT115", f"`{entry.name}`: {wrong}", expr)
        return None
    return tuple(values.items())


def _param(
    ctx: Context, entry: Entry, param: Param, value: Expr, evaluate: Evaluate
) -> Number | None:
    node = evaluate(value)
    if node is None:
        return None
    what = f"`{param.name}` of `{entry.name}`"
    if not isinstance(node, Const):
        message = f"{what} must be a constant; {ctx.text(value)} changes from bar to bar"
        ctx.error("RT114", message, value, "write a number or a param")
        return None
    if isinstance(node.value, bool | str):
        message = f"{what} must be a number; {ctx.text(value)} is {KINDS[node.kind]}"
        ctx.error("RT114", message, value)
        return None
    if param.integer and not float(node.value).is_integer():
        message = f"{what} must be a whole number, not {number(node.value)}"
        ctx.error("RT114", message, value)
        return None
    if not param.min <= node.value <= param.max:
        extent = f"from {number(param.min)} to {number(param.max)}"
        message = f"{what} is {number(node.value)}; it goes {extent}"
        ctx.error("RT115", message, value, f"{param.name}: {param.doc}")
        return None
    return int(node.value) if param.integer else float(node.value)


def _check_units(ctx: Context, expr: Expr, entry: Entry, bound: Bound, nodes: list[Node]) -> None:
    """Warn where an entry sets values of different units against one another."""
    parts = list(zip(entry.inputs, nodes, strict=True))
    numbers = [(given, node) for given, node in parts if node.kind == Kind.NUMBER]
    for given, node in numbers[1:]:
        first, reference = numbers[0]
        if units.clash(reference, node):
            left, right = ctx.text(bound[first.name]), ctx.text(bound[given.name])
            message = f"{left} is {units.NOUNS[reference.unit]} and {right} is "
            message += units.NOUNS[node.unit]
            ctx.warning("RT122", message, expr, "compare like with like")
            return
