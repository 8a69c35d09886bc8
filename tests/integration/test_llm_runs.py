"""Runs of strategies that ask a model, as a user meets them: a real endpoint, a real store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from integration.test_cli import ROOT, rtrade
from llm.cases import CANARY
from llm.endpoint import (
    Call,
    StandIn,
    Step,
    completion,
    echoes,
    hangs,
    http,
    refuses,
    resets,
    says,
    sends,
)
from rtrade.store.opening import open_store

ASKING = sorted(
    path
    for path in (ROOT / "strategies").glob("*.yaml")
    if "llm:" in path.read_text(encoding="utf-8")
)
BARS = """\
rtrade: 1
kind: synthetic
seed: 7
series:
  - {symbol: BTC/USDT, timeframe: 1h, start: 2024-01-01, bars: 400, price: 40000, volatility: 60%}
filters: {lot: 0.00001}
"""
PROVIDER = """\
rtrade: 1
kind: llm
model: stand-in
base_url: URL
api_key: ${env:OPENAI_KEY}
prices: {input: 1, cached: 0.5, output: 2}
knowledge_cutoff: 2023-06-01
temperature: 0
max_tokens: 50
"""
STRATEGY = """\
rtrade: 1
name: asks
data: {source: bars, symbol: BTC/USDT, timeframe: 1h, start: 2024-01-03}
signals:
  analyst:
    llm:
      provider: stand_in
      prompt: prompts/it.j2
      every: 24 bars
      concurrency: 1
      answer: {action: [buy, sell, hold], confidence: 0..100, risk: [low, high, extreme]}
rules:
  enter_long: analyst.action == 'buy' and analyst.confidence >= 50
  exit_long: analyst.action == 'sell'
sizing: {quote: 1000}
costs: {commission: 0.1%, slippage: 0%}
backtest: {cash: 10000}
"""
PROMPT = "The close is {{ close }}, {{ stats.change | direction }}.\n"
GOOD = {"action": "buy", "confidence": 80, "risk": "low"}
POINTS = 14
STABLE = ("result.json", "report.html", "trades.csv", "equity.csv", "decisions.jsonl", "plan.json")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "ws"
    (folder / "strategies" / "prompts").mkdir(parents=True)
    (folder / "datasources").mkdir()
    (folder / "datasources" / "bars.yaml").write_text(BARS)
    write(folder)
    return folder


def write(folder: Path, text: str = STRATEGY, prompt: str = PROMPT) -> None:
    (folder / "strategies" / "asks.yaml").write_text(text)
    (folder / "strategies" / "prompts" / "it.j2").write_text(prompt)


def use(folder: Path, server: StandIn) -> None:
    (folder / "datasources" / "stand_in.yaml").write_text(PROVIDER.replace("URL", server.url))


def run(
    folder: Path, *options: str, key: str = CANARY, code: int = 0
) -> subprocess.CompletedProcess[str]:
    done = rtrade("run", "strategies/asks.yaml", *options, cwd=folder, OPENAI_KEY=key)
    assert done.returncode == code, done.stderr
    return done


def result(folder: Path, *options: str, code: int = 0, key: str = CANARY) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        run(folder, "--json", *options, code=code, key=key).stdout
    )
    return document


def files(document: dict[str, Any]) -> dict[str, bytes]:
    folder = Path(document["report"]).parent
    return {name: (folder / name).read_bytes() for name in (*STABLE, "prompts.json")}


def decisions(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files(document)["decisions.jsonl"].splitlines()]


def alternating(call: Call) -> bytes:
    """Buy after a rise of the prompt's window, sell after a fall."""
    prompt = call.document["messages"][-1]["content"]
    action = "buy" if "rising" in prompt else "sell"
    return http(completion(GOOD | {"action": action}))


async def by_trend(call: Call) -> None:
    call.writer.write(alternating(call))


