"""Runs read back from their folders: the page written anew, and two runs beside each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from integration.test_cli import rtrade
from rtrade.analysis.comparison import compare
from rtrade.analysis.stored import find_run, read_run
from rtrade.core.errors import UsageError, WorldError

SOURCE = """
rtrade: 1
kind: csv
series:
  - {path: bars.csv, symbol: ETH/BTC, timeframe: 1h}
time_unit: ms
"""
STRATEGY = """
rtrade: 1
name: two_means
data: {source: own, symbol: ETH/BTC, timeframe: 1h}
params: {fast: {default: 5}, slow: {default: 20}}
signals: {fast_ma: "sma(close, fast)", slow_ma: "sma(close, slow)"}
rules: {enter_long: "crosses_above(fast_ma, slow_ma)", exit_long: "crosses_below(fast_ma, slow_ma)"}
sizing: {equity: 50%}
costs: {commission: 0.1%, slippage: 0.05%}
backtest: {cash: 10000}
"""


def bars(count: int) -> str:
    import math

    rows, close = ["ts,open,high,low,close,volume"], 100.0
    for at in range(count):
        opened, close = close, 100 + 10 * math.sin(at / 17) + 3 * math.sin(at / 3.1)
        low, high = min(opened, close) - 0.5, max(opened, close) + 0.5
        time = 1_700_000_400_000 // 3_600_000 * 3_600_000 + at * 3_600_000
        rows.append(f"{time},{opened:.4f},{high:.4f},{low:.4f},{close:.4f},7")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three runs: as the file says, with another parameter, and elsewhere."""
    place = tmp_path_factory.mktemp("stored")
    (place / "strategies").mkdir()
    (place / "datasources").mkdir()
    (place / "strategies" / "two_means.yaml").write_text(STRATEGY)
    (place / "datasources" / "own.yaml").write_text(SOURCE)
    (place / "datasources" / "bars.csv").write_text(bars(900))
    for options in ((), ("--set", "params.slow=30"), ("--last", "20d", "--out", "elsewhere")):
        done = rtrade("run", "strategies/two_means.yaml", "--quiet", *options, cwd=place)
        assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Path:
    """A copy to break; the runs in it were made in the one that it was copied from."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


def runs(place: Path, folder: str = "runs") -> list[Path]:
    found = [path for path in (place / folder).iterdir() if (path / "result.json").is_file()]
    return sorted(found, key=lambda path: (path / "result.json").stat().st_mtime)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_page_written_anew_is_the_page(made: Path, which: int) -> None:
    run = [*runs(made), *runs(made, "elsewhere")][which]
    page = run / "report.html"
    before = page.read_bytes()
    page.unlink()
    done = rtrade("report", run, cwd=made)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"report: {page}\n"
    assert page.read_bytes() == before
    assert {path.name for path in run.iterdir() if path.name[0] == "."} == set()


def test_bars_added_since_do_not_matter_and_changed_ones_do(made: Path, workspace: Path) -> None:
    run = runs(workspace)[0]
    lock = json.loads((run / "run.lock").read_text())
    lock["paths"]["workspace"] = str(workspace)
    (run / "run.lock").write_text(json.dumps(lock))
    file = workspace / "datasources" / "bars.csv"
    file.write_text(bars(1_000))
    before = (run / "report.html").read_bytes()
    done = rtrade("report", run.name, cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert (run / "report.html").read_bytes() == before
    changed = bars(900).replace(",7\n", ",8\n", 1)
    file.write_text(changed)
    done = rtrade("report", run.name, cwd=workspace)
    assert done.returncode == 4
    assert f"source `own` does not give the bars of run `{run.name}` any more" in done.stderr
    assert "Traceback" not in done.stderr
    assert (run / "report.html").read_bytes() == before


def test_a_run_is_named_by_path_id_or_the_beginning_of_it(made: Path) -> None:
    first, second = runs(made)
    root = made / "runs"
    assert find_run(str(first), root) == first
    assert find_run(first.name, root) == first
    digits = first.name.removeprefix("two_means-")
    unique = next(n for n in range(1, 11) if digits[:n] != second.name[10 : 10 + n])
    assert find_run(f"two_means-{digits[:unique]}", root) == first
    with pytest.raises(UsageError, match="begins the ids of 2 runs"):
        find_run("two", root)
    with pytest.raises(UsageError, match="no run `three`") as caught:
        find_run("three", root)
    assert first.name in str(caught.value.hint)
    with pytest.raises(UsageError, match="no run ``"):
        find_run("", root)
    with pytest.raises(UsageError) as nothing:
        find_run("x", made / "nowhere")
    assert "none yet" in str(nothing.value.hint)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("result.json", lambda text: text[:200], "result.json is not what a run writes"),
        ("result.json", lambda text: "[]", "not a mapping"),
        ("result.json", lambda text: text.replace('"long"', '"up"', 1), "trades.0.side"),
        ("result.json", lambda text: text.replace('"metrics"', '"m"', 1), "the document"),
        ("equity.csv", lambda text: text.rsplit("\n", 2)[0], "not 900 rows of 4 cells"),
        ("equity.csv", lambda text: text.replace("equity", "money", 1), "the columns are not"),
        ("equity.csv", lambda text: text.replace(".", "x", 1), "not what a run writes"),
        ("plan.json", lambda text: "{", "plan.json is not what a run writes"),
        ("run.lock", lambda text: "3", "not a mapping"),
        ("strategy.yaml", None, "cannot read"),
    ],
)
def test_a_damaged_folder_is_told_and_left_alone(workspace: Path, name, change, message) -> None:
    run = runs(workspace)[0]
    file = run / name
    if change is None:
        file.unlink()
    else:
        file.write_text(change(file.read_text()))
    with pytest.raises(WorldError, match=message) as caught:
        read_run(run)
    assert caught.value.hint
    before = (run / "report.html").read_bytes()
    done = rtrade("report", run, cwd=workspace)
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)
    assert (run / "report.html").read_bytes() == before


def test_arguments_that_a_run_cannot_have_had_are_refused(workspace: Path) -> None:
    run = runs(workspace)[0]
    lock = json.loads((run / "run.lock").read_text())
    lock["arguments"] = {"sets": [1], "engine": "x"}
    (run / "run.lock").write_text(json.dumps(lock))
    done = rtrade("report", run, cwd=workspace)
    assert done.returncode == 4
    assert "the arguments of the run are not understood" in done.stderr


def test_two_runs_beside_each_other(made: Path) -> None:
    first, second = (read_run(path) for path in runs(made))
    found = compare(first, second)
    other = compare(second, first)
    for pair, back in zip(found.metrics, other.metrics, strict=True):
        assert (pair.first, pair.second) == (back.second, back.first)
        if pair.change is not None:
            assert pair.change == -back.change == pair.second - pair.first
    assert [(one.name, one.first, one.second) for one in found.differences] == [
        ("params.slow", 20, 30),
        ("signals.slow_ma", "sma(close, 20)", "sma(close, 30)"),
    ]
    assert found.yaml == ()
    assert found.notes == ()
    keys = [
        {(trade["side"], trade["entry_time"]) for trade in run.document["trades"]}
        for run in (first, second)
    ]
    assert {t["entry_time"] for t in found.only[0]} == {time for _, time in keys[0] - keys[1]}
    assert {t["entry_time"] for t in found.only[1]} == {time for _, time in keys[1] - keys[0]}
    assert found.shared == len(keys[0] & keys[1])
    assert found.only == other.only[::-1]
    assert len(found.only[0]) > 0


def test_levels_and_sizes_differ_in_the_words_of_traders(made: Path, tmp_path: Path) -> None:
    options = (
        ("risk.stop_loss=2.5%",),
        ("risk.stop_loss={atr: 2, period: 14}", "sizing={quote: 500}"),
    )
    for at, sets in enumerate(options):
        given = [part for one in sets for part in ("--set", one)]
        done = rtrade("run", "strategies/two_means.yaml", "--quiet", "--out", tmp_path / str(at),
                      *given, cwd=made)  # fmt: skip
        assert done.returncode == 0, done.stderr
    plain, percent, atr = (
        read_run(path) for path in (runs(made)[0], *runs(tmp_path, "0"), *runs(tmp_path, "1"))
    )
    assert [(one.name, one.first, one.second) for one in compare(plain, percent).differences] == [
        ("risk.stop_loss", None, "2.5%")
    ]
    assert [(one.name, one.first, one.second) for one in compare(percent, atr).differences] == [
        ("sizing", "equity 0.5", "quote 500"),
        ("risk.stop_loss", "2.5%", "2 x ATR(14)"),
    ]


def test_the_command_prints_a_table_and_writes_a_page(made: Path) -> None:
    first, second = runs(made)
    done = rtrade("compare", first.name, second.name, cwd=made)
    assert done.returncode == 0, done.stderr
    assert "differs: params.slow: 20 | 30" in done.stdout
    page = Path(done.stdout.splitlines()[-1].removeprefix("page: "))
    html = page.read_text()
    assert page.parent == made / "runs" / "comparisons"
    assert f'href="../{first.name}/report.html"' in html
    assert "default-src &#39;none&#39;" in html
    assert "<svg" in html
    document = json.loads(rtrade("compare", first, second, "--json", cwd=made).stdout)
    assert document["page"] == str(page)
    assert document["runs"] == [first.name, second.name]
    total = document["metrics"]["total_return"]
    assert total["change"] == total["b"] - total["a"]
    assert page.read_text() == html


def test_other_stretches_costs_and_bars_are_said(made: Path, workspace: Path) -> None:
    (later,) = runs(made, "elsewhere")
    found = compare(read_run(runs(made)[0]), read_run(later))
    assert [note.split(":")[0] for note in found.notes] == ["They cover other times"]
    run = runs(workspace)[1]
    document = json.loads((run / "result.json").read_text())
    document["data"]["sha256"] = "0" * 64
    document["data"]["synthetic"] = True
    (run / "result.json").write_text(json.dumps(document))
    plan = json.loads((run / "plan.json").read_text())
    plan["canonical"]["costs"]["taker"] = 0.002
    plan["canonical"]["cash"] = 5_000.0
    (run / "plan.json").write_text(json.dumps(plan))
    notes = " ".join(compare(read_run(runs(workspace)[0]), read_run(run)).notes)
    for words in ("generated prices", "bars are not the same", "other costs", "amounts of cash"):
        assert words in notes


def test_hostile_texts_stay_texts(workspace: Path) -> None:
    evil = "</style><script>alert(1)</script>"
    first, second = runs(workspace)
    (second / "strategy.yaml").write_text(f"# {evil}\n")
    plan = json.loads((second / "plan.json").read_text())
    plan["params"]["slow"] = evil
    (second / "plan.json").write_text(json.dumps(plan))
    done = rtrade("compare", first, second, "--quiet", cwd=workspace)
    assert done.returncode == 0, done.stderr
    (page,) = (workspace / "runs" / "comparisons").iterdir()
    html = page.read_text()
    assert evil not in html
    assert html.count("<script") == 1


def test_a_run_is_not_compared_with_itself(made: Path) -> None:
    first = runs(made)[0]
    done = rtrade("compare", first.name, first, cwd=made)
    assert done.returncode == 2
    assert "are the same run" in done.stderr


def test_the_page_opens_in_the_browser_that_is_named(made: Path, tmp_path: Path) -> None:
    seen, browser = tmp_path / "seen", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}\n')
    browser.chmod(0o755)
    first = runs(made)[0]
    done = rtrade("report", first.name, "--open", cwd=made, BROWSER=f"{browser} %s")
    assert done.returncode == 0, done.stderr
    assert seen.read_text() == (first / "report.html").as_uri()
