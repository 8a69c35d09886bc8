"""kill -9 at any moment, a server that crashes under three writers: nothing lost, nothing twice.

`RTRADE_KILLS` and `RTRADE_RESTARTS` set how often: a tenth of the campaign in `make test`, all of
it in `make nightly`.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rtrade.core.intervals import Interval
from rtrade.store.opening import open_store
from rtrade.store.store import Store
from store.cases import KEY, MINUTE, columns, row, span
from store.postgres import Embedded, embedded, new_database
from store.severing import Severing
from store.writer import Work, Writer

KILLS = int(os.environ.get("RTRADE_KILLS", "50"))
RESTARTS = int(os.environ.get("RTRADE_RESTARTS", "5"))
ALL = (-(2**62), 2**62)
WINDOW = 40


def hold(store: Store) -> tuple[list[Interval], int]:
    """Check that exactly the covered bars are stored, each with its values and once."""
    coverage, count = hold_together(store)
    assert store.quality(KEY) == []
    for info in store.all_series():
        assert (info.bars, info.missing, info.corrected) == (count, 0, 0)
    return coverage, count


def hold_together(store: Store) -> tuple[list[Interval], int]:
    """Check that one read, whoever writes meanwhile, has exactly the bars that are covered."""
    read = store.read(KEY, *ALL)
    parts = [np.arange(part.start, part.end, MINUTE) // MINUTE for part in read.coverage]
    numbers = np.concatenate([np.empty(0, np.int64), *parts])
    for name, expected in columns(numbers).items():
        assert np.array_equal(getattr(read.bars, name), expected), name
    return read.coverage, len(numbers)


def test_a_writer_that_is_killed_leaves_what_it_said_and_nothing_half(tmp_path: Path) -> None:
    draw = random.Random(4)
    first = cut = 0
    for _ in range(KILLS):
        writer = Writer(Work("", tmp_path, first, first + 100 * WINDOW, WINDOW))
        waited = [writer.wait_for_window() for _ in range(draw.randrange(0, 6))]
        # Somewhere in the next windows' transactions, which take a few milliseconds each.
        threading.Event().wait(draw.random() * 0.01)
        said = [*waited, *writer.kill()]
        assert None not in said
        told = first + WINDOW * len(said)
        with open_store("", tmp_path) as store:
            coverage, count = hold(store)
        # All that was said is there; beyond it at most the one window on its way.
        assert count in (told, told + WINDOW)
        assert coverage == ([span(0, count)] if count else [])
        cut += count - told
        first = count
    with closing(sqlite3.connect(tmp_path / "rtrade.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert first > KILLS * WINDOW
    assert cut < first


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """A server of one's own, to be crashed."""
    with embedded() as running:
        yield running


def test_three_writers_of_one_range_outlive_crashes_of_the_server(
    server: Embedded, tmp_path: Path
) -> None:
    draw = random.Random(11)
    bars, window, done = 2_000, 20, 0
    with new_database(server.url) as url:
        while done < RESTARTS:
            writers = [Writer(Work(url, tmp_path, 0, bars, window, 2, seed)) for seed in (1, 2, 3)]
            for writer in writers:
                assert writer.wait_for_window() is not None  # each is at work
            while done < RESTARTS and any(writer.process.is_alive() for writer in writers):
                threading.Event().wait(draw.random() * 0.1)
                server.stop("immediate")
                server.start()
                done += 1
            for writer in writers:
                assert len(writer.rest()) <= 2 * bars // window
            assert [writer.process.exitcode for writer in writers] == [0, 0, 0]
            with open_store(url, tmp_path) as store:
                assert hold(store) == ([span(0, bars)], bars)
                assert store.prune(KEY, bars * MINUTE) == bars


def test_three_processes_fill_one_file_of_sqlite_at_once(tmp_path: Path) -> None:
    writers = [Writer(Work("", tmp_path, 0, 2_000, 20, 2, seed)) for seed in (1, 2, 3)]
    with open_store("", tmp_path) as store:
        while any(writer.process.is_alive() for writer in writers):
            hold_together(store)
        for writer in writers:
            assert len(writer.rest()) == 200
        assert [writer.process.exitcode for writer in writers] == [0, 0, 0]
        assert hold(store) == ([span(0, 2_000)], 2_000)


def test_a_commit_whose_answer_is_lost_is_not_made_twice(postgres_url: str, tmp_path: Path) -> None:
    """The connection breaks between COMMIT and its reply: the work runs again, to the same end."""
    with Severing(postgres_url) as proxy, open_store(proxy.url, tmp_path) as store:
        store.write_bars(KEY, [span(0, 5)], [row(at) for at in range(5)])
        proxy.sever_after(b"COMMIT\0")  # the whole statement
        written = store.write_bars(KEY, [span(5, 8)], [row(2, close=1.0), row(5), row(6), row(7)])
        assert proxy.severed == 1
        # What the second time found: all of it there already.
        assert (written.inserted, written.corrected, written.unchanged) == (0, 0, 4)
        [note] = store.quality(KEY)
        assert (note.code, note.revision) == ("corrected", 1)
        assert json.loads(note.detail)["close"] == row(2)[4]
        [info] = store.all_series()
        assert (info.bars, info.corrected, info.coverage) == (8, 1, [span(0, 8)])


@pytest.mark.parametrize("word", [b"BEGIN", b"pg_advisory_xact_lock", b"COPY", b"INTO coverage"])
def test_a_connection_that_breaks_on_the_way_is_made_anew(
    postgres_url: str, tmp_path: Path, word: bytes
) -> None:
    with Severing(postgres_url) as proxy, open_store(proxy.url, tmp_path) as store:
        proxy.sever_after(word)
        assert store.write_bars(KEY, [span(0, 5)], [row(at) for at in range(5)]).inserted == 5
        assert proxy.severed == 1
        assert hold(store) == ([span(0, 5)], 5)
