"""Every bar of runs in which everything happens: what is told of it adds up to the run."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from integration.why_runs import HOUR, START, STRATEGIES, made, rows, workspace
from rtrade.analysis.stored import read_run
from rtrade.analysis.why import Why
from rtrade.core.errors import UsageError
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REFUSALS
from rtrade.core.timeframes import iso
from rtrade.report.why import as_html, as_text, document, summary
from rtrade.report.why_schema import why_schema
from rtrade.workflow.why import Explainer, why


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("why"))


@pytest.fixture(scope="module")
def runs(place: Path) -> dict[str, Path]:
    return {name: made(place, name) for name in STRATEGIES}


@pytest.fixture(scope="module")
def told(runs: dict[str, Path]) -> dict[str, list[Why]]:
    """Every bar of every run."""
    found = {}
    for name, folder in runs.items():
        explainer = Explainer(folder)
        found[name] = [explainer.why(int(at)) for at in explainer.run.time]
    return found


def test_the_runs_meet_everything(told: dict[str, list[Why]]) -> None:
    whole = [one for bars in told.values() for one in bars]
    reasons = {fill.reason for one in whole for fill in one.fills}
    assert reasons == {*ENTRY_REASONS, *BAR_EXITS, *CLOSE_EXITS}
    assert {one.decision.exit for one in whole} == {"", *CLOSE_EXITS}
    assert {one.decision.refused for one in whole} >= set(REFUSALS) - {
        "ruin", "no_cash", "risk_veto",
    }  # fmt: skip
    assert {rule.state for one in whole for rule in one.rules} == {"", "true", "false", "unknown"}
    assert {rule.effect for one in whole for rule in one.rules} == {
        "acts", "refused", "ignored", "nothing",
    }  # fmt: skip
    assert {one.account.stopped for one in whole} == {"", "daily_loss", "max_drawdown", "ruin"}


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_bars_add_up_to_the_run(
    name: str, runs: dict[str, Path], told: dict[str, list[Why]]
) -> None:
    run, bars = read_run(runs[name]), told[name]
    result = run.document
    assert all(one.differs == () for one in bars)
    assert [one.account.equity for one in bars] == run.equity.tolist()
    fills = [fill for one in bars for fill in one.fills]
    trades = result["trades"]
    entries = [fill for fill in fills if fill.reason in ENTRY_REASONS]
    exits = [fill for fill in fills if fill.reason not in ENTRY_REASONS]
    assert [(one.time, one.price, one.size) for one in entries] == [
        (trade["entry_time"], trade["entry_price"], trade["size"]) for trade in trades
    ]
    assert [(one.time, one.price, one.reason) for one in exits] == [
        (trade["exit_time"], trade["exit_price"], trade["exit_reason"])
        for trade in trades
        if trade["exit_time"] is not None
    ]
    refused = Counter(one.decision.refused for one in bars if one.decision.refused)
    assert dict(refused) == result["refused"]
    assert sum(fill.fee for fill in fills) == pytest.approx(result["metrics"]["fees"])
    assert sum(fill.slippage for fill in fills) == pytest.approx(result["metrics"]["slippage_cost"])


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_close_decides_is_filled_at_the_next_open(
    name: str, told: dict[str, list[Why]]
) -> None:
    for one, after in zip(told[name], told[name][1:], strict=False):
        decided = [fill for fill in after.fills if fill.reason in (*CLOSE_EXITS, *ENTRY_REASONS)]
        assert list(one.next) == decided
        expected = [one.decision.exit] if one.decision.exit else []
        if one.decision.entry and not one.decision.refused:
            expected.append(one.decision.entry)
        assert [fill.reason for fill in decided] == expected
        for rule in one.rules:
            acted = rule.name == one.decision.entry and not one.decision.refused
            leaves = (
                one.decision.exit == "rule" and one.position is not None
                and rule.name == f"exit_{one.position.side}"
            )  # fmt: skip
            assert (rule.effect == "acts") is (acted or leaves), (one.at, rule.name)
            if rule.effect != "nothing":
                assert rule.state == "true"
        if one.decision.refused:
            assert any(rule.effect == "refused" for rule in one.rules)
    last = told[name][-1]
    assert not last.decision.carried
    assert last.next == ()


@pytest.mark.parametrize("name", STRATEGIES)
def test_levels_and_the_position_go_together(name: str, told: dict[str, list[Why]]) -> None:
    for one in told[name]:
        reached = [fill for fill in one.fills if fill.level is not None]
        assert all(fill.reason in BAR_EXITS for fill in reached)
        worked = {level.name: level for level in one.worked}
        for fill in reached:
            assert worked[fill.reason].reached
            assert fill.level == worked[fill.reason].price
        if not reached:
            assert not any(level.reached and level.counts for level in one.worked)
        if one.position is not None:
            stops = [level for level in one.position.levels if level.name != "take_profit"]
            assert sum(level.counts for level in stops) == min(1, len(stops))


@pytest.mark.parametrize("name", STRATEGIES)
def test_cooldown_counts_down_to_the_last_refused_close(
    name: str, told: dict[str, list[Why]]
) -> None:
    for one in told[name]:
        if one.decision.refused == "cooldown":
            assert one.account.cooldown_left > 0
        if one.decision.entry:
            assert one.account.cooldown_left == 0


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_bar_has_its_words_json_and_html(name: str, told: dict[str, list[Why]]) -> None:
    validator = Draft7Validator(why_schema())
    for one in told[name][::3]:
        text, whole = as_text(one), document(one)
        assert text.startswith(summary(one))
        assert "\n" not in summary(one)
        assert one.at in summary(one)
        assert json.loads(json.dumps(whole, allow_nan=False)) == whole
        validator.validate(whole)
        html = as_html(one)
        assert html.startswith('<section class="why"')
        assert html.count("<li class=") == text.count("\n> ") + text.count("\n  true  ") + (
            text.count("\n  false ") + text.count("\n  unknown ")
        )
        assert "nan" not in text.split()
        assert "None" not in text


def test_a_bar_is_found_by_any_time_in_it(runs: dict[str, Path]) -> None:
    explainer = Explainer(runs["small"])
    for moment in (START + 5 * HOUR, START + 6 * HOUR - 1):
        assert explainer.why(moment).bar == 5
        assert explainer.why(iso(moment)).bar == 5
        assert explainer.why(str(moment)).bar == 5
    assert explainer.why("2023-11-15T07:30:00+02:00").bar == 5
    assert explainer.why("2023-11-15").bar == 0
    assert explainer.why("last").bar == 239


@pytest.mark.parametrize(
    ("at", "message", "hint"),
    [
        ("2023-11-14", "is before the run", "its first bar opens at 2023-11-15T00:00:00Z"),
        ("2023-11-25", "is after the run", "its last bar opens at 2023-11-24T23:00:00Z"),
        ("yesterday", "`yesterday` is not a time", "`entry:3`"),
        ("entry:0", "has no trade `0`", "counted from 1"),
        ("exit:4000", "has no trade `4000`", "counted from 1"),
        ("entry:-1", "has no trade `-1`", "counted from 1"),
        ("9" * 30, "is not a time", "entry:3"),
        ("", "is not a time", "entry:3"),
    ],
)
def test_a_time_without_a_bar_is_refused(
    at: str, message: str, hint: str, runs: dict[str, Path]
) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")) as caught:
        why(runs["small"], at)
    assert hint in str(caught.value.hint)


def test_a_gap_names_the_bars_beside_it(tmp_path: Path) -> None:
    folder = made(workspace(tmp_path, rows(skipped=(30, 31, 32))), "small")
    with pytest.raises(UsageError, match="there is no bar at 2023-11-16T07:15:00Z") as caught:
        why(folder, "2023-11-16T07:15")
    assert caught.value.hint == (
        "the bar before opens at 2023-11-16T05:00:00Z, the one after at 2023-11-16T09:00:00Z"
    )
    assert why(folder, "2023-11-16T05:59:59").bar == 29
    assert why(folder, "2023-11-16T09:00").bar == 30


def test_trades_are_found_by_their_number(runs: dict[str, Path]) -> None:
    explainer = Explainer(runs["both_sides"])
    trades = explainer.run.document["trades"]
    for number, trade in enumerate(trades, start=1):
        entry = explainer.why(f"entry:{number}")
        assert [one.time for one in entry.next][-1] == trade["entry_time"]
        assert entry.decision.entry == trade["entry_reason"]
        if trade["exit_time"] is None:
            with pytest.raises(UsageError, match="still open"):
                explainer.why(f"exit:{number}")
            continue
        left = explainer.why(f"exit:{number}")
        if trade["exit_reason"] in BAR_EXITS:
            assert left.at == trade["exit_time"]
            assert trade["exit_reason"] in [fill.reason for fill in left.fills]
        else:
            assert left.decision.exit == trade["exit_reason"]
            assert left.next[0].time == trade["exit_time"]


# What differs


def moved(made_in: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of a workspace to change, and its run of `small`."""
    copy = Path(shutil.copytree(made_in, tmp_path / "copy"))
    folder = next((copy / "runs").glob("small-*"))
    lock = json.loads((folder / "run.lock").read_text())
    lock["paths"]["workspace"] = str(copy)
    (folder / "run.lock").write_text(json.dumps(lock))
    return copy, folder


