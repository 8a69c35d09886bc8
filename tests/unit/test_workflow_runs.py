"""The index of runs: the folders are the truth, whoever changes them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rtrade.analysis import run_summary
from rtrade.analysis.run_summary import POINTS, read_summary, summarise
from rtrade.core.errors import DataUnavailable, StoreError, UsageError, WorldError
from rtrade.store.store import Store
from rtrade.workflow.holding import HeldStore
from rtrade.workflow.run_columns import read_curves
from rtrade.workflow.runs import LONGEST_NOTE, RunIndex, RunQuery
from web.serving import copy_run, make_run, make_workspace


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(make_workspace(tmp_path_factory.mktemp("real")))


@pytest.fixture
def run(real: Path, tmp_path: Path) -> Path:
    """A run in a workspace of its own."""
    folder = tmp_path / "runs" / real.name
    shutil.copytree(real, folder)
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[RunIndex]:
    held = HeldStore(tmp_path)
    yield RunIndex(tmp_path, held)
    held.close()


def ids(index: RunIndex, **query) -> list[str]:
    return [one.summary.run_id for one in index.page(RunQuery(**query)).runs]


A, B, C = (f"{name}-00000000{at:02x}" for at, name in enumerate(("alpha", "beta", "gamma")))


def test_a_workspace_without_runs_lists_none(index: RunIndex) -> None:
    page = index.page(RunQuery())
    assert (page.runs, page.total, page.broken) == ((), 0, ())


def test_a_summary_says_what_the_result_says(run: Path) -> None:
    summary, document = summarise(run), json.loads((run / "result.json").read_text())
    assert summary.run_id == run.name
    assert summary.metrics == document["metrics"]
    assert (summary.symbol, summary.bars) == ("BTC/USDT", 720)
    assert summary.synthetic
    assert len(summary.equity) == POINTS
    lines = (run / "equity.csv").read_text().splitlines()[1:]
    assert summary.equity[0] == float(lines[0].split(",")[1])
    assert summary.equity[-1] == float(lines[-1].split(",")[1])
    assert read_summary(summary.as_text()) == summary


def test_a_summary_of_another_version_is_read_from_the_folder_again(
    run: Path, index: RunIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_summary, "_VERSION", 0)
    assert ids(index) == [run.name]
    monkeypatch.undo()
    with HeldStore(tmp_path).opened() as store:
        assert read_summary(store.runs()[0].document) is None
    other = RunIndex(tmp_path, HeldStore(tmp_path))
    assert ids(other) == [run.name]


def test_whatever_happens_to_a_folder_is_seen(run: Path, index: RunIndex) -> None:
    assert ids(index) == [run.name]
    other = copy_run(run, A, sharpe=2.0)
    assert set(ids(index)) == {run.name, A}
    document = json.loads((other / "result.json").read_text())
    document["metrics"]["sharpe"] = -1.0
    (other / "new.json").write_text(json.dumps(document))
    os.utime(other / "new.json", ns=(10**18, 10**18))
    (other / "new.json").replace(other / "result.json")
    os.utime(run.parent)
    assert index.one(A).summary.metrics["sharpe"] == -1.0
    shutil.rmtree(other)
    assert ids(index) == [run.name]


def _columns(store: Store) -> dict[str, str]:
    return {run.run_id: run.document for run in store.runs()}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version":1,"metrics":7}', "\x00"])
def test_an_index_that_holds_nonsense_makes_itself_anew(
    run: Path, index: RunIndex, tmp_path: Path, text: str
) -> None:
    copy_run(run, A)
    index.mark(A, tags=("keep",))
    assert ids(index, tag="keep") == [A]
    with HeldStore(tmp_path).opened() as store:
        good = _columns(store)
        (row,) = (one for one in store.runs() if one.run_id == A)
        gone = replace(row, run_id=C)
        store.put_runs([replace(row, document=text, strategy="?"), gone])
    again = RunIndex(tmp_path, HeldStore(tmp_path))
    assert set(ids(again)) == {run.name, A}
    assert again.one(A).tags == ("keep",)
    with HeldStore(tmp_path).opened() as store:
        assert _columns(store) == good


@pytest.mark.parametrize("size", [None, 0])
def test_an_index_that_is_gone_makes_itself_anew(
    run: Path, index: RunIndex, tmp_path: Path, size: int | None
) -> None:
    assert ids(index) == [run.name]
    index._held.close()
    for file in (tmp_path / ".rtrade").glob("rtrade.db*"):
        file.unlink()
    if size is not None:
        (tmp_path / ".rtrade" / "rtrade.db").write_bytes(b"")
    again = RunIndex(tmp_path, HeldStore(tmp_path))
    assert ids(again) == [run.name]
    with HeldStore(tmp_path).opened() as store:
        assert list(_columns(store)) == [run.name]


@pytest.mark.parametrize("harm", ["cut", "overwritten", "no database"])
def test_runs_are_listed_though_the_store_is_damaged(
    run: Path, index: RunIndex, tmp_path: Path, harm: str
) -> None:
    index.mark(run.name, tags=("keep",))
    index._held.close()
    file = tmp_path / ".rtrade" / "rtrade.db"
    data = file.read_bytes()
    harmed = {
        "cut": data[: len(data) // 3],
        "overwritten": data[:4096] + b"\xa5" * (len(data) - 4096),
        "no database": b"\xa5" * len(data),
    }
    for one in file.parent.glob("rtrade.db?*"):
        one.unlink()
    file.write_bytes(harmed[harm])
    held = HeldStore(tmp_path)
    again = RunIndex(tmp_path, held)
    page = again.page(RunQuery())
    assert [one.summary.run_id for one in page.runs] == [run.name]
    assert isinstance(page.unmarked, StoreError)
    assert "move" in (page.unmarked.hint or "")
    assert again.one(run.name).unmarked is not None
    asked = (
        lambda: again.page(RunQuery(tag="keep")),
        lambda: again.mark(run.name, note="x"),
        lambda: again.delete(run.name),
    )
    for ask in asked:
        with pytest.raises(StoreError):
            ask()
    # Nothing of it was deleted either.
    assert (run / "result.json").is_file()
    held.close()
    # What the hint says is enough.
    file.unlink()
    whole = RunIndex(tmp_path, HeldStore(tmp_path))
    assert whole.mark(run.name, note="x").unmarked is None


def test_a_folder_that_was_still_for_a_while_is_not_read_again(
    run: Path, index: RunIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(run.parent, ns=(10**18, 10**18))
    assert ids(index) == [run.name]
    monkeypatch.setattr("rtrade.workflow.runs._scan", None)
    assert ids(index) == [run.name]


def test_another_server_reads_no_folder_that_is_indexed(
    run: Path, index: RunIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ids(index) == [run.name]
    monkeypatch.setattr("rtrade.workflow.runs.summarise", None)
    assert ids(RunIndex(tmp_path, HeldStore(tmp_path))) == [run.name]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: "{", "JSONDecodeError"),
        (lambda text: "[]", "TypeError"),
        (lambda text: text.replace('"sharpe": ', '"sharpe": NaN, "x": '), "not finite"),
        (lambda text: text.replace('"sharpe": ', '"sharpe": "<b>", "x": '), "no number"),
        (lambda text: text.replace('"run_id": "', '"run_id": "other-'), "of the run"),
        (lambda text: text.replace('"metrics"', '"m"'), "KeyError"),
    ],
)
def test_a_folder_that_holds_no_run_is_named_with_the_reason(
    run: Path, index: RunIndex, change, reason: str
) -> None:
    folder = copy_run(run, A)
    file = folder / "result.json"
    file.write_text(change(file.read_text()))
    page = index.page(RunQuery())
    assert [one.summary.run_id for one in page.runs] == [run.name]
    ((name, said),) = page.broken
    assert name == A
    assert reason in said
    with pytest.raises(WorldError, match="does not hold what a run writes"):
        index.one(A)
    assert index.page(RunQuery()).broken == page.broken


def test_a_run_without_its_curve_is_broken(run: Path, index: RunIndex) -> None:
    (run / "equity.csv").unlink()
    ((_, said),) = index.page(RunQuery()).broken
    assert "equity.csv" in said


def test_runs_are_filtered_and_sorted(run: Path, index: RunIndex) -> None:
    copy_run(run, A, sharpe=1.0, trades=3)
    copy_run(run, B, sharpe=None, trades=5)
    copy_run(run, C, sharpe=-1.0, trades=5)
    shutil.rmtree(run)
    assert ids(index, order="sharpe") == [A, C, B]
    assert ids(index, order="sharpe", descending=False) == [C, A, B]
    assert ids(index, order="strategy", descending=False) == [A, B, C]
    assert ids(index, order="trades") == [B, C, A]
    assert ids(index, order="run_id", limit=1, offset=1) == [B]
    assert ids(index, bounds=(("sharpe", 0.0, 9.0),)) == [A]
    assert set(ids(index, bounds=(("trades", 5.0, 5.0),))) == {B, C}
    assert ids(index, strategy="beta") == [B]
    assert ids(index, symbol="ETH/USDT") == []
    assert ids(index, timeframe="1d") == []
    started = index.one(A).summary.started
    assert len(ids(index, since=started, until=started + 1)) == 3
    assert ids(index, until=started) == []
    page = index.page(RunQuery(limit=1))
    assert (len(page.runs), page.total) == (1, 3)
    assert page.strategies == ("alpha", "beta", "gamma")
    assert page.symbols == ("BTC/USDT",)


def test_tags_and_notes_stay_until_the_run_is_deleted(run: Path, index: RunIndex) -> None:
    copy_run(run, A)
    marked = index.mark(A, tags=("keep", "btc", "keep"), note="Since <b>March</b>.")
    assert (marked.tags, marked.note) == (("btc", "keep"), "Since <b>March</b>.")
    assert index.mark(A, note="").tags == ("btc", "keep")
    assert index.one(A).note == ""
    assert ids(index, tag="btc") == ids(index, text="KEEP") == [A]
    assert ids(index, text="alpha-0") == [A]
    index.delete(A)
    assert not (run.parent / A).exists()
    assert ids(index) == [run.name]
    copy_run(run, A)
    assert index.one(A).tags == ()


@pytest.mark.parametrize("tag", ["", "a b", "a,b", "x" * 41, "new\nline", "nul\x00"])
def test_what_is_no_tag_is_refused(run: Path, index: RunIndex, tag: str) -> None:
    with pytest.raises(UsageError, match="is no tag"):
        index.mark(run.name, tags=(tag,))
    with pytest.raises(UsageError, match="tags at most"):
        index.mark(run.name, tags=tuple(map(str, range(21))))
    with pytest.raises(UsageError, match="characters at most"):
        index.mark(run.name, note="x" * (LONGEST_NOTE + 1))


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../runs", "a/b", "/etc", "alpha", "alpha-000000000", "-0123456789",
     "alpha-0123456789\n", "alpha-0123456789/", "alpha-012345678G", "a\x00-0123456789"],
)  # fmt: skip
def test_what_is_no_id_is_no_path(run: Path, index: RunIndex, name: str) -> None:
    for ask in (index.find, index.one, index.delete, lambda one: index.mark(one, note="x")):
        with pytest.raises(DataUnavailable, match="there is no run"):
            ask(name)
    assert run.is_dir()


def test_a_link_out_of_the_folder_is_no_run(run: Path, index: RunIndex, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / A
    shutil.copytree(run, outside)
    (run.parent / A).symlink_to(outside)
    assert ids(index) == [run.name]
    with pytest.raises(DataUnavailable):
        index.find(A)
    with pytest.raises(DataUnavailable):
        index.delete(A)
    assert (outside / "result.json").is_file()


def test_curves_are_thinned_without_losing_an_extreme(run: Path, index: RunIndex) -> None:
    file, stamp = index.file(run.name, "equity.csv")
    whole = read_curves(file, stamp, points=10_000)
    assert len(whole.time) == whole.bars == 720
    few = read_curves(file, stamp, points=40)
    assert len(few.time) <= 40
    assert few.bars == 720
    assert (few.equity.min(), few.equity.max()) == (whole.equity.min(), whole.equity.max())
    assert (few.time[0], few.time[-1]) == (whole.time[0], whole.time[-1])
    assert set(few.time.tolist()) <= set(whole.time.tolist())
    start, end = int(whole.time[10]), int(whole.time[20])
    part = read_curves(file, stamp, start=start, end=end, points=10_000)
    assert part.time.tolist() == whole.time[10:20].tolist()
    assert read_curves(file, stamp, start=end, end=start, points=4).bars == 0


HEADER = "time,equity,position,benchmark\n"


@pytest.mark.parametrize(
    "text", ["", "time,equity\n", f"{HEADER}x,1,2,3\n", f"{HEADER}2020-01-01T00:00:00Z,nan,2,3\n"]
)
def test_a_damaged_curve_is_said_to_be(run: Path, text: str) -> None:
    (run / "equity.csv").write_text(text)
    with pytest.raises(WorldError, match=r"equity\.csv of run"):
        read_curves(run / "equity.csv", len(text), points=4)


def test_a_database_that_failed_is_not_tried_by_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://h/d")
    held = HeldStore(tmp_path)
    with pytest.raises(StoreError, match="not supported") as first, held.opened():
        pass
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(StoreError, match="not supported") as second, held.opened():
        pass
    assert second.value is not first.value
    assert second.value.hint == first.value.hint
    monkeypatch.setattr("rtrade.workflow.holding._AGAIN", 0.0)
    with held.opened() as store:
        assert store.runs() == []
    held.close()
    with pytest.raises(StoreError, match="has been closed"), held.opened():
        pass
