"""The sentences on a bar of a run: what a condition was, what it lacked, what came of it.

Numbers of one sentence have as many digits as it takes to tell them apart. All is ASCII, which
every terminal can show.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from rtrade.analysis.why import TRUE, UNKNOWN, Condition, FillWhy, LevelWhy, Scalar, Value
from rtrade.plan.names import number as plain_number
from rtrade.report.formatting import Form, ascii_text, show

# A formula that is longer is called by the name that stands for it.
_SHORT = 40
_MOST_DECIMALS = 12
_CONTRARY = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def sentence(leaf: Condition) -> str:
    """Say what a condition came to: the values that made it so, or what it lacked to be true."""
    return _said(leaf, wanted=True)


def lacking(leaf: Condition) -> str:
    """Say what a condition lacked to be other than it was."""
    return _said(leaf, wanted=leaf.state != TRUE)


def _said(leaf: Condition, *, wanted: bool) -> str:
    if leaf.form not in ("comparison", "crossing", "call"):
        return ""
    if leaf.state == UNKNOWN:
        return leaf.reason
    if leaf.form == "comparison":
        return _comparison(leaf, wanted=wanted)
    if leaf.form == "crossing":
        return _crossing(leaf)
    return _CALLS.get(leaf.op, _call)(leaf)


# Numbers


def figures(values: Sequence[float], unit: str, gap: float | None = None) -> list[str]:
    """Write numbers of one unit with as many decimals as tell them, and their gaps, apart.

    A `gap` is written after them with the decimals that they have.
    """
    decimals = max(_decimals(value, unit) for value in values)
    for apart in (abs(a - b) for a in values for b in values if a != b):
        decimals = max(decimals, min(1 - math.floor(math.log10(apart)), _MOST_DECIMALS))
    fixed = 2 if unit == "price" and max(map(abs, values)) >= 100 else 0
    shown = [*values] if gap is None else [*values, gap]
    return [_written(value, decimals, fixed) for value in shown]


def figure(value: float, unit: str) -> str:
    """Write one number."""
    return figures([value], unit)[0]


def _decimals(value: float, unit: str) -> int:
    if not value or not math.isfinite(value):
        return 0
    size = math.floor(math.log10(abs(value)))
    if unit == "price" and size >= 2:
        return 2
    # Four digits that mean something, of prices six.
    return min(max(0, (5 if unit == "price" else 3) - size), _MOST_DECIMALS)


def _written(value: float, decimals: int, fixed: int) -> str:
    if abs(value) >= 1e15:
        return plain_number(value)
    whole, _, rest = f"{value:,.{decimals}f}".partition(".")
    rest = rest.rstrip("0").ljust(min(fixed, decimals), "0")
    text = f"{whole}.{rest}" if rest else whole
    return "0" if text == "-0" else text


def percent(fraction: float, *, signed: bool = False) -> str:
    """Write a fraction as a percentage."""
    return ascii_text(show(fraction, Form.PERCENT, signed=signed))


def money(value: float) -> str:
    """Write an amount of quote units."""
    return ascii_text(show(value, Form.MONEY))


def size(value: float) -> str:
    """Write an amount of base units."""
    return ascii_text(show(value, Form.SIZE))


def price(value: float) -> str:
    """Write a price."""
    return ascii_text(show(value, Form.PRICE))


def scalar(value: Scalar | None, unit: str) -> str:
    """Write any value."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}'" if isinstance(value, str) else figure(value, unit)


# Comparisons


def spelled(leaf: Condition) -> Condition:
    """Return a condition whose values are called by what they stand for, where that is short."""
    values = (
        replace(one, text=one.formula) if one.formula and len(one.formula) <= _SHORT else one
        for one in leaf.values
    )
    return replace(leaf, values=tuple(values))


def meanings(leaf: Condition) -> str:
    """Say what the names of a condition's values stand for; empty where they have none."""
    return ", ".join(dict.fromkeys(f"{v.text} = {v.formula}" for v in leaf.values if v.formula))


def _when(value: Value) -> str:
    return f" (bar of {value.time})" if value.time is not None else ""


def _comparison(leaf: Condition, *, wanted: bool) -> str:
    assert leaf.threshold is not None
    held, against = leaf.values[1 - leaf.threshold], leaf.values[leaf.threshold]
    op = _TURNED[leaf.op] if leaf.threshold == 0 else leaf.op
    holds = leaf.state == TRUE
    if not isinstance(held.value, float) or not isinstance(against.value, float):
        return _choice(held, against, op, holds=holds, wanted=wanted)
    shown = figures([held.value, against.value], held.unit)
    limit = _limit(against, shown[1], held)
    far = _far(leaf, [held.value, against.value], held.unit)
    was = f"{held.text}{_when(held)} was {shown[0]}"
    if holds is wanted:
        if far:
            return f"{was}, {op if holds else _CONTRARY[op]} {limit} by {far}"
        return f"{was}, as {limit}"
    needed = op if wanted else _CONTRARY[op]
    if far:
        return f"{was}, needed {needed} {limit}, {far} away"
    return f"{was}, needed {needed} {limit}" + ("" if needed == "!=" else ": equal is not enough")


def _choice(held: Value, against: Value, op: str, *, holds: bool, wanted: bool) -> str:
    was = f"{held.text} was {scalar(held.value, held.unit)}"
    if holds is wanted:
        return was
    same = (op == "==") is wanted
    limit = scalar(against.value, against.unit)
    if not against.constant:
        limit = f"{against.text} ({limit})"
    return f"{was}, needed {limit if same else f'anything but {limit}'}"