def test_a_second_run_sends_nothing_and_writes_the_same_bytes(place: Path) -> None:
    with StandIn(by_trend) as server:
        use(place, server)
        first = result(place)
        assert len(server.calls) == POINTS
        second = result(place)
        assert len(server.calls) == POINTS
    # Nobody is there any more, and no key either.
    third = result(place, key="")
    assert files(first) == files(second) == files(third)
    assert [one["llm"]["calls"] for one in (first, second, third)] == [POINTS, 0, 0]
    assert [one["llm"]["cached"] for one in (first, second, third)] == [0, POINTS, POINTS]
    assert first["llm"]["prompt_tokens"] == POINTS * 50
    assert second["llm"]["prompt_tokens"] == 0
    assert (first["llm"]["cost_usd"], second["llm"]["cost_usd"]) == (
        pytest.approx(POINTS * 74e-6),
        0,
    )
    assert first["llm"]["answers"]["cost_usd"] == pytest.approx(POINTS * 74e-6)
    assert first["metrics"]["trades"] >= 1
    stored = json.loads(files(first)["result.json"])
    assert not {"calls", "cached", "cost_usd"} & stored["llm"].keys()
    lock = json.loads((Path(third["report"]).parent / "run.lock").read_text())
    assert lock["llm"]["total"]["calls"] == 0
    assert lock["llm"]["asked"] == {"analyst": []}


def test_the_page_is_written_anew_though_the_prompt_has_changed(place: Path) -> None:
    with StandIn(by_trend) as server:
        use(place, server)
        document = result(place)
    before = files(document)
    (place / "strategies" / "prompts" / "it.j2").unlink()
    Path(document["report"]).unlink()
    done = rtrade("report", document["run_id"], cwd=place)
    assert done.returncode == 0, done.stderr
    assert files(document) == before


def test_what_it_takes_at_most_is_told_before_the_first_request(place: Path) -> None:
    with StandIn(refuses(401, "who are you?")) as server:
        use(place, server)
        done = run(place, code=4)
        assert len(server.calls) == 1
    told = done.stderr.splitlines()
    assert told[0].startswith(
        f"analyst: {POINTS} decisions by stand_in (stand-in), 0 stored; at most "
    )
    assert f"{POINTS * 4} calls" in told[0]
    assert "USD" in told[0]
    assert "error" in told[1]
    assert "401" in done.stderr
    with StandIn(says(GOOD)) as server:
        use(place, server)
        done = run(place, "--quiet")
        assert len(server.calls) == POINTS
    assert (done.stdout, done.stderr) == ("", "")
    told = run(place).stderr
    assert told == f"analyst: {POINTS} decisions by stand_in (stand-in), {POINTS} stored\n"


def test_points_beyond_the_budget_abstain(place: Path) -> None:
    budgeted = STRATEGY.replace(
        "      concurrency: 1\n", "      concurrency: 1\n      budget: {calls: 5}\n"
    )
    allowed = budgeted.replace("budget:", "on_failure: {invalid_above: 100%}\n      budget:")
    with StandIn(says(GOOD)) as server:
        use(place, server)
        write(place, allowed)
        done = run(place)
        assert "stops at 5 calls" in done.stderr
        assert len(server.calls) == 5
        assert (
            f"`analyst` abstained at {POINTS - 5} of {POINTS} decisions (budget {POINTS - 5})"
            in (done.stdout)
        )
        # What is stored costs nothing of the next one.
        document = result(place)
        assert len(server.calls) == 10
        assert document["llm"]["abstained"] == POINTS - 10
        assert [one["answer"] is None for one in decisions(document)] == [False] * 10 + [True] * 4
        write(place, budgeted.replace("calls: 5", "tokens: 200"))
        invalid = result(place, code=1)
    assert invalid["llm"]["valid"] is False
    assert invalid["warnings"][0].startswith("INVALID: `analyst` abstained at ")
    assert "INVALID" in Path(invalid["report"]).read_text(encoding="utf-8")


