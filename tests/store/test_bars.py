"""Bars and coverage go in together, come out the same, and remember what was corrected."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtrade.core.intervals import Interval, holds, union
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe
from rtrade.store import columnar
from rtrade.store import store as store_module
from rtrade.store.opening import open_store
from rtrade.store.store import Store
from rtrade.store.writing import Written
from store.cases import KEY, MINUTE, bars_of, row, rows, span

ALL = (-(2**62), 2**62)
OTHER = SeriesKey("binance@http://127.0.0.1:1", "BTC/USDT", KEY.timeframe)


def stored(store: Store, key: SeriesKey = KEY) -> list[tuple[float, ...]]:
    bars = store.read_bars(key, *ALL)
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_bars_come_back_as_they_were_written(store: Store) -> None:
    assert store.write_bars(KEY, [span(0, 100)], rows(0, 100)) == Written(inserted=100)
    assert stored(store) == rows(0, 100)
    bars = store.read_bars(KEY, 10 * MINUTE, 20 * MINUTE)
    assert bars.time.tolist() == [at * MINUTE for at in range(10, 20)]
    assert (bars.symbol, bars.timeframe) == (KEY.symbol, KEY.timeframe)
    assert store.coverage(KEY) == [span(0, 100)]
    assert store.bounds(KEY) == (0, 99 * MINUTE)
    assert store.count_bars(KEY, 5 * MINUTE, 8 * MINUTE) == 3


def test_every_bit_of_a_price_is_kept_but_the_sign_of_zero(store: Store) -> None:
    awkward = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789.12345679]
    given = [(at * MINUTE, v, v, v, v, v) for at, v in enumerate(awkward)]
    store.write_bars(KEY, [span(0, 6)], given)
    bars = store.read_bars(KEY, *ALL)
    awkward[4] = 0.0
    assert bars.close.view(np.int64).tolist() == np.array(awkward).view(np.int64).tolist()


def test_many_bars_are_read_as_columns_and_as_rows_alike(store: Store) -> None:
    written = bars_of(store_module.FEW_BARS + 1)
    last = int(written.time[-1]) + MINUTE
    store.write_bars(KEY, [Interval(0, last)], written)
    series = store.series(KEY)
    assert series is not None
    columns = columnar.read_columns(store._database, KEY, series.id)
    assert columns is not None
    assert columns[0].digest() == written.digest()
    assert columns[1] == series.state
    first, again = store.read_bars(KEY, *ALL), store.read_bars(KEY, *ALL)
    assert first.digest() == again.digest() == written.digest()
    few = store.read_bars(KEY, MINUTE, 11 * MINUTE)
    assert few.digest() == written.slice(1, 11).digest()


def test_a_series_nobody_wrote_has_nothing(store: Store) -> None:
    assert store.series(KEY) is None
    assert store.coverage(KEY) == []
    assert len(store.read_bars(KEY, *ALL)) == 0
    assert store.read_bars(KEY, *ALL).time.dtype == np.int64
    assert store.bounds(KEY) is None
    assert store.prune(KEY, 10**15) == 0
    assert store.series(KEY) is None


def test_no_data_exists_is_told_from_never_fetched(store: Store) -> None:
    store.write_bars(KEY, [span(0, 500)], None)
    assert store.coverage(KEY) == [span(0, 500)]
    assert len(store.read_bars(KEY, *ALL)) == 0


def test_series_of_the_same_symbol_are_apart(store: Store) -> None:
    hourly = SeriesKey("binance", "BTC/USDT", Timeframe.parse("1h"))
    store.write_bars(KEY, [span(0, 3)], rows(0, 3))
    store.write_bars(OTHER, [span(0, 60)], rows(0, 2))
    store.write_bars(hourly, [span(0, 60)], [row(0, close=100.5)])
    assert stored(store) == rows(0, 3)
    assert stored(store, OTHER) == rows(0, 2)
    assert stored(store, hourly) == [row(0, close=100.5)]


def test_stretches_that_touch_or_overlap_become_one(store: Store) -> None:
    for first, stop in ((0, 10), (20, 30), (50, 60), (10, 20), (25, 40), (5, 8)):
        store.write_bars(KEY, [span(first, stop)], rows(first, stop))
    assert store.coverage(KEY) == [span(0, 40), span(50, 60)]
    store.write_bars(KEY, [span(35, 70), span(80, 90)], None)
    assert store.coverage(KEY) == [span(0, 70), span(80, 90)]


def test_a_bar_outside_what_was_answered_is_refused_and_nothing_is_stored(store: Store) -> None:
    with pytest.raises(ValueError, match="in no stretch"):
        store.write_bars(KEY, [span(0, 5)], rows(0, 6))
    assert store.series(KEY) is None
    store.write_bars(KEY, [span(0, 5)], rows(0, 5))
    with pytest.raises(ValueError, match="in no stretch"):
        store.write_bars(KEY, [span(7, 9)], rows(4, 8))
    assert stored(store) == rows(0, 5)
    assert store.coverage(KEY) == [span(0, 5)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_refused(store: Store, value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        store.write_bars(KEY, [span(0, 1)], [(0, 1.0, 1.0, 1.0, value, 1.0)])


def test_rows_in_any_order_and_twice_are_one_each_unless_they_differ(store: Store) -> None:
    given = [*reversed(rows(0, 9)), *rows(3, 5)]
    assert store.write_bars(KEY, [span(0, 9)], given) == Written(inserted=9)
    assert stored(store) == rows(0, 9)
    with pytest.raises(ValueError, match="two different bars"):
        store.write_bars(KEY, [], [row(1), row(1, close=5.0)])


def test_written_again_nothing_changes(store: Store) -> None:
    store.write_bars(KEY, [span(0, 50)], rows(0, 50))
    before = store.series(KEY)
    assert store.write_bars(KEY, [span(0, 50)], rows(0, 50)) == Written(unchanged=50)
    assert store.series(KEY) == before
    assert store.quality(KEY) == []


def test_a_corrected_bar_keeps_its_old_values(store: Store) -> None:
    store.write_bars(KEY, [span(0, 10)], rows(0, 10))
    before = store.series(KEY)
    changed = [row(3), row(4, close=7.0), row(5)]
    assert store.write_bars(KEY, [], changed) == Written(corrected=1, unchanged=2)
    assert store.write_bars(KEY, [], [row(4, close=8.0)]) == Written(corrected=1)
    assert stored(store)[4] == row(4, close=8.0)
    notes = store.quality(KEY)
    assert [(note.time, note.code, note.revision) for note in notes] == [
        (4 * MINUTE, "corrected", 1),
        (4 * MINUTE, "corrected", 2),
    ]
    assert [json.loads(note.detail)["close"] for note in notes] == [row(4)[4], 7.0]
    after = store.series(KEY)
    assert before is not None
    assert after is not None
    assert after.state != before.state
    [info] = store.all_series()
    assert (info.bars, info.corrected) == (10, 1)


def test_without_revise_the_stored_bar_stays(store: Store) -> None:
    store.write_bars(KEY, [span(0, 3)], rows(0, 3))
    given = [row(2, close=7.0), row(3)]
    written = store.write_bars(KEY, [span(2, 4)], given, revise=False)
    assert written == Written(inserted=1, unchanged=1)
    assert stored(store) == rows(0, 4)
    assert store.quality(KEY) == []


def test_pruned_bars_take_their_coverage_along(store: Store) -> None:
    store.write_bars(KEY, [span(0, 10), span(20, 30)], rows(0, 10) + rows(20, 30))
    store.write_bars(KEY, [], [row(2, close=9.0), row(25, close=9.0)])
    assert store.prune(KEY, 25 * MINUTE) == 15
    assert store.coverage(KEY) == [span(25, 30)]
    assert [bar[0] for bar in stored(store)] == [at * MINUTE for at in range(25, 30)]
    assert [note.time for note in store.quality(KEY)] == [25 * MINUTE]
    [info] = store.all_series()
    assert (info.bars, info.corrected) == (5, 1)
    assert store.prune(KEY, 25 * MINUTE) == 0


def test_the_list_counts_what_is_missing(store: Store) -> None:
    given = rows(2, 5) + rows(6, 10) + rows(13, 15)
    store.write_bars(KEY, [span(0, 20)], given)
    store.write_bars(OTHER, [span(0, 20)], None)
    first, second = store.all_series(holes=True)
    assert (first.key, first.bars, first.first, first.last) == (KEY, 9, 2 * MINUTE, 14 * MINUTE)
    assert (first.missing, first.holes, first.coverage) == (4, 2, [span(0, 20)])
    assert (second.key, second.bars, second.first, second.missing) == (OTHER, 0, None, 0)
    assert store.all_series()[0].holes is None
    assert store.size() > 0


def test_filters_are_the_markets_of_every_timeframe(store: Store) -> None:
    hourly = SeriesKey("binance", "BTC/USDT", Timeframe.parse("1h"))
    store.set_filters(KEY, "0.00001000", "0.01", None)
    store.set_filters(KEY, "0.00001000", "0.01", "5", listed=1_502_942_400_000)
    series = store.series(hourly, create=True)
    assert series is not None
    assert (series.lot, series.tick, series.min_notional) == ("0.00001000", "0.01", "5")
    assert (series.listed, series.bars) == (1_502_942_400_000, 0)


def test_findings_are_kept_once_each(store: Store) -> None:
    store.add_quality(KEY, [(5, "outlier", "first"), (1, "gap", "6 h")])
    store.add_quality(KEY, [(5, "outlier", "second")])
    found = [(note.time, note.code, note.detail) for note in store.quality(KEY)]
    assert found == [(1, "gap", "6 h"), (5, "outlier", "second")]
    with pytest.raises(ValueError, match="corrected"):
        store.add_quality(KEY, [(5, "corrected", "{}")])


moves = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 40), st.integers(1, 12), st.booleans()),
        st.tuples(st.just("prune"), st.integers(0, 45)),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(moves)
def test_whatever_is_written_the_store_equals_a_dictionary(moves: list[tuple]) -> None:
    """Windows with a hole, corrections and pruning in any order, against the plainest model."""
    import tempfile

    bars: dict[int, tuple[float, ...]] = {}
    revisions: dict[int, int] = {}
    covered: set[int] = set()
    with tempfile.TemporaryDirectory() as name, open_store("", Path(name)) as store:
        for number, move in enumerate(moves):
            if move[0] == "prune":
                store.prune(KEY, move[1] * MINUTE)
                for old in [at for at in bars if at < move[1]]:
                    del bars[old], revisions[old]
                covered -= {at for at in covered if at < move[1]}
            else:
                _, first, count, revise = move
                wanted = [at for at in range(first, first + count) if at % 5 != 2]
                given = [row(at, close=500.0 + number if at % 3 == 0 else None) for at in wanted]
                store.write_bars(KEY, [span(first, first + count)], given, revise=revise)
                for at, bar in zip(wanted, given, strict=True):
                    if at not in bars:
                        bars[at], revisions[at] = bar, 0
                    elif revise and bars[at] != bar:
                        bars[at], revisions[at] = bar, revisions[at] + 1
                covered |= set(range(first, first + count))
            assert stored(store) == [bars[at] for at in sorted(bars)]
            assert store.coverage(KEY) == union(span(at, at + 1) for at in covered)
            for info in store.all_series():
                assert (info.bars, info.corrected) == (
                    len(bars), sum(one > 0 for one in revisions.values()),
                )  # fmt: skip
        notes = [note for note in store.quality(KEY) if note.code == "corrected"]
        assert len(notes) == sum(revisions.values())


def test_bars_and_coverage_read_together_are_of_one_moment(store: Store, tmp_path: Path) -> None:
    """While another thread writes and prunes, every bar lies in the coverage read with it."""
    import threading

    over, seen = threading.Event(), 0

    def write() -> None:
        for at in range(0, 400, 10):
            store.write_bars(KEY, [span(at, at + 10)], rows(at, at + 10))
            if at % 70 == 0:
                store.prune(KEY, (at - 30) * MINUTE)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not over.is_set():
        read = store.read(KEY, 0, 10**12)
        for time in read.bars.time.tolist():
            assert holds(read.coverage, Interval(time, time + MINUTE))
        expected = [at for part in read.coverage for at in range(part.start, part.end, MINUTE)]
        assert read.bars.time.tolist() == expected
        seen += 1
    writer.join()
    assert seen > 3


def test_weeks_are_counted_from_their_mondays(store: Store) -> None:
    key = replace(KEY, timeframe=Timeframe.parse("1w"))
    week = key.timeframe.ms
    first = key.timeframe.floor(10**12)
    store.write_bars(
        key,
        [Interval(first, first + 5 * week)],
        [(first + at * week, 1.0, 1.0, 1.0, 1.0, 1.0) for at in (0, 1, 4)],
    )
    [info] = store.all_series(holes=True)
    assert (info.missing, info.holes) == (2, 1)


def test_a_failing_columnar_driver_costs_time_and_not_bars(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from adbc_driver_manager import OperationalError

    written = bars_of(store_module.FEW_BARS + 1)
    store.write_bars(KEY, [Interval(0, int(written.time[-1]) + MINUTE)], written)

    def fail(*_: object) -> None:
        raise OperationalError("no memory", status_code=1)

    monkeypatch.setattr(columnar, "_read", fail)
    with caplog.at_level(logging.WARNING, "rtrade.store"):
        assert store.read_bars(KEY, *ALL).digest() == written.digest()
    assert "columns failed" in caplog.text
