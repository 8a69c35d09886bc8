"""`rtrade why` as a user meets it: shipped strategies, the text, JSON, exit codes, models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from integration.test_cli import ROOT, SHIPPED, rtrade
from integration.test_llm_runs import (
    IN_RUN,
    STRATEGY,
    by_position,
    by_trend,
    place,
    result,
    use,
    write,
)
from integration.why_runs import made, rows, workspace
from llm.endpoint import Call, StandIn, completion, http, says
from markets.support import history, make_workspace
from rtrade.analysis.why import Why
from rtrade.config.overrides import Overrides
from rtrade.core.results import BAR_EXITS
from rtrade.core.timeframes import HOUR, iso
from rtrade.report.why import as_html, as_text, document
from rtrade.testing import FakeExchange, VirtualClock
from rtrade.workflow.executing import Manner
from rtrade.workflow.running import run_strategy
from rtrade.workflow.why import Explainer

__all__ = ["place"]  # a fixture

GOLDEN = Path(__file__).with_name("why.txt")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_at_every_fill_of_a_shipped_strategy_the_rule_is_true(path: Path, tmp_path: Path) -> None:
    outcome = run_strategy(
        path, Overrides(last="200d"), manner=Manner(assumptions=False), out=tmp_path
    )
    explainer, told = Explainer(outcome.folder), 0
    for number, trade in enumerate(outcome.document["trades"], start=1):
        entry = explainer.why(f"entry:{number}")
        assert entry.differs == ()
        (rule,) = (rule for rule in entry.rules if rule.name == trade["entry_reason"])
        assert (rule.state, rule.effect) == ("true", "acts")
        assert entry.next[-1].price == trade["entry_price"]
        if trade["exit_reason"] is None:
            continue
        left, told = explainer.why(f"exit:{number}"), told + 1
        if trade["exit_reason"] == "rule":
            (rule,) = (rule for rule in left.rules if rule.name == f"exit_{trade['side']}")
            assert (rule.state, rule.effect) == ("true", "acts")
        elif trade["exit_reason"] in BAR_EXITS:
            assert left.fills[-1].level is not None
            assert left.fills[-1].price == trade["exit_price"]
    assert told >= 2


def golden(folder: Path) -> str:
    """What is printed of some bars of a run of our own: an entry, its stop, a refusal, the end."""
    parts = []
    for at in ("entry:1", "exit:1", "2023-11-15T02:00Z", "2023-11-17T09:30Z", "last"):
        done = rtrade("why", folder, "--at", at, cwd=folder)
        assert done.returncode == 0, done.stderr
        parts.append(f"$ rtrade why RUN --at {at}\n{done.stdout}")
    return "\n".join(parts)


def test_the_text_is_what_it_was(tmp_path: Path) -> None:
    # Where it is meant to change, delete the file, run this, and look at what it wrote.
    printed = golden(made(workspace(tmp_path), "both_sides"))
    if not GOLDEN.exists():
        GOLDEN.write_text(printed, encoding="utf-8")
        pytest.fail(f"{GOLDEN.name} was written: look at it")
    assert printed == GOLDEN.read_text(encoding="utf-8")


def test_json_is_what_its_schema_says(tmp_path: Path) -> None:
    folder = made(workspace(tmp_path), "limits")
    schema = json.loads((ROOT / "schemas" / "why.schema.json").read_text(encoding="utf-8"))
    done = rtrade("why", folder.name, "--at", "entry:1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    Draft7Validator(schema).validate(found)
    assert found["run_id"] == folder.name
    assert found == document(Explainer(folder).why("entry:1"))


def test_a_run_that_comes_out_otherwise_is_said_first_and_is_a_no(tmp_path: Path) -> None:
    folder = made(workspace(tmp_path), "small")
    (tmp_path / "datasources" / "bars.csv").write_text(rows(volume=9))
    done = rtrade("why", folder.name[:7], "--at", "last", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith("NOT THE SAME RUN")
    done = rtrade("why", folder.name, "--at", "last", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "are not what they were" in json.loads(done.stdout)["differs"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing", "--at", "last"), 2, "no run `nothing`"),
        (("small", "--at", "2020-01-01"), 2, "its first bar opens at 2023-11-15T00:00:00Z"),
        (("small", "--at", "soon"), 2, "`soon` is not a time"),
        (("small",), 2, "Missing option '--at'"),
    ],
)
def test_what_there_is_not_is_told(
    arguments: tuple[str, ...], code: int, said: str, small: Path
) -> None:
    done = rtrade("why", *arguments, cwd=small)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = workspace(tmp_path_factory.mktemp("small"))
    made(place, "small")
    return place


def test_bars_that_are_gone_are_a_failure_of_the_world(small: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(small, tmp_path / "copy"))
    folder = next((copy / "runs").glob("small-*"))
    lock = json.loads((folder / "run.lock").read_text())
    lock["paths"]["workspace"] = str(copy)
    (folder / "run.lock").write_text(json.dumps(lock))
    (copy / "datasources" / "bars.csv").unlink()
    done = rtrade("why", folder, "--at", "last", cwd=copy)
    assert done.returncode in (3, 4)
    assert "bars.csv" in done.stderr
    assert "Traceback" not in done.stderr


# Models


def test_the_answer_that_applied_is_told_with_its_prompt_and_reply(place: Path) -> None:
    with StandIn(by_trend) as server:
        use(place, server)
        run = result(place)
    explainer = Explainer(Path(run["report"]).parent)
    decisions = explainer.run.decisions
    for one in decisions:
        (model,) = explainer.why(one.time).models
        assert (model.here, model.bars_ago, model.answer) == (True, 0, one.values)
        assert model.votes[0].prompt == one.votes[0].prompt
        assert json.loads(model.votes[0].reply or "") == one.values
        (later,) = explainer.why(one.time + 5 * 3_600_000).models
        assert (later.here, later.bars_ago, later.answer) == (False, 5, one.values)
    entry = explainer.why("entry:1")
    text = as_text(entry)
    assert "`enter_long` was true: analyst.action was 'buy' (and 1 more)" in text
    assert "stand_in (stand-in), asked at this close." in text
    assert "  answer: action: buy, confidence: 80, risk: low" in text
    assert '    | {"action":' in text.replace("'", '"')
    assert entry.models[0].templates == ("prompts/it.j2",)


def test_before_the_first_answer_nothing_applies(place: Path) -> None:
    with StandIn(by_trend) as server:
        use(place, server)
        run = result(place, "--set", "data.start=2024-01-03T05:00")
    found = Explainer(Path(run["report"]).parent).why("2024-01-03T06:00")
    assert found.models[0].answer is None
    assert found.models[0].why == "it had not been asked yet"
    assert found.rules[0].state == "unknown"
    (leaf, _) = found.rules[0].condition.parts
    assert leaf.reason == "no answer of `analyst` applied: it had not been asked yet"


def test_an_abstention_and_an_answer_that_ran_out_are_told_apart(place: Path) -> None:
    more = "valid_for: 2 bars\n      attempts: 1\n      on_failure: {invalid_above: 100%}"
    write(place, STRATEGY.replace("concurrency: 1", f"concurrency: 1\n      {more}"))
    # A reply that is none is asked for once more.
    with StandIn(by_trend, says("no"), says("no"), by_trend) as server:
        use(place, server)
        run = result(place)
    explainer = Explainer(Path(run["report"]).parent)
    answered = next(one for one in explainer.run.decisions if one.values is not None)
    abstained = next(one for one in explainer.run.decisions if one.values is None)
    reasons = [_reason(explainer.why(one.time)) for one in (answered, abstained)]
    assert reasons[0] == ""
    assert reasons[1].startswith(
        f"`analyst` abstained at the close of the bar of {iso(abstained.time)}: "
    )
    later = explainer.why(answered.time + 3 * 3_600_000)
    said = f"its last answer, of {iso(answered.time)}, was valid for 2 bars"
    assert _reason(later) == f"no answer of `analyst` applied: {said}"
    assert f"no answer applied, {said}" in as_text(later)


def _reason(why: Why) -> str:
    condition = why.rules[0].condition
    assert condition is not None
    return condition.parts[0].reason


def test_a_run_that_asked_in_its_middle_comes_out_again(place: Path) -> None:
    write(place, prompt=IN_RUN)
    with StandIn(by_position) as server:
        use(place, server)
        run = result(place)
        sent = len(server.calls)
        folder = Path(run["report"]).parent
        explainer = Explainer(folder)
        bars = [explainer.why(int(at)) for at in explainer.run.time]
        assert len(server.calls) == sent, "a model was asked"
    assert all(one.differs == () for one in bars)
    assert [one.account.equity for one in bars] == explainer.run.equity.tolist()
    assert {rule.effect for one in bars for rule in one.rules} >= {"acts"}


async def attacks(call: Call) -> None:
    text = "\u202e<script>alert(1)</script>\x1b[2J {{ 7 * 7 }}"
    call.writer.write(http(completion({"action": "buy", "confidence": 80, "reason": text})))


def test_what_a_model_says_is_text_and_nothing_else(place: Path) -> None:
    write(place, STRATEGY.replace("risk: [low, high, extreme]", "reason: text"))
    with StandIn(attacks) as server:
        use(place, server)
        run = result(place)
    found = Explainer(Path(run["report"]).parent).why("entry:1")
    html, text = as_html(found), as_text(found)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "{{ 7 * 7 }}" in html
    for hidden in ("\u202e", "\x1b"):
        assert hidden not in html
        assert hidden not in text
    assert "\\u202e" in text


# An exchange


def test_offline_the_stored_bars_are_enough(tmp_path: Path) -> None:
    bars = history(1, count=1500)
    clock = VirtualClock(int(bars.time[-1]) + HOUR, 0)
    with FakeExchange([bars], clock=clock, weight_limit=None) as exchange:
        desk = make_workspace(tmp_path / "ws", exchange.url)
        strategy = (ROOT / "strategies" / "sma_btc.yaml").read_bytes()
        (desk / "strategies" / "sma_btc.yaml").write_bytes(strategy)
        command = ("run", "strategies/sma_btc.yaml", "--source", "binance", "--quiet")
        done = rtrade(*command, cwd=desk, RTRADE_LOOPBACK="1")
        assert done.returncode == 0, done.stderr
    # The exchange is gone.
    done = rtrade("why", "sma_btc", "--at", "entry:1", "--offline", cwd=desk, RTRADE_LOOPBACK="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Long entry at ")