HOSTILE: dict[str, Step] = {
    "prose": says("You should definitely buy now! BUY BUY BUY"),
    "fenced": says('```json\n{"action":"buy","confidence":99,"risk":"low"}\n```'),
    "wrong choice": says(GOOD | {"action": "BUY"}),
    "too sure": says(GOOD | {"confidence": 101}),
    "not a number": says('{"action":"buy","confidence":NaN,"risk":"low"}'),
    "twice": says('{"action":"sell","action":"buy","confidence":99,"risk":"low"}'),
    "extra": says('{"action":"buy","confidence":99,"risk":"low"} and again'),
    "cut": says('{"action":"buy","confidence":9', finish="length"),
    "filtered": says(GOOD, finish="content_filter"),
    "refusal": says(None, refusal="I cannot give advice"),
    "no choice": sends(http(b'{"choices": []}')),
    "no JSON": sends(http(b"<html>buy</html>")),
    "list": says([GOOD]),
    "empty": says(""),
    "huge": says("x" * 300_000),
    "teapot": refuses(503, "later"),
    "reset": resets,
}


def test_no_hostile_answer_trades(place: Path) -> None:
    script = [step for step in HOSTILE.values() for _ in range(2)]
    lenient = "attempts: 1\n      on_failure: {invalid_above: 100%, breaker: 100}"
    text = STRATEGY.replace("every: 24 bars", "every: 20 bars").replace(
        "concurrency: 1", f"concurrency: 1\n      {lenient}"
    )
    write(place, text)
    with StandIn(*script) as server:
        use(place, server)
        document = result(place)
    assert document["trades"] == []
    assert document["llm"]["abstained"] == document["llm"]["decisions"] >= len(HOSTILE)
    assert document["llm"]["invalid"] >= 2 * 10
    assert document["metrics"]["total_return"] == 0


async def tells_the_key(call: Call) -> None:
    key = echoes(call).decode()
    answer = GOOD | {"note": key}
    headers = [("X-Request-Id", key)]
    call.writer.write(http(completion(answer, refusal=None), headers=headers))


def test_the_key_is_nowhere(place: Path) -> None:
    script = [tells_the_key] * 5
    with StandIn(
        *script, says(f"the key is {CANARY}"), says(f"still {CANARY}"), says(GOOD)
    ) as server:
        use(place, server)
        done = run(place, "--debug", "--log-level", "debug")
        assert CANARY in server.calls[0].head.decode()
    text = STRATEGY.replace("every: 24", "every: 12")
    write(place, text)
    with StandIn(refuses(400, f"bad key {CANARY}")) as server:
        use(place, server)
        refused = run(place, "--debug", code=4)
    for said in (done.stdout, done.stderr, refused.stdout, refused.stderr):
        assert CANARY not in said
    kept = [path for path in place.rglob("*") if path.is_file()]
    assert any(path.name == "rtrade.db" for path in kept)
    assert any(path.name == "decisions.jsonl" for path in kept)
    assert [path for path in kept if CANARY.encode() in path.read_bytes()] == []


