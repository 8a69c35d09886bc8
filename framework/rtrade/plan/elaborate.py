"""Work an expression out: `Expr` -> typed node in the graph; everything wrong is noted.

What is wrong yields None, and what is built on it stays silent, so that one slip is one finding.
"""

from __future__ import annotations

from rtrade.catalog.registry import Entry
from rtrade.plan.answers import answer, unquoted, whole
from rtrade.plan.calls import call, field, listing, several
from rtrade.plan.context import Context
from rtrade.plan.habits import HISTORY, LIBRARIES, SWITCHES, WINDOWS
from rtrade.plan.names import PRICES, did_you_mean, example, number, similar
from rtrade.plan.nodes import Const, Node, Shift
from rtrade.plan.operators import operate
from rtrade.plan.syntax import Apply, Expr, Index, Literal, Member, Name, Operation

MAX_SHIFT = 10_000


def elaborate(ctx: Context, expr: Expr) -> Node | None:
    """Return the node of an expression, or None where it has errors."""
    if id(expr) in ctx.known:
        return ctx.known[id(expr)]
    match expr:
        case Literal():
            return ctx.constant(expr.value, expr)
        case Name():
            return _name(ctx, expr)
        case Member():
            return _member(ctx, expr)
        case Apply():
            return _apply(ctx, expr, None)
        case Index():
            return _index(ctx, expr)
        case Operation(op="==" | "!=") if unquoted(ctx, expr):
            return None
        case Operation():
            return operate(ctx, expr, [elaborate(ctx, part) for part in expr.args])
    raise TypeError(type(expr).__name__)


def elaborate_signal(ctx: Context, name: str, expr: Expr) -> None:
    """Work a signal out into the scope: a node, or the results of a call that has several."""
    scope = ctx.scope
    outputs = outputs_of(ctx, expr)
    if not outputs:
        scope.signals[name] = elaborate(ctx, expr)
        return
    results: dict[str, Node] = {}
    for output in outputs:
        node = elaborate_output(ctx, expr, output)
        if node is None:
            return
        results[output] = node
    scope.results[name] = results


def elaborate_output(ctx: Context, expr: Expr, output: str) -> Node | None:
    """Return one of the results of a call that has several, or None where it has errors."""
    assert isinstance(expr, Apply)
    return _apply(ctx, expr, Name(start=expr.start, end=expr.end, name=output))


def outputs_of(ctx: Context, expr: Expr) -> tuple[str, ...]:
    """Return the outputs of a call where there are several; none for all else."""
    function = expr.function if isinstance(expr, Apply) else None
    entry = ctx.scope.registry.get(function.name) if isinstance(function, Name | Member) else None
    if entry is None or len(entry.outputs) == 1:
        return ()
    return tuple(output.name for output in entry.outputs)


def _name(ctx: Context, expr: Name) -> Node | None:
    scope, name = ctx.scope, expr.name
    if name in scope.results:
        several(ctx, expr, tuple(scope.results[name]))
        return None
    if name in scope.answers:
        whole(ctx, expr)
        return None
    if name in PRICES:
        return field(ctx, "", name, expr)
    if name in scope.params:
        return ctx.constant(scope.params[name], expr)
    if name in scope.declared:
        return scope.signals.get(name)
    if name in scope.series:
        message = f"`{name}` is a series with several fields"
        ctx.error("RT111", message, expr, f"say which: `{name}.close`")
        return None
    entry = scope.registry.get(name)
    if entry is None:
        switch = SWITCHES.get(name.lower())
        advice = f"write `{switch}`" if switch else did_you_mean(scope.similar(name))
        ctx.error("RT110", f"unknown name `{name}`", expr, advice)
        return None
    if entry.inputs or entry.params:
        ctx.error("RT113", f"`{name}` is a function", expr, f"write `{example(entry)}`")
        return None
    return _call(ctx, expr, entry, None)


def _call(
    ctx: Context, expr: Expr, entry: Entry, output: Name | None, series: str = ""
) -> Node | None:
    arguments = expr.arguments if isinstance(expr, Apply) else ()

    def evaluate(part: Expr) -> Node | None:
        return elaborate(ctx, part)

    return call(ctx, expr, entry, arguments, evaluate, series=series, output=output)