def test_bars_that_have_changed_are_named_first(
    place: Path, runs: dict[str, Path], tmp_path: Path
) -> None:
    copy, folder = moved(place, tmp_path)
    (copy / "datasources" / "bars.csv").write_text(rows(volume=8))
    found = why(folder, "last")
    assert len(found.differs) == 1
    assert "the bars of `own` are not what they were: as many, at the same" in found.differs[0]
    text = as_text(found)
    assert text.startswith(f"NOT THE SAME RUN: {folder.name} does not come out again as it was:\n")
    assert summary(found) in text
    assert 'role="alert"' in as_html(found)


def test_bars_that_are_missing_or_new_are_told(
    place: Path, runs: dict[str, Path], tmp_path: Path
) -> None:
    copy, folder = moved(place, tmp_path)
    (copy / "datasources" / "bars.csv").write_text(rows(skipped=(7,)))
    assert "there are 239 in the run, and there were 240" in why(folder, "entry:2").differs[0]
    text = rows(skipped=(7,)).replace("\n" + str(START), f"\n{START - HOUR},1,1,1,1,1\n{START}", 1)
    (copy / "datasources" / "bars.csv").write_text(text)
    assert (
        "the first that opens at another time was that of 2023-11-15T00:00:00Z"
        in why(folder, "entry:2").differs[0]
    )


