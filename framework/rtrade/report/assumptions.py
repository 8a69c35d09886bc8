"""The run under other assumptions: in words, as a grid, and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rtrade.catalog.metrics import BY_NAME
from rtrade.report import drawing as draw
from rtrade.report.context import Assumed, CaseRow, Fact, Figure, GridRow, Picture
from rtrade.report.formatting import NARROW, TIMES, Form, metric_figure, show
from rtrade.report.pictures import percent
from rtrade.report.words import counted

Case = Mapping[str, Any]

_NOT_ASKED = "It was left out with `--no-assumptions`."
_OLDER = (
    "The version of rtrade that made this run did not make it under other assumptions. The present "
    "one does when the strategy is run again."
)
_COLUMNS = ("total_return", "benchmark_return", "max_drawdown", "trades")
# Room beside the lines for their names.
_NAMES = 92
_TONES = ("second", "first", "next")


def assumed(document: Mapping[str, Any]) -> Assumed:
    """Return what the page shows of the run under other assumptions."""
    found = document.get("assumptions")
    if found is None or found["left_out"] is not None:
        # The version that began to judge runs began with diagnoses too.
        absent = _NOT_ASKED if "diagnoses" in document else _OLDER
        why = absent if found is None else f"It was left out: {found['left_out']}."
        return Assumed(why, (), None, (), (), ())
    own, fees = _own(found), _fees(found["costs"])
    slippages = sorted({case["slippage"] for case in found["costs"]})
    return Assumed(
        left_out="",
        facts=(*_limits(found["break_even"]), *_late(document, found["delays"]), *_starts(found)),
        picture=_picture(found, own, slippages, fees),
        fees=tuple(_fee(fee) for fee in fees),
        grid=tuple(_grid_row(found["costs"], slippage, own) for slippage in slippages),
        cases=tuple(_case_rows(document, found)),
    )


def bps(fraction: float) -> str:
    """Write a fraction of the price in basis points."""
    return f"{fraction * 10_000:,.1f}".removesuffix(".0") + f"{NARROW}bps"


def _fee(fee: tuple[float, float]) -> str:
    taker, maker = (f"{one * 100:.3g}" for one in fee)
    return f"{taker}{NARROW}%" if taker == maker else f"{taker} / {maker}{NARROW}%"


def _fees(costs: Sequence[Case]) -> list[tuple[float, float]]:
    return sorted({(case["taker"], case["maker"]) for case in costs})


def _own(found: Mapping[str, Any]) -> int:
    """Return the place of the run itself in the grid."""
    assumed = found["break_even"]
    wanted = assumed["slippage"]["assumed"], assumed["commission"]["assumed"]
    return next(
        at for at, case in enumerate(found["costs"]) if (case["slippage"], case["taker"]) == wanted
    )


def _limits(found: Mapping[str, Any]) -> list[Fact]:
    """Say at which costs the run makes nothing."""
    writers = {
        "slippage": ("Slippage", bps, "slippage"),
        "commission": ("Commission", lambda fee: f"{fee * 100:.3g}{NARROW}%", "commission"),
        "costs": ("All costs", lambda times: f"{times:.2f}{NARROW}{TIMES}", "costs"),
    }
    return [
        Fact(title, _limit(found[name], write, what), "", None, code=False)
        for name, (title, write, what) in writers.items()
        if name in found
    ]


def _limit(one: Mapping[str, Any], write: Any, what: str) -> str:
    stated = "" if what == "costs" else f"; the strategy assumes {write(one['assumed'])}"
    if one["outcome"] == "never":
        return f"Loses without any {what} too{stated}."
    if one["outcome"] == "beyond":
        most = f"{one['highest']:.0f} times its costs" if what == "costs" else write(one["highest"])
        return f"Makes money up to {most}, the most that was tried{stated}."
    value = f"{one['value']:.2f} times its costs" if what == "costs" else write(one["value"])
    if one["value"] < one["assumed"]:
        return f"Would break even at {value}{stated}, and loses."
    return f"Breaks even at {value}{stated}."


def _late(document: Mapping[str, Any], delays: Sequence[Case]) -> list[Fact]:
    if not delays:
        return []
    own = _gain(document["metrics"]["total_return"])
    more = ", ".join(
        f"{_gain(case['total_return'])} when {case['delay']} bars late" for case in delays[1:]
    )
    text = f"Makes {_gain(delays[0]['total_return'])} when each decision acts a bar late, not {own}"
    return [Fact("Delay", f"{text}{f'; {more}' if more else ''}.", "", None, code=False)]


def _starts(found: Mapping[str, Any]) -> list[Fact]:
    returns = [case["total_return"] for case in found["starts"]]
    known = [one for one in returns if one is not None]
    if not known:
        return []
    won = sum(1 for one in known if one > 0)
    text = (
        f"{won} of {counted(len(known), 'later start')} make money: from {_gain(min(known))} to "
        f"{_gain(max(known))}."
    )
    return [Fact("Start", text, "", None, code=False)]


def _gain(value: float | None) -> str:
    return show(value, Form.PERCENT, signed=True)


def _figure(path: str, name: str, case: Case) -> Figure:
    made = metric_figure(BY_NAME[name], case[name])
    return Figure(f"{path}.{name}", made.raw, made.text, made.tone)


def _grid_row(costs: Sequence[Case], slippage: float, own: int) -> GridRow:
    places = sorted(
        (at for at, case in enumerate(costs) if case["slippage"] == slippage),
        key=lambda at: (costs[at]["taker"], costs[at]["maker"]),
    )
    figures = tuple(_figure(f"assumptions.costs.{at}", "total_return", costs[at]) for at in places)
    return GridRow(bps(slippage), figures, places.index(own) if own in places else -1)


def _case_rows(document: Mapping[str, Any], found: Mapping[str, Any]) -> list[CaseRow]:
    metrics = document["metrics"]
    rows = [
        CaseRow(
            "As it was run",
            tuple(metric_figure(BY_NAME[name], metrics[name]) for name in _COLUMNS),
        )
    ]
    for kind in ("delays", "starts"):
        for at, case in enumerate(found[kind]):
            late = f"{counted(case['delay'], 'bar')} late"
            name = late if kind == "delays" else f"From {case['start'][:10]} on"
            path = f"assumptions.{kind}.{at}"
            rows.append(CaseRow(name, tuple(_figure(path, one, case) for one in _COLUMNS)))
    return rows


def _picture(
    found: Mapping[str, Any],
    own: int,
    slippages: Sequence[float],
    fees: Sequence[tuple[float, float]],
) -> Picture | None:
    """Draw the return by slippage, a line for each commission."""
    made = {
        (case["slippage"], (case["taker"], case["maker"])): case["total_return"]
        for case in found["costs"]
    }
    lines = [
        np.array([_number(made[slippage, fee]) for slippage in slippages], dtype=np.float64)
        for fee in fees
    ]
    known = np.concatenate(lines)
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    across = draw.across(0.0, slippages[-1], _ticks(slippages[-1]))
    x = draw.Axis(across.low, across.high, across.start, across.stop - _NAMES, across.ticks)
    y = draw.up(low, high, [(value, percent(value)) for value in draw.ticks(low, high)])
    at = np.array(slippages)
    assumed = found["costs"][own]["slippage"]
    parts = [draw.frame(x, y, "Total return by slippage"), draw.upright(x, y, assumed, "assumed")]
    parts += [draw.path(x, y, at, line, tone) for line, tone in zip(lines, _TONES, strict=False)]
    value = found["break_even"]["slippage"]["value"]
    if value is not None and value <= slippages[-1]:
        parts.append(draw.disc(x.at(value), y.at(0.0), 4.5))
    ends = [(float(line[-1]), _fee(fee)) for line, fee in zip(lines, fees, strict=True)
            if np.isfinite(line[-1])]  # fmt: skip
    parts.append(draw.ends(x, y, ends))
    return Picture(draw.drawing(parts), _summary(found, own, fees), (), ())


def _ticks(highest: float) -> list[tuple[float, str]]:
    points = draw.ticks(0.0, highest * 10_000)
    return [(point / 10_000, f"{point:g} bps") for point in points]


def _summary(
    found: Mapping[str, Any], own: int, fees: Sequence[tuple[float, float]]
) -> str:  # fmt: skip
    value = found["break_even"]["slippage"]["value"]
    dot = "" if value is None else f" The dot is where the run breaks even: {bps(value)}."
    names = ", ".join(_fee(fee) for fee in fees)
    return (
        f"Each line has its commission beside its end: {names}. The upright line is the slippage "
        f"that the strategy assumes, {bps(found['costs'][own]['slippage'])}.{dot}"
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
