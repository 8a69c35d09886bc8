"""Levels of detail: nothing is lost by drawing a long run with few points."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from rtrade.catalog.registry import Unit
from rtrade.report.columns import column, times
from rtrade.report.drawn import fall, place, starting_cash
from rtrade.report.inputs import Indicator
from rtrade.report.levels import Holdings, candles, extremes, group, windows
from web.report_runs import make_bars, make_inputs


def decode(stored):
    if stored["t"] == "i4":
        whole = np.frombuffer(base64.b64decode(stored["b"]), dtype="<i4")
        return stored["o"] + whole / 10.0 ** stored["d"]
    return np.frombuffer(base64.b64decode(stored["b"]), dtype="<f8")


def test_short_runs_are_drawn_bar_by_bar():
    bars = make_bars(300)
    grouping = group(bars, 5_000)
    assert grouping.timeframe == bars.timeframe
    made = candles(bars, grouping)
    assert np.array_equal(made.time, bars.time)
    assert np.array_equal(made.high, bars.high)


@pytest.mark.parametrize(
    ("count", "timeframe", "limit"), [(4_001, "1h", 500), (999, "5m", 100), (90, "52w", 12)]
)
def test_candles_hold_their_bars(count, timeframe, limit):
    bars = make_bars(count, timeframe=timeframe)
    grouping = group(bars, limit)
    made = candles(bars, grouping)
    assert limit / 12 <= len(made) <= limit
    width = grouping.timeframe.ms
    for i, at in enumerate(made.time.tolist()):
        stop = made.time[i + 1] if i + 1 < len(made) else bars.time[-1] + 1
        inside = (bars.time >= at) & (bars.time < stop)
        held = np.flatnonzero(inside)
        assert made.open[i] == bars.open[held[0]]
        assert made.close[i] == bars.close[held[-1]]
        assert made.high[i] == bars.high[held].max()
        assert made.low[i] == bars.low[held].min()
        assert made.volume[i] == pytest.approx(bars.volume[held].sum())
        assert bars.time[held[-1]] - at < width


def test_candles_stand_on_the_clock():
    bars = make_bars(4_001)
    grouping = group(bars, 500)
    assert str(grouping.timeframe) == "12h"
    made = candles(bars, grouping)
    assert np.all(made.time[1:] % (12 * 3_600_000) < 10 * 3_600_000)
    assert np.count_nonzero(made.time % (12 * 3_600_000)) <= 5


@pytest.mark.parametrize("count", [1_000, 1_001, 1_013])
@pytest.mark.parametrize("limit", [40, 41, 333])
def test_thinned_lines_keep_their_ends_and_extremes(count, limit):
    bars = make_bars(count, seed=count)
    grouping = group(bars, limit)
    line = extremes(bars.close, grouping)
    assert len(line) == len(grouping) <= limit
    assert line[0] == bars.close[0]
    assert line[-1] == bars.close[-1]
    assert line.min() == bars.close.min()
    assert line.max() == bars.close.max()
    assert set(line) <= set(bars.close)


def test_thinned_lines_leave_unknown_values_unknown():
    bars = make_bars(1_000)
    values = np.where(np.arange(1_000) < 600, np.nan, bars.close)
    line = extremes(values, group(bars, 50))
    assert np.isnan(line[0])
    assert np.isfinite(line[-1])
    assert np.nanmax(line) == np.nanmax(values)


def test_whole_bars_are_kept_around_all_trades_where_there_is_room():
    entry = np.arange(100, 9_000, 200)
    held = Holdings(entry, entry + 20, np.linspace(-1, 1, len(entry)))
    near = windows(held, 10_000, budget=101 * len(entry), margin=40)
    assert near.trades == tuple(range(len(entry)))
    assert near.edge == 10_000
    for i in near.trades:
        assert near.bars[entry[i] - 40 : entry[i] + 61].all()
    assert near.bars.sum() == 101 * len(entry)


def test_the_trades_that_moved_equity_most_are_the_ones():
    entry = np.arange(200, 90_000, 300)
    pnl = np.where(np.arange(len(entry)) % 2 == 0, 5.0, 1.0)
    pnl[-1] = -9.0
    near = windows(Holdings(entry, entry + 5, pnl), 91_000, budget=30_000, margin=40)
    assert len(near.trades) == 200
    assert near.trades[-1] == len(entry) - 1
    assert set(range(0, len(entry), 2)) < set(near.trades)


@pytest.mark.parametrize("budget", [9_500, 5_000, 2_000, 700])
def test_long_trades_keep_their_ends_and_none_is_left_out(budget):
    entry = np.array([100, 5_000, 9_000])
    held = Holdings(entry, entry + np.array([4_000, 20, 900]), np.array([1.0, 2.0, 3.0]))
    near = windows(held, 10_000, budget=budget, margin=40)
    assert near.trades == (0, 1, 2)
    assert near.bars.sum() <= budget
    aside = min(40, near.edge)
    for start, stop in zip(entry, held.exit, strict=True):
        inside = min(near.edge, stop - start + 1)
        assert near.bars[start - aside : start + inside].all()
        assert near.bars[stop + 1 - inside : stop + 1 + aside].all()
    if budget == 2_000:
        assert not near.bars[2_000]


def test_windows_of_no_trades_are_empty():
    none = np.array([], dtype=np.int64)
    near = windows(Holdings(none, none, none.astype(float)), 10_000, budget=700, margin=40)
    assert near.trades == ()
    assert not near.bars.any()


@pytest.mark.parametrize(
    "values",
    [
        [1.5, 2.25, 64_123.45],
        [0.00000123, 0.5],
        [1 / 3, 2 / 3],
        [np.nan, 1.0],
        [1e12, 0.1],
        [-3.5, 0.0],
        [],
    ],
)
def test_columns_come_back_exactly(values):
    numbers = np.array(values, dtype=np.float64)
    assert np.array_equal(decode(column(numbers)), numbers, equal_nan=True)


def test_prices_take_four_bytes():
    bars = make_bars(500)
    assert column(bars.close)["t"] == "i4"
    assert np.array_equal(decode(times(bars.time)), bars.time / 1000)


def test_prices_lie_on_the_price_and_other_units_below():
    bars = make_bars(300)
    unknown = np.full(300, np.nan)
    lines, left_out = place(
        (
            Indicator("average", Unit.PRICE, bars.close * 1.01),
            Indicator("spread", Unit.PRICE, bars.close - bars.open),
            Indicator("rsi", Unit.PERCENT, np.full(300, 50.0)),
            Indicator("stochastic", Unit.PERCENT, np.full(300, 20.0)),
            Indicator("never", Unit.RATIO, unknown),
            Indicator("flow", Unit.VOLUME, bars.volume),
            Indicator("change", Unit.RATIO, bars.close / bars.open - 1),
        ),
        bars,
    )
    assert {line.indicator.name: line.pane for line in lines} == {
        "average": 0,
        "spread": 1,
        "rsi": 2,
        "stochastic": 2,
        "flow": 3,
    }
    assert left_out == ("never", "change")


def test_the_deepest_drawdown_of_the_chart_is_the_one_of_the_result():
    run = make_inputs(6_000)
    under = fall(run.equity, starting_cash(run.document["metrics"], run.equity))
    assert under.max() == pytest.approx(run.document["metrics"]["max_drawdown"], rel=1e-12)
    assert extremes(-under, group(run.bars, 5_000)).min() == -under.max()
