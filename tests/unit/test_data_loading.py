"""What a run reads: series by need, ranges, look-back, resampling, filters, warnings."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import (
    FileSeries,
    FiltersDef,
    OutlierDef,
    QualityDef,
    SourceDef,
    SyntheticSeries,
)
from rtrade.core.bars import Filters, MarketData
from rtrade.core.errors import DataUnavailable, InvalidInput, QualityError
from rtrade.core.timeframes import iso, parse_time
from rtrade.data.loading import load
from rtrade.data.resample import resample
from rtrade.data.selection import StoredSeries
from rtrade.data.synthetic import generate
from rtrade.plan.plan import SeriesNeed
from unit.data_support import (
    T0,
    assert_same,
    bars_at,
    csv_lines,
    frame,
    places_of,
    source_of,
    steps,
    write,
)

HOUR = 3_600_000
DAY = 24 * HOUR
COUNT = 400
FIVES = SyntheticSeries("BTC/USDT", frame("5m"), T0, 12 * COUNT, 100.0, 0.6)
HOURS = SyntheticSeries("BTC/USDT", frame("1h"), T0, COUNT, 100.0, 0.6)
ETHER = SyntheticSeries("ETH/USDT", frame("1h"), T0 + 50 * HOUR, COUNT - 100, 10.0, 0.6)
MADE = SourceDef("made", "synthetic", (HOURS, ETHER), seed=3)
ALL = generate(HOURS, 3)


def need(timeframe: str = "1h", lookback: int = 0, *, name: str = "", symbol: str = "BTC/USDT"):
    return SeriesNeed(name, symbol, frame(timeframe), lookback)


def market(
    *needs: SeriesNeed, source: SourceDef = MADE, start=None, end=None, last=None
) -> MarketData:
    return load(source, needs or [need()], start=start, end=end, last=last)


def on_file(tmp_path, bars, timeframe: str = "1h") -> SourceDef:
    return source_of(write(tmp_path / "bars.csv", csv_lines(bars)), timeframe=timeframe)


# Range and look-back


def test_without_a_range_everything_is_the_run():
    data = market(need(lookback=100))
    assert_same(data.bars, ALL)
    assert data.first == 0
    assert data.warnings == ()


def test_the_run_starts_at_the_first_open_at_or_after_start_and_ends_before_end():
    data = market(start=T0 + 9 * HOUR + 1, end=T0 + 20 * HOUR)
    assert_same(data.bars, ALL.slice(10, 20))
    assert_same(market(start=T0 + 10 * HOUR, end=T0 + 19 * HOUR + 1).bars, ALL.slice(10, 20))


def test_exactly_the_look_back_is_read_before_the_first_bar():
    data = market(need(lookback=7), start=T0 + 10 * HOUR, end=T0 + 20 * HOUR)
    assert_same(data.base, ALL.slice(3, 20))
    assert data.first == 7
    assert data.warnings == ()


@given(
    first=st.integers(0, COUNT - 1),
    length=st.integers(1, COUNT),
    lookback=st.integers(0, COUNT),
)
def test_any_range_is_a_slice_of_the_whole(first, length, lookback):
    stop = min(first + length, COUNT)
    data = market(need(lookback=lookback), start=T0 + first * HOUR, end=T0 + stop * HOUR)
    assert_same(data.base, ALL.slice(max(0, first - lookback), stop))
    assert data.first == min(first, lookback)
    assert bool(data.warnings) == (lookback > first)


def test_a_look_back_beyond_the_data_says_what_was_wanted_and_found():
    data = market(need(lookback=50), start=T0 + 12 * HOUR)
    assert data.first == 12
    (warning,) = data.warnings
    assert "50 bars before 2024-01-01T12:00:00Z" in warning
    assert "there are 12" in warning


@pytest.mark.parametrize(("end", "stop"), [(None, COUNT), (T0 + 100 * HOUR, 100)])
def test_last_counts_back_from_the_end_or_from_the_last_close(end, stop):
    data = market(need(lookback=3), end=end, last=2 * DAY)
    assert_same(data.bars, ALL.slice(stop - 48, stop))
    assert data.first == 3


def test_last_counts_time_not_bars(tmp_path):
    times = [T0 + hour * HOUR for hour in range(100) if hour not in (96, 97)]
    data = market(source=on_file(tmp_path, bars_at(times, "1h")), last=5 * HOUR)
    assert [iso(time) for time in data.bars.time.tolist()] == [
        "2024-01-04T23:00:00Z",
        "2024-01-05T02:00:00Z",
        "2024-01-05T03:00:00Z",
    ]


def test_a_range_beyond_the_data_is_a_warning_at_each_side():
    data = market(start=T0 - DAY, end=T0 + (COUNT + 1) * HOUR)
    assert_same(data.bars, ALL)
    before, after = data.warnings
    assert "starts at 2023-12-31" in before
    assert "only at 2024-01-01" in before
    assert "ends at" in after
    assert market(last=1000 * DAY).warnings


def test_a_range_that_the_data_fills_is_no_warning():
    assert market(start=T0 - HOUR + 1, end=T0 + COUNT * HOUR).warnings == ()


@pytest.mark.parametrize(
    "asked",
    [
        {"start": T0 + COUNT * HOUR},
        {"end": T0},
        {"start": T0 + 5 * HOUR, "end": T0 + 5 * HOUR},
        {"start": T0 + 9 * HOUR, "end": T0 + 5 * HOUR},
        {"start": T0 + 5 * HOUR + 1, "end": T0 + 6 * HOUR},
        {"end": T0 + 10_000 * HOUR, "last": DAY},
    ],
)
def test_a_range_without_a_bar_says_what_there_is(asked):
    with pytest.raises(DataUnavailable, match="no bar of BTC/USDT 1h") as caught:
        market(**asked)
    assert caught.value.hint == (
        "it has 400 bars from 2024-01-01T00:00:00Z to 2024-01-17T16:00:00Z"
    )


# Choosing a series and resampling


def test_the_exact_series_is_taken_before_a_finer_one():
    source = SourceDef("made", "synthetic", (FIVES, HOURS), seed=3)
    data = market(source=source)
    assert_same(data.bars, ALL)
    assert data.resampled_from is None


def test_the_coarsest_series_that_divides_is_resampled():
    source = SourceDef("made", "synthetic", (FIVES, HOURS), seed=3)
    data = market(need("4h"), source=source)
    assert_same(data.bars, resample(ALL, frame("4h")))
    assert data.resampled_from == frame("1h")
    data = market(need("15m"), source=source)
    assert_same(data.bars, resample(generate(FIVES, 3), frame("15m")))


def test_the_range_does_not_change_bars_that_are_resampled():
    whole = market(need("4h"))
    part = market(need("4h"), start=T0 + 5 * HOUR, end=T0 + 33 * HOUR)
    assert_same(part.bars, whole.bars.slice(2, 9))


def test_bars_put_together_from_too_few_are_counted_where_they_are_read(tmp_path):
    times = [T0 + hour * HOUR for hour in range(400) if hour not in (5, 50, 51, 99)]
    source = on_file(tmp_path, bars_at(times, "1h"))
    (warning,) = market(need("4h"), source=source).warnings
    assert ": 3 4h bars of BTC/USDT, the first at" in warning
    (warning,) = market(need("4h", 2), source=source, start=T0 + 52 * HOUR).warnings
    assert ": 2 4h bars of" in warning
    assert market(need("4h"), source=source, start=T0 + 100 * HOUR).warnings == ()


def test_data_shorter_than_a_bar_of_the_timeframe():
    with pytest.raises(DataUnavailable) as caught:
        market(need("52w"))
    assert caught.value.hint == "it has not one whole 52w bar"


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        (need(symbol="BTCUSDT"), "BTC/USDT 1h"),
        (need(symbol="btc/usdt"), "BTC/USDT 1h"),
        (need("4h", symbol="ETHUSDT"), "ETH/USDT 4h"),
        (need("15m"), "BTC/USDT 1h"),
        (need("90m"), "BTC/USDT 1h"),
    ],
)
def test_a_series_that_is_not_there(asked, nearest):
    with pytest.raises(DataUnavailable, match="source `made` has no") as caught:
        market(asked)
    assert caught.value.hint == f"it has BTC/USDT 1h, ETH/USDT 1h; the nearest is {nearest}"


def test_a_symbol_like_no_other():
    with pytest.raises(DataUnavailable) as caught:
        market(need(symbol="AAPL"))
    assert caught.value.hint == "it has BTC/USDT 1h, ETH/USDT 1h"


# Other series


def daily(lookback: int):
    return need("1d", lookback, name="daily")


def test_another_timeframe_begins_its_look_back_at_what_the_first_bar_can_see():
    """At the close of the 50th hour the second day has closed: days 0 and 1 are to be seen."""
    days = resample(ALL, frame("1d"))
    data = market(need(), daily(1), start=T0 + 50 * HOUR, end=T0 + 80 * HOUR)
    assert_same(data.others["daily"], days.slice(0, 3))
    assert data.warnings == ()
    assert_same(market(need(), daily(0), start=T0 + 50 * HOUR, end=T0 + 80 * HOUR).others["daily"],
                days.slice(1, 3))  # fmt: skip


def test_the_look_back_of_the_base_counts_for_what_the_first_bar_can_see():
    days = resample(ALL, frame("1d"))
    data = market(need(lookback=50), daily(0), start=T0 + 150 * HOUR, end=T0 + 151 * HOUR)
    assert_same(data.others["daily"], days.slice(3, 6))


def test_no_bar_that_closes_after_the_last_base_bar_is_read():
    data = market(need(), daily(0), start=T0 + 30 * HOUR, end=T0 + 47 * HOUR)
    assert data.others["daily"].time.tolist() == [T0]
    data = market(need(), daily(0), start=T0 + 30 * HOUR, end=T0 + 48 * HOUR)
    assert data.others["daily"].time.tolist() == [T0, T0 + DAY]


def test_a_short_look_back_of_another_series_is_a_warning_only_with_a_start():
    assert market(need(), daily(5)).warnings == ()
    data = market(need(), daily(5), start=T0 + 50 * HOUR)
    (warning,) = data.warnings
    assert "`daily` looks back on 5 bars" in warning
    assert "there are 1" in warning


def test_closes_at_which_another_symbol_has_no_bar_are_counted(tmp_path):
    times = steps(100, "1h")
    base = write(tmp_path / "base.csv", csv_lines(bars_at(times, "1h")))
    del times[60:63]
    del times[5]
    other = write(tmp_path / "other.csv", csv_lines(bars_at(times, "1h", symbol="ETH/USDT")))
    series = (
        FileSeries("BTC/USDT", frame("1h"), base),
        FileSeries("ETH/USDT", frame("1h"), other),
    )
    source = SourceDef("mine", "csv", series)
    eth = need(name="eth", symbol="ETH/USDT")
    (warning,) = market(need(), eth, source=source).warnings
    assert "`eth` (ETH/USDT 1h) has no bar of its own at 4 of 100 closes" in warning
    (warning,) = market(need(lookback=5), eth, source=source, start=T0 + 8 * HOUR).warnings
    assert "at 3 of 92 closes" in warning


def test_another_series_that_begins_after_the_range():
    eth = need(name="eth", symbol="ETH/USDT")
    with pytest.raises(DataUnavailable, match="ETH/USDT"):
        market(need(), eth, end=T0 + 50 * HOUR)
    data = market(need(), eth, end=T0 + 60 * HOUR)
    assert len(data.others["eth"]) == 10
    assert data.warnings == ()


# Quality


def holed_file(tmp_path, **quality) -> SourceDef:
    """400 hours without the 10th, the 200th and the 201st, and with a wick at the 300th."""
    times = steps(COUNT, "1h")
    for at in (201, 200, 10):
        del times[at]
    bars = bars_at(times, "1h")
    high = bars.high.copy()
    high[297] = 1000.0
    path = write(tmp_path / "bars.csv", csv_lines(replace(bars, high=high)))
    return source_of(path, quality=QualityDef(**quality))


def test_the_quality_of_the_run_is_counted_without_the_bars_before(tmp_path):
    source = holed_file(tmp_path)
    data = market(need(lookback=100), source=source, start=T0 + 150 * HOUR)
    found = data.quality
    assert (found.gaps, found.missing, found.longest_gap, found.outliers) == (1, 2, 2, 1)
    assert len(data.flags) == len(data.base)
    assert np.flatnonzero(data.flags).tolist() == [data.base.time.tolist().index(T0 + 300 * HOUR)]
    assert data.warnings == ()
    before = market(source=source, end=T0 + 100 * HOUR).quality
    assert (before.gaps, before.missing, before.outliers) == (1, 1, 0)


def test_what_was_filled_in_is_said(tmp_path):
    data = market(source=holed_file(tmp_path, gaps="fill"))
    assert data.base.gaps() == (0, 0)
    assert data.quality.filled == 3
    (warning,) = data.warnings
    assert warning == (
        "filled in where the source has none (`quality.gaps: fill`): 3 1h bars of BTC/USDT, "
        "the first at 2024-01-01T10:00:00Z"
    )
    assert market(source=holed_file(tmp_path, gaps="fill"), start=T0 + 250 * HOUR).warnings == ()


def test_what_was_left_out_and_repaired_is_said(tmp_path):
    source = holed_file(tmp_path, outliers=OutlierDef(action="drop"))
    (warning,) = market(source=source).warnings
    assert warning == (
        "left out for being unlike the bars before (`quality.outliers: {action: drop}`): "
        "1 row of BTC/USDT, the first at 2024-01-13T12:00:00Z"
    )
    lines = csv_lines(bars_at(steps(30, "1h"), "1h"))
    cells = lines[5].split(",")
    lines[5] = ",".join([*cells[:2], "1.0", *cells[3:]])
    path = write(tmp_path / "bars.csv", [*lines[:9], lines[8], *lines[9:]])
    policy = QualityDef(ohlc="repair", duplicates="last")
    repaired, dropped = market(source=source_of(path, quality=policy)).warnings
    assert repaired == (
        "high or low moved to hold the other prices (`quality.ohlc: repair`): "
        "1 1h bar of BTC/USDT, the first at 2024-01-01T04:00:00Z"
    )
    assert dropped == (
        "left out for a time that another row has too (`quality.duplicates`): "
        "1 row of BTC/USDT, the first at 2024-01-01T07:00:00Z"
    )


def test_coarser_bars_know_what_they_are_made_of(tmp_path):
    data = market(need("4h"), source=holed_file(tmp_path, gaps="fill"))
    assert (data.quality.filled, data.quality.partial) == (0, 2)
    assert "fewer 1h bars than there should be" in data.warnings[0]


def test_outliers_are_those_of_the_bars_that_are_read():
    """An hour with an unusual quarter is no unusual hour, and the other way round."""
    quarters = generate(SyntheticSeries("BTC/USDT", frame("15m"), T0, 4 * COUNT, 100.0, 0.6), 3)
    hours = resample(quarters, frame("1h"))
    rule = OutlierDef(k=3.0, window=100)
    found = [
        load(
            SourceDef("kept", "exchange", (), quality=QualityDef(outliers=rule)),
            [need()],
            start=None,
            end=None,
            stored=[StoredSeries(bars)],
        ).quality.outliers
        for bars in (hours, quarters)
    ]
    assert found[0] == found[1] > 0


def test_another_series_is_filled_too(tmp_path):
    data = market(need(), need(name="it"), source=holed_file(tmp_path, gaps="fill"))
    assert data.others["it"].gaps() == (0, 0)


def test_generated_bars_obey_the_policy():
    hours = SyntheticSeries("BTC/USDT", frame("1h"), T0, COUNT, 100.0, 0.6)
    policy = QualityDef(outliers=OutlierDef(action="drop", k=0.5, window=20))
    source = SourceDef("made", "synthetic", (hours,), seed=3, quality=policy)
    assert 0 < market(source=source).quality.dropped < COUNT


def test_stored_bars_that_the_policy_refuses(tmp_path):
    bars = market(source=holed_file(tmp_path)).base
    source = SourceDef("kept", "exchange", (), quality=QualityDef(gaps="error"))
    with pytest.raises(QualityError, match="2024-01-01T11:00:00Z: 1 bar is missing"):
        load(source, [need()], start=None, end=None, stored=[StoredSeries(bars)])


# Months


def test_months_are_read_beside_days_once_they_are_over():
    days = SyntheticSeries("BTC/USDT", frame("1d"), T0, 200, 100.0, 0.6)
    source = SourceDef("made", "synthetic", (days,), seed=3)
    monthly = need("1M", lookback=1, name="monthly")
    data = market(need("1d"), monthly, source=source, start=parse_time("2024-04-10"))
    assert [iso(at) for at in data.others["monthly"].time.tolist()] == [
        "2024-02-01T00:00:00Z",
        "2024-03-01T00:00:00Z",
        "2024-04-01T00:00:00Z",
        "2024-05-01T00:00:00Z",
        "2024-06-01T00:00:00Z",
    ]
    assert data.warnings == ()
    # At the close of the last day of a month, that month is over.
    data = market(need("1d"), monthly, source=source, start=parse_time("2024-04-30"))
    assert iso(int(data.others["monthly"].time[1])) == "2024-04-01T00:00:00Z"


# The rest of MarketData


def test_filters_are_decimals_as_written_and_known_to_be_stated():
    assert market().filters == Filters()
    assert not market().filters_stated
    stated = FiltersDef(lot="0.00001", tick="0.01", min_notional=5.0)
    data = market(source=SourceDef("made", "synthetic", (HOURS,), seed=3, filters=stated))
    assert data.filters == Filters(Decimal("0.00001"), Decimal("0.01"), 5.0)
    assert data.filters_stated
    partly = SourceDef("made", "synthetic", (HOURS,), seed=3, filters=FiltersDef(tick="0.5"))
    assert market(source=partly).filters == Filters(Decimal("1e-8"), Decimal("0.5"), None)


def test_generated_bars_are_labelled(tmp_path):
    assert market().synthetic
    data = market(source=on_file(tmp_path, ALL))
    assert_same(data.bars, ALL)
    assert (data.synthetic, data.source, data.source_kind) == (False, "mine", "csv")


def test_what_is_wrong_in_two_files_is_said_together(tmp_path):
    paths = []
    for name in ("BTC", "ETH"):
        lines = csv_lines(bars_at(steps(10, "1h"), "1h"))
        lines[3] = lines[2]
        paths.append(write(tmp_path / f"{name}.csv", lines))
    series = tuple(FileSeries(f"{path.stem}/USDT", frame("1h"), path, None) for path in paths)
    eth = need(name="eth", symbol="ETH/USDT")
    with pytest.raises(InvalidInput) as caught:
        market(need(), eth, source=SourceDef("mine", "csv", series))
    assert places_of(caught.value.diagnostics) == [("RT309", 4), ("RT309", 4)]


def test_a_start_given_as_a_date_is_midnight_utc():
    assert market(start=parse_time("2024-01-02")).bars.time[0] == T0 + DAY
