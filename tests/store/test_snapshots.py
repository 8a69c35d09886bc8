"""Snapshots: the same bars sooner, never stale, and never believed when damaged."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from rtrade.core.intervals import Interval
from rtrade.store import store as store_module
from rtrade.store.opening import open_store
from rtrade.store.snapshots import Snapshots
from rtrade.store.store import Store
from store.cases import KEY, MINUTE, bars_of, row

ALL = (-(2**62), 2**62)
COUNT = store_module.FEW_BARS + 100


def filled(store: Store) -> str:
    bars = bars_of(COUNT)
    store.write_bars(KEY, [Interval(0, COUNT * MINUTE)], bars)
    assert store.read_bars(KEY, *ALL).digest() == bars.digest()
    return bars.digest()


def snapshot(folder: Path) -> Path:
    [path] = (folder / "snapshots").iterdir()
    return path


def test_a_second_load_reads_no_bar_from_the_database(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = filled(store)

    def refuse(*_: object) -> None:
        raise AssertionError("the database was read")

    monkeypatch.setattr(store_module, "read_columns", refuse)
    monkeypatch.setattr(store_module.reading, "read_rows", refuse)
    assert store.read_bars(KEY, *ALL).digest() == digest
    assert len(store.read_bars(KEY, MINUTE, 3 * MINUTE)) == 2


def test_a_change_of_one_bar_is_seen_by_the_next_load(store: Store, tmp_path: Path) -> None:
    filled(store)
    old = snapshot(tmp_path)
    store.write_bars(KEY, [], [row(17, close=1.25)])
    assert store.read_bars(KEY, *ALL).close[17] == 1.25
    assert snapshot(tmp_path) != old
    store.prune(KEY, 5 * MINUTE)
    assert store.read_bars(KEY, *ALL).time[0] == 5 * MINUTE


def test_coverage_alone_leaves_the_snapshot(store: Store, tmp_path: Path) -> None:
    filled(store)
    old = snapshot(tmp_path)
    store.write_bars(KEY, [Interval(COUNT * MINUTE, 2 * COUNT * MINUTE)], None)
    assert len(store.read_bars(KEY, *ALL)) == COUNT
    assert snapshot(tmp_path) == old


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-8],
        lambda data: b"",
        lambda data: data[:17],
        lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
        lambda data: data[:8192] + bytes(4096) + data[12288:],
        lambda data: b"\0" * len(data),
        lambda data: data + bytes(48),
        lambda data: data.replace(b"rtrade bars 1", b"rtrade bars 0"),
    ],
    ids=["half", "last word", "empty", "header cut", "one bit", "zero page", "zeros", "longer",
         "version"],
)  # fmt: skip
def test_damage_is_noticed_and_the_database_read(
    damage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_store("", tmp_path) as store:
        digest = filled(store)
        path = snapshot(tmp_path)
        path.write_bytes(damage(path.read_bytes()))
        with caplog.at_level(logging.WARNING, "rtrade.store"):
            assert store.read_bars(KEY, *ALL).digest() == digest
        assert "snapshot damaged" in caplog.text
        caplog.clear()
        assert store.read_bars(KEY, *ALL).digest() == digest
        assert not caplog.records


def test_a_folder_that_cannot_be_written_costs_time_and_not_bars(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "snapshots").write_text("a file where the folder should be")
    with open_store("", tmp_path) as store, caplog.at_level(logging.WARNING, "rtrade.store"):
        filled(store)
    assert "snapshot not written" in caplog.text


def test_snapshots_of_two_databases_do_not_meet(tmp_path: Path) -> None:
    """A workspace that is pointed at another database and back."""
    one, two = f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/two.db"
    with open_store(one, tmp_path) as store:
        digest = filled(store)
    with open_store(two, tmp_path) as store:
        assert len(store.read_bars(KEY, *ALL)) == 0
        store.write_bars(KEY, [Interval(0, COUNT * MINUTE)], bars_of(COUNT, seed=8))
        assert store.read_bars(KEY, *ALL).digest() != digest
    with open_store(one, tmp_path) as store:
        assert store.read_bars(KEY, *ALL).digest() == digest


def test_an_empty_series_has_a_sound_snapshot(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "snapshots", "id")
    snapshots.save(bars_of(0), 1, "state")
    loaded = snapshots.load(KEY, 1, "state")
    assert loaded is not None
    assert len(loaded) == 0
    assert loaded.time.dtype == np.int64


def test_a_write_that_breaks_off_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = Snapshots(tmp_path, "id")

    def fail(*_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        snapshots.save(bars_of(5), 1, "state")
    assert list(tmp_path.iterdir()) == []
