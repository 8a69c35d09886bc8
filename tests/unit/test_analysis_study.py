"""Months, falls, rolling values, spread, excursions, groups and draws, against slow arithmetic."""

from __future__ import annotations

import itertools
import math
import statistics
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.analysis.bootstrap import LEVELS, PATHS, bootstrap, equity_steps
from rtrade.analysis.distribution import distribution
from rtrade.analysis.periods import by_day, by_month, by_year, falls
from rtrade.analysis.rolling import rolling
from rtrade.analysis.trades import TradeTable, excursions, grouped, trade_table
from rtrade.core.bars import Bars
from rtrade.core.timeframes import DAY, HOUR, Timeframe, iso

START = int(datetime(2023, 11, 20, tzinfo=UTC).timestamp() * 1000)
CASH = 1_000.0


def bars_of(close, *, step=HOUR, start=START, skip=()):
    close = np.asarray(close, dtype=np.float64)
    time = np.array([start + at * step for at in range(len(close) + len(skip)) if at not in skip])
    opened = np.concatenate((close[:1], close[:-1]))
    return Bars(
        symbol="X/Y",
        timeframe=Timeframe(step),
        time=time.astype(np.int64),
        open=opened,
        high=np.maximum(opened, close) + 1.0,
        low=np.minimum(opened, close) - 1.0,
        close=close,
        volume=np.ones(len(close)),
    )


def walk(count, seed=3, start=1_000.0):
    stream = np.random.RandomState(seed)
    return start * np.cumprod(1 + stream.normal(0, 0.004, count))


def moment(ms):
    return datetime.fromtimestamp(ms / 1000, UTC)


@pytest.mark.parametrize("count", [1, 30, 3_000, 12_000])
def test_months_and_years_chain_to_the_whole_return(count):
    equity, held = walk(count), walk(count, seed=4)
    bars = bars_of(equity)
    for made in (by_month(bars, equity, held, CASH), by_year(bars, equity, held, CASH)):
        for name, line in (("strategy", equity), ("benchmark", held)):
            product = math.prod(1 + getattr(one, name) for one in made)
            assert product == pytest.approx(line[-1] / CASH, rel=1e-12)


def test_each_month_runs_from_the_last_close_before_it():
    equity = walk(3_000)
    bars = bars_of(equity)
    expected, before = {}, CASH
    for key, members in itertools.groupby(
        range(3_000), key=lambda at: (moment(bars.time[at]).year, moment(bars.time[at]).month)
    ):
        last = list(members)[-1]
        expected[key] = equity[last] / before - 1
        before = equity[last]
    made = by_month(bars, equity, equity, CASH)
    assert {(one.year, one.month): one.strategy for one in made} == expected
    assert [one.whole for one in made] == [False, *[True] * (len(made) - 2), False]


def test_a_month_without_bars_is_not_there_and_whole_ones_are_known_as_such():
    first = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
    # January whole, February missing, March whole: 31 + 29 + 31 days.
    bars = bars_of(walk(62), step=DAY, start=first, skip=range(31, 60))
    made = by_month(bars, walk(62), walk(62), CASH)
    assert [(one.year, one.month, one.whole) for one in made] == [(2024, 1, True), (2024, 3, True)]


def test_a_period_after_ruin_has_no_return():
    equity = np.concatenate((walk(800), [-5.0] * 800))
    made = by_month(bars_of(np.abs(equity)), equity, walk(1_600), CASH)
    assert [one.strategy is None for one in made][-1]
    assert all(one.benchmark is not None for one in made)


