"""Two copies of SQLite in one process never have a file open at once, and everybody gets a turn."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rtrade.core.intervals import Interval
from rtrade.store import columnar
from rtrade.store import store as store_module
from rtrade.store.opening import open_store
from rtrade.store.turns import Turns
from store.cases import KEY, MINUTE, bars_of, rows, span
from store.writer import Work, Writer

ALL = (-(2**62), 2**62)


def opened(file: Path) -> list[str]:
    """What this process has open of a database: file, log, shared memory."""
    links = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    return [link for link in links if link.startswith(str(file))]


def test_no_connection_is_open_while_the_columnar_driver_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = tmp_path / "rtrade.db", []
    real = columnar._sqlite

    def look(*arguments: object):
        seen.append(opened(file))
        return real(*arguments)

    monkeypatch.setattr(columnar, "_sqlite", look)
    written = bars_of(store_module.FEW_BARS + 1)
    with open_store("", tmp_path) as store, open_store("", tmp_path) as other:
        store.write_bars(KEY, [Interval(0, len(written) * MINUTE)], written)
        assert other.count_bars(KEY, *ALL) == len(written)
        assert opened(file)
        assert len(store.read_bars(KEY, *ALL)) == len(written)
        assert seen == [[]]


def test_columns_wait_for_rows_and_rows_for_columns(tmp_path: Path) -> None:
    turns = Turns.of(tmp_path / "a.db")
    assert Turns.of(tmp_path / "." / "a.db") is turns
    order: list[str] = []
    entered, leave = threading.Event(), threading.Event()

    def rows_first() -> None:
        with turns.rows():
            entered.set()
            leave.wait(10)
            order.append("rows")

    def columns_then() -> None:
        with turns.columns(10) as alone:
            assert alone
            order.append("columns")

    first = threading.Thread(target=rows_first)
    first.start()
    assert entered.wait(10)
    with turns.columns(0) as alone:
        assert not alone  # and somebody who cannot wait is told so
    second = threading.Thread(target=columns_then)
    second.start()
    leave.set()
    first.join(10)
    second.join(10)
    assert order == ["rows", "columns"]
    with turns.rows(), turns.rows():
        pass


def test_threads_that_read_columns_beside_writers_of_two_processes_break_nothing(
    tmp_path: Path,
) -> None:
    """What the turns are for: with locks lost here, the other process would damage the file."""
    count = store_module.FEW_BARS + 1
    written = bars_of(count)
    with open_store("", tmp_path) as store:
        store.write_bars(KEY, [Interval(0, count * MINUTE)], written)
        over = threading.Event()
        failures: list[BaseException] = []

        def read() -> None:
            try:
                while not over.is_set():
                    bars = store.read_bars(KEY, *ALL)
                    assert (bars.time[1:] > bars.time[:-1]).all()
            except BaseException as error:  # noqa: BLE001 - a thread's, shown by the test
                failures.append(error)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        # Another process corrects the first bars while this one appends.
        writer = Writer(Work("", tmp_path, 0, 1_200, 20))
        for at in range(count, count + 600, 20):
            store.write_bars(KEY, [span(at, at + 20)], rows(at, at + 20))
        assert len(writer.rest()) == 60
        over.set()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert store.count_bars(KEY, *ALL) == count + 600
        assert store.read_bars(KEY, 0, 1_200 * MINUTE).close[1199] == rows(1199, 1200)[0][4]
        [info] = store.all_series()
        assert (info.bars, info.corrected, info.missing) == (count + 600, 1_200, 0)
    with closing(sqlite3.connect(tmp_path / "rtrade.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
