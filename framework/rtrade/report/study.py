"""The run from all sides: by calendar, from peak to trough, by trade, and by chance."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from rtrade.analysis.periods import PeriodReturn, by_month, by_year, falls
from rtrade.analysis.trades import Group, TradeTable, grouped
from rtrade.core.bars import FloatArray
from rtrade.core.timeframes import DAY, HOUR, MINUTE, iso
from rtrade.report import drawing, pictures, words
from rtrade.report.context import Fact, FallRow, GroupTable, Heat, Study, YearRow
from rtrade.report.drawn import starting_cash
from rtrade.report.formatting import NARROW, UNDEFINED, Form, Value, figure, moment, show
from rtrade.report.inputs import ReportInputs

FALLS = 10
_SHADES = 5
# The share of months that the shades tell apart; those beyond have the deepest.
_USUAL = 0.9


def study(inputs: ReportInputs, trades: TradeTable, against: FloatArray, for_: FloatArray) -> Study:
    """Return everything that the sections beside charts and trades show."""
    cash = starting_cash(inputs.document["metrics"], inputs.equity)
    chance, few = pictures.chance(inputs, trades, cash)
    sides = _sides(inputs)
    spread, extremes = pictures.spread(inputs, cash)
    return Study(
        years=_years(inputs, cash),
        falls=_falls(inputs, cash),
        rolling=pictures.moving(inputs, cash),
        spread=spread,
        extremes=extremes,
        excursions=pictures.excursion_points(trades, against, for_),
        groups=_groups(trades, inputs),
        chance=chance,
        few=few,
        exposure=_exposure(inputs, sides),
        held=pictures.held(inputs),
        sides=drawing.shares(tuple(zip(sides, ("long", "short", "out"), strict=True))),
    )


def _years(inputs: ReportInputs, cash: float) -> tuple[YearRow, ...]:
    lines = inputs.bars, inputs.equity, inputs.benchmark, cash
    months, years = by_month(*lines), by_year(*lines)
    sizes = [abs(one.strategy) for one in months if one.strategy is not None]
    strongest = float(np.quantile(sizes, _USUAL)) if sizes else 0.0
    found = {(one.year, one.month): one for one in months}
    both = [value for one in years for value in (one.strategy, one.benchmark) if value is not None]
    reach = max(map(abs, both), default=0.0)
    return tuple(
        YearRow(
            year=year.year,
            months=tuple(_heat(found.get((year.year, month)), strongest) for month in range(1, 13)),
            total=_heat(year, 0.0),
            benchmark=show(year.benchmark, Form.POINTS, signed=True),
            bars=drawing.pair([_bar(year.strategy), (year.benchmark, "held")], reach),
        )
        for year in years
    )


def _bar(value: float | None) -> tuple[float | None, str]:
    return value, "loss" if value is not None and value < 0 else "gain"


def _heat(one: PeriodReturn | None, strongest: float) -> Heat:
    """Return a cell; from the return `strongest` on it has the deepest shade, 0 for no shades."""
    if one is None:
        return Heat("", "", partial=False)
    if one.strategy is None:
        return Heat(UNDEFINED, "", partial=not one.whole)
    tone = ""
    if one.strategy and strongest:
        share = min(abs(one.strategy) / strongest, 1.0)
        tone = f"{'up' if one.strategy > 0 else 'down'}-{max(1, round(share * _SHADES))}"
    return Heat(show(one.strategy, Form.POINTS, signed=True), tone, partial=not one.whole)


def _falls(inputs: ReportInputs, cash: float) -> tuple[FallRow, ...]:
    return tuple(
        FallRow(
            depth=show(fall.depth, Form.PERCENT),
            peak=moment(iso(fall.peak)),
            trough=moment(iso(fall.trough)),
            recovery="open" if fall.recovery is None else moment(iso(fall.recovery)),
            down=length(fall.trough - fall.peak),
            back=UNDEFINED if fall.recovery is None else length(fall.recovery - fall.trough),
            bars=show(fall.bars, Form.COUNT),
        )
        for fall in falls(inputs.bars, inputs.equity, cash, FALLS)
    )


def length(ms: int) -> str:
    """Write a stretch of time in the unit that suits it: minutes, hours or days."""
    size, unit = (DAY, "d") if ms >= 2 * DAY else (HOUR, "h") if ms >= 2 * HOUR else (MINUTE, "min")
    count = ms / size
    return f"{count:,.{0 if count >= 10 or ms % size == 0 else 1}f}{NARROW}{unit}"


_TITLES = {
    "symbol": "By symbol",
    "entry rule": "By the rule that opened",
    "exit": "By what closed",
    "weekday": "By weekday of the entry",
    "hour": "By hour of the entry (UTC)",
}


def _groups(trades: TradeTable, inputs: ReportInputs) -> tuple[GroupTable, ...]:
    tables = []
    for name, groups in grouped(trades, inputs.bars).items():
        reach = max((abs(group.pnl) for group in groups), default=0.0)
        if groups:
            rows = tuple(_group(group, reach, name) for group in groups)
            tables.append(GroupTable(_TITLES[name], rows))
    return tuple(tables)


def _group(group: Group, reach: float, by: str) -> tuple[str, str, str, str, str, str, Markup]:
    return (
        group.name if by == "symbol" else words.reason(group.name),
        show(group.trades, Form.COUNT),
        show(group.win_rate, Form.PERCENT),
        show(group.mean, Form.PERCENT, signed=True),
        show(group.pnl, Form.MONEY, signed=True),
        show(group.profit_factor, Form.RATIO),
        drawing.pair([_bar(group.pnl)], reach),
    )


def _sides(inputs: ReportInputs) -> tuple[float, float, float]:
    """Return the shares of closes that were long, short, and out of the market."""
    count = len(inputs.position) or 1
    long, short = (int(np.count_nonzero(side * inputs.position > 0)) / count for side in (1, -1))
    return long, short, int(np.count_nonzero(inputs.position == 0)) / count


def _exposure(inputs: ReportInputs, sides: tuple[float, float, float]) -> tuple[Fact, ...]:
    exposure: Value = inputs.document["metrics"]["exposure"]
    whole = Fact(
        "In the market", "", "Share of closes with a position.",
        figure("metrics.exposure", exposure, Form.PERCENT), code=False,
    )  # fmt: skip
    names = ("Long", "Short", "Out of the market")
    return whole, *(
        Fact(name, show(share, Form.PERCENT), "", None, code=False)
        for name, share in zip(names, sides, strict=True)
    )