def test_falls_run_from_peak_to_recovery_and_an_unrecovered_one_is_open():
    equity = np.array([1000, 1100, 1050, 990, 1100, 1200, 1190, 1195, 1201, 1000, 1100.0])
    bars = bars_of(equity)
    deep, mid, low = falls(bars, equity, CASH)
    closes = bars.time + HOUR
    assert (deep.depth, deep.peak, deep.trough, deep.recovery, deep.bars) == (
        (1201 - 1000) / 1201, closes[8], closes[9], None, 2,
    )  # fmt: skip
    assert (mid.depth, mid.peak, mid.trough, mid.recovery, mid.bars) == (
        (1100 - 990) / 1100, closes[1], closes[3], closes[4], 2,
    )  # fmt: skip
    assert (low.depth, low.recovery, low.bars) == (10 / 1200, closes[8], 2)
    assert falls(bars, equity, CASH, most=1) == [deep]


def test_a_fall_from_the_starting_cash_begins_at_the_open():
    equity = np.array([990.0, 995.0])
    (only,) = falls(bars_of(equity), equity, CASH)
    assert (only.peak, only.recovery, only.depth) == (START, None, 0.01)
    assert falls(bars_of([1_000.0, 1_000.0]), np.array([1_000.0, 1_000.0]), CASH) == []


@given(st.lists(st.floats(100, 2_000), min_size=1, max_size=60))
def test_falls_cover_each_close_under_the_peak_once(values):
    equity = np.array(values)
    made = falls(bars_of(equity), equity, CASH, most=100)
    peaks = [max(CASH, *values[: at + 1]) for at in range(len(values))]
    assert sum(fall.bars for fall in made) == sum(v < p for v, p in zip(values, peaks, strict=True))
    depths = [(p - v) / p for v, p in zip(values, peaks, strict=True)]
    assert max((fall.depth for fall in made), default=0.0) == pytest.approx(max(depths))
    assert sum(fall.recovery is None for fall in made) == (values[-1] < peaks[-1])


def test_days_are_those_of_utc():
    equity = walk(60)
    bars = bars_of(equity, start=START + 5 * HOUR)
    days, returns = by_day(bars, equity, CASH)
    lasts = [18, 42, 59]
    assert [iso(int(day))[:10] for day in days] == ["2023-11-20", "2023-11-21", "2023-11-22"]
    before = [CASH, *equity[lasts[:-1]]]
    expected = [equity[at] / b - 1 for at, b in zip(lasts, before, strict=True)]
    assert returns == pytest.approx(expected)


def test_rolling_values_are_those_of_their_window_alone():
    equity = walk(9_000)
    found = rolling(bars_of(equity), equity, CASH)
    assert found is not None
    assert found.window == 90 * 24
    returns = np.diff(equity, prepend=CASH) / np.concatenate(([CASH], equity[:-1]))
    for place in (0, 7, len(found.at) - 1):
        last = (int(found.at[place]) - START) // HOUR - 1
        seen = returns[last - found.window + 1 : last + 1].tolist()
        spread = statistics.stdev(seen)
        assert found.volatility[place] == pytest.approx(spread * math.sqrt(8_760))
        sharpe = statistics.fmean(seen) / spread * math.sqrt(8_760)
        assert found.sharpe[place] == pytest.approx(sharpe)
    assert found.at[-1] == START + 9_000 * HOUR


def test_rolling_needs_two_windows_and_equity_above_zero():
    assert rolling(bars_of(walk(59)), walk(59), CASH) is None
    short = rolling(bars_of(walk(400)), walk(400), CASH)
    assert short is not None
    assert short.window == 100
    assert rolling(bars_of(walk(400)), walk(400) - 990, CASH) is None


def test_a_flat_window_has_no_sharpe_ratio():
    equity = np.concatenate((np.full(200, CASH), walk(200)))
    found = rolling(bars_of(equity), equity, CASH)
    assert found is not None
    assert np.isnan(found.sharpe[0])
    assert found.volatility[0] == 0
    assert np.isfinite(found.sharpe[-1])