def _member(ctx: Context, expr: Member) -> Node | None:
    base = expr.base
    if isinstance(base, Name):
        return _field(ctx, expr, base)
    if isinstance(base, Apply):
        return _apply(ctx, base, expr.field)
    if isinstance(base, Index) and isinstance(base.base, Apply):
        back = ctx.source.text[base.base.end : base.end]
        advice = f"write {ctx.text(base.base)[:-1]}.{expr.name}{back}`"
        ctx.error("RT111", f"`.{expr.name}` comes before `{back}`", expr, advice)
        return None
    message = f"{ctx.text(base)} has no `.{expr.name}`"
    ctx.error("RT111", message, expr, "only series and calls with several results have fields")
    return None


def _field(ctx: Context, expr: Member, base: Name) -> Node | None:
    """Work out `daily.close`, or say why there is no such thing."""
    scope = ctx.scope
    if base.name in scope.answers:
        return answer(ctx, expr, base)
    entry = scope.registry.get(expr.name)
    if base.name in scope.series:
        if expr.name in PRICES:
            return field(ctx, base.name, expr.name, expr)
        if entry is not None:
            return _on_series(ctx, expr, entry, base.name, None)
        known = [*PRICES, *(one.name for one in scope.registry.entries() if one.prices)]
        advice = did_you_mean(similar(expr.name, known)) or f"its fields are {', '.join(PRICES)}"
        ctx.error("RT111", f"`{base.name}` has no field `{expr.name}`", expr.field, advice)
        return None
    if base.name in scope.declared and base.name not in scope.signals:
        return _result(ctx, expr, base)
    function = scope.registry.get(base.name)
    if function is not None and (function.inputs or function.params):
        advice = f"write `{example(function)}.{expr.name}`"
        ctx.error("RT113", f"`{base.name}` is a function", base, advice)
    elif entry is not None and (base.name in PRICES or base.name in scope.declared):
        advice = f"write `{entry.name}({base.name}, ...)`"
        ctx.error("RT111", f"`{base.name}` has no `.{expr.name}`", expr, advice)
    elif base.name in PRICES or base.name in scope.params or base.name in scope.declared:
        advice = "only series and calls with several results have fields"
        ctx.error("RT111", f"`{base.name}` has no `.{expr.name}`", expr, advice)
    else:
        declare = "declare it under `data.also`, such as `daily: {timeframe: 1d}`"
        guess = did_you_mean(similar(base.name, scope.series))
        ctx.error("RT110", f"unknown series `{base.name}`", base, guess or declare)
    return None


def _result(ctx: Context, expr: Member, base: Name) -> Node | None:
    """Work out `bands.upper` of a signal that names a call; silent where that has errors."""
    results = ctx.scope.results.get(base.name)
    if results is None:
        return None
    if expr.name not in results:
        advice = did_you_mean(similar(expr.name, results)) or f"say which: {listing(results)}"
        ctx.error("RT111", f"`{base.name}` has no result `{expr.name}`", expr.field, advice)
    return results.get(expr.name)


def _on_series(
    ctx: Context, expr: Expr, entry: Entry, series: str, output: Name | None
) -> Node | None:
    """Work out a call that reads the prices of another series: `daily.atr(14)`."""
    if entry.prices:
        return _call(ctx, expr, entry, output, series)
    rest = "".join(f", {param.name}" for param in entry.params)
    if isinstance(expr, Apply) and expr.arguments:
        rest = ", " + ctx.source.text[expr.arguments[0].start : expr.arguments[-1].end]
    advice = f"write `{entry.name}({series}.close{rest})`"
    ctx.error("RT111", f"`{entry.name}` reads no prices by itself", expr, advice)
    return None