def test_a_strategy_and_filters_that_have_changed_are_named(
    place: Path, runs: dict[str, Path], tmp_path: Path
) -> None:
    copy, folder = moved(place, tmp_path)
    file = folder / "strategy.yaml"
    file.write_text(file.read_text().replace("commission: 0.1%", "commission: 0.3%"))
    found = why(folder, "last").differs
    assert "the plan's `costs.taker` is 0.003; it was 0.001" in found
    source = copy / "datasources" / "own.yaml"
    source.write_text(source.read_text().replace("200 USDT", "300 USDT"))
    found = why(folder, "last").differs
    assert "the filter `min_notional` is 300.0; it was 200.0" in found


def test_another_version_is_named(place: Path, runs: dict[str, Path], tmp_path: Path) -> None:
    _, folder = moved(place, tmp_path)
    for name, change in (
        ("run.lock", lambda text: text.replace('"rtrade": "', '"rtrade": "0.0.')),
        ("result.json", lambda text: text.replace('"fingerprint": "', '"fingerprint": "0')[:-1]),
    ):
        file = folder / name
        file.write_text(change(file.read_text()))
    document_ = json.loads((folder / "result.json").read_text())
    document_["fingerprint"] = "0" * 64
    (folder / "result.json").write_text(json.dumps(document_))
    (one,) = why(folder, "last").differs
    assert one.startswith("this is rtrade ")
    assert "it was made with 0.0." in one


def test_what_is_left_when_nothing_known_differs(
    place: Path, runs: dict[str, Path], tmp_path: Path
) -> None:
    _, folder = moved(place, tmp_path)
    document_ = json.loads((folder / "result.json").read_text())
    document_["fingerprint"] = "0" * 64
    (folder / "result.json").write_text(json.dumps(document_))
    (one,) = why(folder, "last").differs
    assert one.startswith("it is none of its bars, its plan or its answers")


def test_a_curve_that_is_not_the_runs_is_told(
    place: Path, runs: dict[str, Path], tmp_path: Path
) -> None:
    _, folder = moved(place, tmp_path)
    file = folder / "equity.csv"
    lines = file.read_text().splitlines()
    time, equity, *rest = lines[-1].split(",")
    lines[-1] = ",".join([time, "1.5", *rest])
    file.write_text("\n".join(lines) + "\n")
    (one,) = why(folder, "last").differs
    assert one == f"the equity at this close comes to {float(equity)!r}; equity.csv has 1.5"
    assert why(folder, "entry:1").differs == ()