def stored(place: Path) -> int:
    with open_store("", place / ".rtrade") as store:
        return len(store.answer_keys())


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_run_that_was_ended_goes_on_where_it_was(how: int, code: int, place: Path) -> None:
    command = [sys.executable, "-m", "rtrade.cli.main", "run", "strategies/asks.yaml", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "framework"), "OPENAI_KEY": CANARY}
    with StandIn(*[by_trend] * 5, hangs) as server:
        use(place, server)
        asking = subprocess.Popen(
            command,
            cwd=place,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while not ((place / ".rtrade" / "rtrade.db").exists() and stored(place) == 5):
            assert time.monotonic() < until, "the answers were not stored"
            time.sleep(0.05)  # another process writes them, and tells nobody
        asking.send_signal(how)
        assert asking.wait(60) == code
    with StandIn(by_trend) as server:
        use(place, server)
        document = result(place)
        assert len(server.calls) == POINTS - 5
    assert (document["llm"]["calls"], document["llm"]["cached"]) == (POINTS - 5, 5)
    with StandIn(by_trend) as server:
        other = place.parent / "other"
        (other / "strategies" / "prompts").mkdir(parents=True)
        (other / "datasources").mkdir()
        (other / "datasources" / "bars.yaml").write_text(BARS)
        write(other)
        use(other, server)
        undisturbed = result(other)
    same = ("result.json", "trades.csv", "equity.csv", "plan.json")
    assert [files(document)[name] for name in same] == [files(undisturbed)[name] for name in same]


def test_offline_asks_nobody(place: Path) -> None:
    with StandIn(by_trend) as server:
        use(place, server)
        done = run(place, "--offline", code=4)
        assert server.calls == []
        assert "no answer is stored for the bar 2024-01-03T23:00:00Z (key " in done.stderr
        assert "leave out `--offline`" in done.stderr
        document = result(place)
        asked = len(server.calls)
        again = result(place, "--offline")
        assert len(server.calls) == asked
        assert files(document) == files(again)
        write(place, STRATEGY.replace("concurrency: 1", "cache: refresh"))
        done = run(place, "--offline", code=2)
    assert "`cache: refresh` of `analyst` asks for every answer" in done.stderr


def test_a_key_is_needed_where_something_is_asked(place: Path) -> None:
    with StandIn() as server:
        use(place, server)
        done = run(place, key="", code=4)
        assert server.calls == []
    assert "`stand_in` needs a key, and OPENAI_KEY is not set" in done.stderr


SEES = "{% set held = position %}" + PROMPT
IN_RUN = "{{ 'in' if position else 'out' }} at {{ close }}, made {{ portfolio.return | pct }}\n"


def test_a_prompt_that_makes_nothing_of_the_position_gives_the_run_of_one_without(
    place: Path,
) -> None:
    found = []
    for prompt in (PROMPT, SEES):
        write(place, prompt=prompt)
        with StandIn(by_trend) as server:
            use(place, server)
            # Asked anew, so that the requests come the way that the run sends them.
            text = STRATEGY.replace("concurrency: 1", "concurrency: 1\n      cache: refresh")
            text = text.replace("backtest:", "risk: {stop_loss: 1%, take_profit: 2%}\nbacktest:")
            write(place, text, prompt)
            found.append(result(place))
            assert len(server.calls) == POINTS
    before, within = found
    same = ("trades.csv", "equity.csv")
    assert [files(before)[name] for name in same] == [files(within)[name] for name in same]
    assert before["llm"]["answers"] == within["llm"]["answers"]
    assert before["metrics"] == within["metrics"]
    assert before["warnings"] == within["warnings"]
    assert len(before["trades"]) >= 3


async def by_position(call: Call) -> None:
    prompt = call.document["messages"][-1]["content"]
    action = "sell" if prompt.startswith("in") else "buy"
    call.writer.write(http(completion(GOOD | {"action": action})))


def test_a_prompt_sees_the_position_and_the_account_as_of_its_close(place: Path) -> None:
    write(place, prompt=IN_RUN)
    with StandIn(by_position) as server:
        use(place, server)
        first = result(place)
        assert len(server.calls) == POINTS
        assert files(first) == files(result(place))
        assert len(server.calls) == POINTS
    asked = [one["votes"][0]["prompt"].split()[0] for one in decisions(first)]
    assert asked == ["out", "in"] * (POINTS // 2)
    assert len(first["trades"]) == POINTS // 2
    times = [one["time"] for one in decisions(first)]
    # An answer given at a close is carried out at the next open.
    assert [trade["entry_time"][:13] for trade in first["trades"]] == [
        f"{time[:8]}{int(time[8:10]) + 1:02}T00" for time in times[::2]
    ]
    made = [float(one["votes"][0]["prompt"].split()[-1].rstrip("%")) for one in decisions(first)]
    assert any(made)


def test_engines_are_compared_on_the_same_answers(place: Path) -> None:
    with StandIn(by_trend) as server:
        use(place, server)
        document = result(place, "--verify")
        assert len(server.calls) == POINTS
        compiled = result(place, "--engine", "compiled")
        assert len(server.calls) == POINTS
    assert document["verified"]["equal"] is True
    assert document["verified"]["fills"] >= 2
    assert compiled["trades"] == document["trades"]
    assert compiled["fingerprint"] == document["fingerprint"]
    assert files(compiled)["decisions.jsonl"] == files(document)["decisions.jsonl"]


@pytest.mark.parametrize("options", [("--verify",), ("--engine", "compiled")])
def test_an_engine_that_cannot_ask_in_mid_run_refuses_before_anything_moves(
    options: tuple[str, ...], place: Path
) -> None:
    write(place, prompt=IN_RUN)
    with StandIn(by_position) as server:
        use(place, server)
        (place / "datasources" / "bars.yaml").write_text(BARS.replace("bars: 400", "bars: 1"))
        done = run(place, *options, code=3)
        assert server.calls == []
    assert "error[RT201]: the engine `compiled` cannot ask in mid-run" in done.stderr
    assert "prompts/it.j2` of the signal `analyst`" in done.stderr
    assert "prompt: prompts/it.j2" in done.stderr
    assert "--engine backtrader" in done.stderr
    assert not (place / "runs").exists()


def test_a_run_that_asks_in_its_middle_can_be_traced(place: Path) -> None:
    write(place, prompt=IN_RUN)
    with StandIn(by_position) as server:
        use(place, server)
        document = result(place)
        before = files(document)
        traced = result(place, "--trace")
        assert len(server.calls) == POINTS
    assert "asked about the position in mid-run" in document["assumptions"]["left_out"]
    assert files(traced) == before
    trace = (Path(traced["report"]).parent / "trace.csv").read_text().splitlines()
    assert len(trace) == 1 + traced["data"]["bars"]


def test_a_budget_ends_asking_within_the_run_too(place: Path) -> None:
    budget = "concurrency: 1\n      budget: {calls: 5}\n      on_failure: {invalid_above: 100%}"
    write(place, STRATEGY.replace("concurrency: 1", budget), IN_RUN)
    with StandIn(by_position) as server:
        use(place, server)
        document = result(place)
        assert len(server.calls) == 5
    assert [one["answer"] is None for one in decisions(document)] == [False] * 5 + [True] * 9
    # The last answer was to buy; what is not known any more closes nothing.
    assert [trade["exit_time"] is None for trade in document["trades"]] == [False, False, True]


def test_sizes_go_by_confidence_and_risk_and_an_extreme_risk_vetoes(place: Path) -> None:
    sized = STRATEGY.replace(
        "sizing: {quote: 1000}",
        "sizing: {quote: 1000, scale_by: analyst.confidence, "
        "risk_levels: {signal: analyst.risk, low: 1, high: 0.5, extreme: 0}}",
    )
    write(place, sized)
    answers = [
        GOOD, GOOD | {"action": "sell"},
        GOOD | {"confidence": 50, "risk": "high"}, GOOD | {"action": "sell"},
        GOOD | {"risk": "extreme"},
    ]  # fmt: skip
    with StandIn(*[says(answer) for answer in answers], says(GOOD | {"action": "hold"})) as server:
        use(place, server)
        document = result(place)
    bought = [trade["size"] * trade["entry_price"] for trade in document["trades"]]
    assert bought == [pytest.approx(800, abs=2), pytest.approx(250, abs=2)]
    assert document["refused"] == {"risk_veto": 24}
    clamps = [[clamp["by"] for clamp in one["clamps"]] for one in decisions(document)]
    assert clamps[0] == ["scale_by"]
    assert clamps[2] == ["scale_by", "risk_levels"]
    assert clamps[4] == ["scale_by", "risk_levels"] * 24
    halved = decisions(document)[2]["clamps"][1]
    assert halved["after"] == pytest.approx(halved["before"] / 2)
    assert [one["size"] > 0 for one in decisions(document)[:5]] == [True, False, True, False, False]
    told = "\n".join(document["warnings"])
    assert "`scale_by` made 26 entries smaller: " in told
    assert "`risk_levels` made 1 entry smaller: " in told
    assert "`risk_levels` vetoed an entry at 24 closes" in told


def test_check_and_explain_ask_nobody(place: Path) -> None:
    with StandIn() as server:
        use(place, server)
        for command in ("check", "explain", "validate"):
            done = rtrade(command, "strategies/asks.yaml", cwd=place)
            assert done.returncode in (0, 1), done.stderr
            assert "Traceback" not in done.stderr
        assert server.calls == []


def test_a_prompt_that_fails_on_a_bar_is_a_finding(place: Path) -> None:
    write(place, prompt="{{ bars[-400].close }}")
    with StandIn() as server:
        use(place, server)
        done = run(place, code=3)
        assert server.calls == []
    assert "RT405" in done.stderr
    assert "at the bar 2024-01-03T23:00:00Z" in done.stderr


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as a user makes one, with a source for a stand-in beside those that ship."""
    folder = tmp_path_factory.mktemp("own") / "ws"
    done = rtrade("init", folder, "--quiet", cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    return folder


async def plausible(call: Call) -> None:
    """Answer by the form of the question, and by a word of the prompt."""
    document = call.document
    fields = document["response_format"]["json_schema"]["schema"]["properties"]
    prompt = document["messages"][-1]["content"]
    up = "rising" in prompt or "Up" in prompt
    answer: dict[str, Any] = {"outlook": "bullish" if up else "bearish"}
    if "confidence" in fields:
        answer["confidence"] = 65
    if "risk" in fields:
        answer["risk"] = "medium"
    call.writer.write(http(completion(answer)))


@pytest.mark.parametrize("options", [(), ("--set", "data.timeframe=15m", "--last", "60d")],
                         ids=["as it is", "15m"])  # fmt: skip
@pytest.mark.parametrize("strategy", ASKING, ids=lambda path: path.stem)
def test_shipped_strategies_run_and_trade(
    strategy: Path, options: tuple[str, ...], own: Path
) -> None:
    name = "panel" if strategy.stem == "llm_vote" else "analyst"
    with StandIn(plausible) as server:
        use(own, server)
        command = ("run", f"strategies/{strategy.name}", "--json", *options)
        provider = ("--set", f"signals.{name}.llm.provider=stand_in")
        done = rtrade(*command, *provider, cwd=own, OPENAI_KEY=CANARY)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["strategy"] == strategy.stem
    assert document["trades"]
    assert document["llm"]["abstained"] == 0
    if not options:
        assert 30 <= document["llm"]["decisions"] <= 60
        assert 1 <= document["llm"]["calls"] <= 90


def test_the_embedded_model_runs_what_make_run_runs(own: Path) -> None:
    """The real model, over the first days of the strategy: as in `make run`, only shorter."""
    command = ("run", "strategies/llm_btc.yaml", "--json", "--set", "data.end=2023-09-08")
    first = rtrade(*command, cwd=own)
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)
    llm = document["llm"]
    assert (llm["provider"], llm["decisions"], llm["abstained"], llm["invalid"]) == (
        "local_llm", 7, 0, 0,
    )  # fmt: skip
    assert 1 <= llm["calls"] <= 7
    assert llm["cost_usd"] == 0
    for one in decisions(document):
        vote = one["votes"][0]
        assert 0 < vote["prompt_tokens"] < 120
        assert 0 < vote["completion_tokens"] < 40
    assert any("a demonstration without trading skill" in one for one in document["warnings"])
    before = files(document)
    second = json.loads(rtrade(*command, cwd=own).stdout)
    assert second["llm"]["calls"] == 0
    assert files(second) == before


@pytest.mark.parametrize(
    ("package", "words"),
    [("PACKAGE", "the local model is not installed"), ("engine", "what runs the local model")],
)
def test_without_the_embedded_model_the_command_that_installs_it_is_named(
    package: str, words: str, own: Path
) -> None:
    missing = "local.PACKAGE = 'no_such_package'"
    if package == "engine":
        missing = "from importlib import metadata\n"
        missing += "known = metadata.version\n"
        missing += "def version(name):\n"
        missing += "    if name == 'xllamacpp': raise metadata.PackageNotFoundError(name)\n"
        missing += "    return known(name)\n"
        missing += "metadata.version = version"
    script = f"from rtrade.llm import local\n{missing}\nfrom rtrade.cli.main import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", script, "run", "strategies/llm_vote.yaml"], cwd=own,
        env={**os.environ, "PYTHONPATH": str(ROOT / "framework")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert words in done.stderr
    assert "rtrade llm install" in done.stderr