def test_the_spread_describes_days_and_counts_each():
    equity = walk(24 * 100)
    found = distribution(bars_of(equity), equity, CASH)
    assert found is not None
    lines = [CASH, *equity[23::24].tolist()]
    returns = [b / a - 1 for a, b in itertools.pairwise(lines)]
    assert (found.unit, found.count, int(found.counts.sum())) == ("day", 100, 100)
    assert found.mean == pytest.approx(statistics.fmean(returns))
    assert found.median == pytest.approx(statistics.median(returns))
    deviation = statistics.pstdev(returns)
    third = statistics.fmean(((r - found.mean) / deviation) ** 3 for r in returns)
    fourth = statistics.fmean(((r - found.mean) / deviation) ** 4 for r in returns)
    assert found.skew == pytest.approx(third)
    assert found.kurtosis == pytest.approx(fourth - 3)
    assert found.positive == sum(r > 0 for r in returns) / 100
    assert [r for _, r in found.best] == pytest.approx(sorted(returns)[::-1][:5])
    assert [r for _, r in found.worst] == pytest.approx(sorted(returns)[:5])
    day = returns.index(min(returns))
    assert found.worst[0][0] == START + day * DAY


def test_few_days_are_told_by_bars_and_flat_ones_have_no_shape():
    found = distribution(bars_of(walk(48)), walk(48), CASH)
    assert found is not None
    assert (found.unit, found.count) == ("bar", 48)
    flat = distribution(bars_of(np.full(48, CASH)), np.full(48, CASH), CASH)
    assert flat is not None
    assert (flat.skew, flat.kurtosis, int(flat.counts.sum())) == (None, None, 48)
    assert distribution(bars_of([CASH]), np.array([CASH]), CASH) is None


def table(bars, *rows):
    """Trades as (entry, exit or None, side, entry price, exit price, exit reason)."""
    return trade_table(
        [
            {
                "symbol": bars.symbol,
                "side": "long" if side > 0 else "short",
                "entry_time": iso(int(bars.time[entry])),
                "exit_time": None if leave is None else iso(int(bars.time[leave])),
                "entry_price": price,
                "exit_price": None if leave is None else out,
                "pnl": side * (out - price),
                "return": side * (out - price) / price,
                "entry_reason": "enter_long" if side > 0 else "enter_short",
                "exit_reason": reason,
            }
            for entry, leave, side, price, out, reason in rows
        ],
        bars,
    )


def candles(*rows):
    """Bars as (open, high, low, close)."""
    columns = np.array(rows, dtype=np.float64).T
    time = START + HOUR * np.arange(len(rows), dtype=np.int64)
    return Bars("X/Y", Timeframe(HOUR), time, *columns, np.ones(len(rows)))


CANDLES = candles(
    (100, 105, 98, 104), (104, 110, 90, 95), (95, 99, 60, 80), (80, 120, 79, 119),
    (119, 130, 50, 60),
)  # fmt: skip


@pytest.mark.parametrize(
    ("trade", "against", "for_"),
    [
        # Leaves at the open of bar 2 by a rule: bars 0 and 1, and that open.
        ((0, 2, 1, 100.0, 95.0, "rule"), 0.10, 0.10),
        ((0, 2, -1, 100.0, 95.0, "rule"), 0.10, 0.10),
        # Leaves inside bar 2 by its stop: the low of that bar may have come later.
        ((0, 2, 1, 100.0, 88.0, "stop_loss"), 0.12, 0.10),
        # Gaps through: the open of the bar counts as well as the price of the exit.
        ((1, 2, 1, 104.0, 94.0, "stop_loss"), 14 / 104, 6 / 104),
        # In and out within one bar: only the prices of both are sure.
        ((3, 3, 1, 80.0, 84.0, "take_profit"), 0.0, 0.05),
        # Still open: every bar from its entry on.
        ((3, None, 1, 80.0, 60.0, None), 30 / 80, 50 / 80),
        ((3, None, -1, 80.0, 60.0, None), 50 / 80, 30 / 80),
    ],
)
def test_excursions_count_what_a_position_surely_saw(trade, against, for_):
    found = excursions(table(CANDLES, trade), CANDLES)
    assert found[0][0] == pytest.approx(against)
    assert found[1][0] == pytest.approx(for_)