def _apply(ctx: Context, expr: Apply, output: Name | None) -> Node | None:
    function = expr.function
    if isinstance(function, Name):
        entry = ctx.scope.registry.get(function.name)
        if entry is not None:
            return _call(ctx, expr, entry, output)
        _not_a_function(ctx, function)
        for given in expr.arguments:
            elaborate(ctx, given.value)
        return None
    if isinstance(function, Member) and isinstance(function.base, Name):
        return _method(ctx, expr, function, function.base, output)
    message = f"{ctx.text(function)} cannot be called"
    advice = "call a function of the catalog by its name"
    before = function.base if isinstance(function, Member) else None
    called = before.function if isinstance(before, Apply) else None
    if isinstance(called, Member) and called.name in WINDOWS:
        windows = "`sma(close, 20)`, `highest(close, 20)`, `stddev(close, 20)`"
        advice = f"windows are functions of the catalog: {windows}"
    ctx.error("RT110", message, function, advice)
    return None


def _not_a_function(ctx: Context, function: Name) -> None:
    scope, name = ctx.scope, function.name
    if name in PRICES or name in scope.declared or name in scope.params or name in scope.series:
        varies = name in PRICES or name in scope.declared
        past = f"for its value three bars ago write `{name}[3]`" if varies else None
        ctx.error("RT110", f"`{name}` is not a function", function, past)
        return
    advice = did_you_mean(similar(name, scope.registry.names()))
    if name.lower() in HISTORY:
        advice = "the value three bars ago is `x[3]`"
    ctx.error("RT110", f"unknown function `{name}`", function, advice)


def _method(
    ctx: Context, expr: Apply, function: Member, base: Name, output: Name | None
) -> Node | None:
    """Work out `daily.atr(14)`, or say how to call a function."""
    scope = ctx.scope
    entry = scope.registry.get(function.name)
    if base.name in scope.series and entry is not None:
        return _on_series(ctx, expr, entry, base.name, output)
    if base.name in scope.series:
        known = [one.name for one in scope.registry.entries() if one.prices]
        advice = did_you_mean(similar(function.name, known))
        ctx.error("RT110", f"unknown function `{function.name}`", function, advice)
    elif entry is not None and (base.name in PRICES or base.name in scope.declared):
        given = ctx.source.text[function.end + 1 : expr.end]
        advice = f"write `{entry.name}({base.name}{', ' if expr.arguments else ''}{given}`"
        ctx.error("RT111", f"`{base.name}` has no `.{function.name}`", function, advice)
    elif base.name.lower() in LIBRARIES:
        meant = entry or scope.registry.get(similar(function.name, scope.registry.names()) or "")
        shown = example(meant) if meant is not None else "sma(close, 20)"
        advice = f"functions stand alone: `{shown}`"
        ctx.error("RT110", f"unknown series `{base.name}`", base, advice)
    elif function.name in HISTORY and (base.name in PRICES or base.name in scope.declared):
        advice = f"the value one bar ago is `{base.name}[1]`"
        ctx.error("RT111", f"`{base.name}` has no `.{function.name}`", function, advice)
    else:
        _field(ctx, function, base)
    return None


def _index(ctx: Context, expr: Index) -> Node | None:
    base, bars = elaborate(ctx, expr.base), elaborate(ctx, expr.bars)
    if bars is None:
        return None
    if not isinstance(bars, Const) or not isinstance(bars.value, float):
        message = f"how far {ctx.text(expr)} reaches back must be a constant"
        ctx.error("RT104", message, expr.bars, "write a whole number or a param")
        return None
    if bars.value < 0:
        message = f"{ctx.text(expr)} would look into the future"
        advice = "`x[1]` is the value one bar ago; no bar after this one is known"
        ctx.error("RT104", message, expr.bars, advice)
        return None
    if not bars.value.is_integer():
        message = f"{number(bars.value)} is not a whole number of bars"
        ctx.error("RT104", message, expr.bars)
        return None
    if bars.value > MAX_SHIFT:
        message = f"{ctx.text(expr)} reaches back more than {MAX_SHIFT:,} bars"
        ctx.error("RT104", message, expr.bars)
        return None
    if isinstance(base, Const):
        ctx.error("RT104", f"{ctx.text(expr.base)} is a constant and has no past", expr)
        return None
    if base is None or bars.value == 0:
        return base
    span = ctx.span(expr)
    shift = Shift(
        kind=base.kind, unit=base.unit, clock=base.clock, arg=base, bars=int(bars.value), span=span
    )
    return ctx.graph.add(shift)