def _limit(against: Value, shown: str, held: Value) -> str:
    """Return a threshold with its value, where it does not say it itself."""
    if against.constant:
        assert isinstance(against.value, float)
        value = plain_number(against.value)
        return f"{against.text} ({value})" if against.text.isidentifier() else value
    when = "" if against.time in (None, held.time) else f", bar of {against.time}"
    return f"{against.text} ({shown}{when})"


def _far(leaf: Condition, values: Sequence[float], unit: str) -> str:
    """Return the distance to turning over, of such values; empty where there is none."""
    far = leaf.distance
    if far is None or not far.absolute:
        return ""
    text = figures(values, unit, far.absolute)[-1]
    if far.relative is None or leaf.op in ("==", "!="):
        # Who asks for one value does not think in shares of it.
        return text
    return f"{text} ({percent(far.relative)})"


def _crossing(leaf: Condition) -> str:
    assert leaf.threshold is not None
    held, against = leaf.values[1 - leaf.threshold], leaf.values[leaf.threshold]
    upwards = (leaf.op == "crosses_above") is (leaf.threshold == 1)
    side = "above" if upwards else "below"
    given = (held.value, against.value, held.before, against.before)
    numbers = [one for one in given if isinstance(one, float)]
    if len(numbers) < len(given):
        return f"{held.text} did not cross {side} {against.text}"
    shown = figures(numbers, held.unit)
    limit, far = _limit(against, shown[1], held), _far(leaf, numbers, held.unit)
    if leaf.state == TRUE:
        was = "<=" if upwards else ">="
        now = ">" if upwards else "<"
        told = f"{shown[0]} {now} {shown[1]}, {shown[2]} {was} {shown[3]} a bar before"
        return f"{held.text} crossed {side} {against.text}: {told}"
    if leaf.note == "already":
        begun = f"{held.text} ({shown[0]}) was {side} {limit} already"
        return f"{begun}, by {far} a bar before" if far else begun
    begun = f"{held.text}{_when(held)} was {shown[0]}, needed to cross {side} {limit}"
    return f"{begun}, {far} away" if far else f"{begun}: equal is not enough"


# Calls


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count:,} bars"


def _run(leaf: Condition) -> str:
    verb = "had risen" if leaf.op == "rising" else "had fallen"
    begun = f"{leaf.values[0].text} {verb} {_bars(leaf.count or 0)} in a row"
    return begun if leaf.state == TRUE else f"{begun}, needed {leaf.wanted:,}"


def _held_for(leaf: Condition) -> str:
    count, wanted = leaf.count or 0, _bars(leaf.wanted or 0)
    begun = f"`{leaf.parts[0].text}` was "
    begun += f"true on the last {_bars(count)}" if count else "not true"
    return begun if leaf.state == TRUE else f"{begun}, needed {wanted} in a row"


def _occurred(leaf: Condition) -> str:
    window, begun = _bars(leaf.wanted or 0), f"`{leaf.parts[0].text}` was"
    if leaf.count is None:
        return f"{begun} true on none of the last {window}"
    return f"{begun} true" if leaf.count == 0 else f"{begun} last true {_bars(leaf.count)} ago"


def _between(leaf: Condition) -> str:
    values = [one.value for one in leaf.values if isinstance(one.value, float)]
    if len(values) < len(leaf.values):
        return _call(leaf)
    shown = figures(values, leaf.values[0].unit)
    x = leaf.values[0]
    ends = " to ".join(
        _limit(one, text, x) for one, text in zip(leaf.values[1:], shown[1:], strict=True)
    )
    far = _far(leaf, values, leaf.values[0].unit)
    was = f"{leaf.values[0].text} was {shown[0]}"
    if leaf.state == TRUE:
        return f"{was}, within {ends}" + (f", {far} from leaving it" if far else "")
    return f"{was}, needed {ends}, {far} away"


def _call(leaf: Condition) -> str:
    listed = ", ".join(f"{one.text} {scalar(one.value, one.unit)}" for one in leaf.values)
    return f"it was {leaf.state}" + (f" ({listed})" if listed else "")


_CALLS = {
    "rising": _run,
    "falling": _run,
    "held_for": _held_for,
    "occurred_within": _occurred,
    "between": _between,
}


# Fills and levels


def fill(one: FillWhy) -> str:
    """Say what was filled."""
    text = f"{one.direction} {size(one.size)} at {price(one.price)}: {one.reason}"
    if one.level is not None:
        text += f" of {price(one.level)}"
    parts = [f"fee {money(one.fee)}"]
    if one.slippage:
        parts = [f"{price(one.reference)} before slippage of {money(one.slippage)}", *parts]
    return f"{text} ({'; '.join(parts)})"


def level(one: LevelWhy) -> str:
    """Say where a level is, and how far from the close; a stop behind another one says so."""
    text = f"{one.name} {price(one.price)}, {percent(one.move, signed=True)} from the close"
    return text if one.counts else f"{text} (the other stop is nearer)"


def worked(one: LevelWhy, filled: Collection[str]) -> str:
    """Say how near a bar came to a level; `filled` are the reasons of its fills."""
    begun = f"{one.name} {price(one.price)}"
    if one.reached and one.counts:
        return f"{begun}: reached" + ("" if one.name in filled else ", after the stop")
    if one.reached:
        return f"{begun}: behind the other stop"
    edge = "below its low" if one.move < 0 else "above its high"
    text = f"{begun}: {percent(abs(one.move))} {edge}"
    return text if one.counts else f"{text} (the other stop is nearer)"