def test_groups_hold_each_closed_trade_once():
    bars = bars_of(walk(24 * 21))
    stream = np.random.RandomState(1)
    rows = [
        (at, at + 3, 1 if at % 2 else -1, 100.0, 100.0 + stream.normal(), "stop_loss")
        for at in range(0, 480, 7)
    ]
    trades = table(bars, *rows, (490, None, 1, 100.0, 101.0, None))
    made = grouped(trades, bars)
    assert set(made) == {"symbol", "entry rule", "exit", "weekday", "hour"}
    assert [group.name for group in made["symbol"]] == [bars.symbol]
    for groups in made.values():
        assert sum(group.trades for group in groups) == len(rows)
        assert sum(group.pnl for group in groups) == pytest.approx(trades.pnl[:-1].sum())
    for group in made["weekday"]:
        chosen = [row for row in rows if moment(bars.time[row[0]]).strftime("%A") == group.name]
        gains = [row[2] * (row[4] - row[3]) for row in chosen]
        assert group.trades == len(chosen)
        assert group.win_rate == sum(gain > 0 for gain in gains) / len(gains)
        lost = -sum(gain for gain in gains if gain <= 0)
        assert group.profit_factor == pytest.approx(sum(g for g in gains if g > 0) / lost)
    hours = [group.name for group in made["hour"]]
    assert hours == sorted(hours)
    assert [group.name for group in made["exit"]] == ["stop_loss"]


def many(count=40):
    bars = bars_of(walk(400))
    stream = np.random.RandomState(5)
    rows = [(at * 5 + 1, at * 5 + 4, 1, 100.0, 100 + stream.normal(0.5, 3), "rule")
            for at in range(count)]  # fmt: skip
    return table(bars, *rows)


def draws(seed):
    stream = np.random.RandomState(seed)
    return lambda shape, limit: stream.randint(0, limit, size=shape)


def test_draws_are_those_of_the_seed_and_paths_are_products_of_steps():
    trades, equity = many(), walk(400)
    made, again = (bootstrap(trades, equity, CASH, draws(9)) for _ in range(2))
    assert made is not None
    assert again is not None
    assert np.array_equal(made.fan, again.fan)
    other = bootstrap(trades, equity, CASH, draws(10))
    assert other is not None
    assert not np.array_equal(made.fan, other.fan)
    steps = [trades.pnl[at] / equity[trades.entry[at] - 1] for at in range(len(trades))]
    stream, finals, deepest = draws(9), [], []
    for _ in range(PATHS // 100):
        for chosen in stream((100, len(steps)), len(steps)).tolist():
            path = list(itertools.accumulate((1 + steps[at] for at in chosen), lambda a, b: a * b,
                                             initial=1.0))  # fmt: skip
            finals.append(path[-1] - 1)
            deepest.append(max(1 - v / max(path[: at + 1]) for at, v in enumerate(path)))
    assert made.final == pytest.approx(np.quantile(finals, LEVELS))
    assert made.deepest == pytest.approx(np.quantile(deepest, LEVELS))
    assert made.lost == sum(final < 0 for final in finals) / PATHS
    assert (made.after[0], made.after[-1]) == (0, 40)


def test_equal_trades_have_one_path():
    bars = bars_of(np.full(200, 100.0))
    rows = [(at * 5, at * 5 + 2, 1, 100.0, 110.0, "rule") for at in range(20)]
    flat = np.full(200, CASH)
    made = bootstrap(table(bars, *rows), flat, CASH, draws(1))
    assert made is not None
    assert made.final == pytest.approx([1.01**20 - 1] * 5)
    assert made.lost == 0
    assert bootstrap(table(bars, *rows[:19]), flat, CASH, draws(1)) is None


def test_a_path_that_lost_all_stays_there():
    trades = many(3)
    lost = TradeTable(**{**vars(trades), "pnl": np.array([-5_000.0, 1.0, 1.0])})
    assert equity_steps(lost, walk(400), CASH)[0] == -1.0
