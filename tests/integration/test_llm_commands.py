"""`rtrade llm`: what is asked, recordings, probes and analyses, against an endpoint on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llm.cases import CANARY
from llm.endpoint import Call, StandIn, completion, hangs, http, refuses, resets, says
from rtrade.cli.main import main
from rtrade.core.errors import LlmNotInstalled
from rtrade.llm import local

STRATEGY = """\
rtrade: 1
name: ask
data: {source: sample, symbol: BTC/USDT, timeframe: 1h, start: 2023-01-01, end: 2023-01-11}
signals:
  trend: close > sma(close, 20)
  analyst:
    llm:
      provider: stand_in
      prompt: prompts/analyst.j2
      every: 24 bars
      window: 24 bars
      attempts: 1
      timeout: 2s
      deadline: 2s
      answer: {action: [buy, sell, hold], confidence: 0..100, reason: text}
rules:
  enter_long: analyst.action == "buy" and trend
  exit_long: analyst.action == "sell"
sizing: {equity: 95%}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""
PROMPT = """\
{{ symbol }} closed at {{ close | num }} on {{ time }}: {{ stats.change | pct }} over the window.
Above its average: {{ signals.trend | words }}.
"""
PROVIDER = """\
rtrade: 1
kind: llm
base_url: {url}
model: stand-in
api_key: ${{env:STAND_IN_KEY}}
prices: {{input: 1, cached: 0.5, output: 2}}
temperature: 0
seed: 7
"""
NOBODY = "http://127.0.0.1:9/v1"


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


class Typing:
    """Runs commands in this process, from its entry to its exit code: dozens are typed here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str | Path, cwd: Path, **environment: str) -> Done:
        with self._monkeypatch.context() as here:
            here.chdir(cwd)
            here.setattr("sys.argv", ["rtrade", *map(str, arguments)])
            for name in ("DATABASE_URL", "RTRADE_OUT", "OPENAI_KEY", "OPENAI_API_KEY"):
                here.delenv(name, raising=False)
            for name, value in environment.items():
                here.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main()
        said = self._capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Done(left.value.code, said.out, said.err)


class Workspace:
    """A workspace with a strategy that asks the endpoint at an address."""

    def __init__(self, folder: Path, typed: Typing) -> None:
        self.folder, self.typed = folder, typed
        self.prompt = folder / "strategies" / "prompts" / "analyst.j2"
        self.strategy = folder / "strategies" / "ask.yaml"
        self.prompt.parent.mkdir(parents=True)
        (folder / "datasources").mkdir()
        self.prompt.write_text(PROMPT, encoding="utf-8")
        self.strategy.write_text(STRATEGY, encoding="utf-8")
        self.at(NOBODY)

    def at(self, url: str) -> None:
        text = PROVIDER.format(url=url)
        (self.folder / "datasources" / "stand_in.yaml").write_text(text, encoding="utf-8")

    def llm(self, command: str, *arguments: str | Path, key: str = CANARY) -> Done:
        done = self.typed("llm", command, *arguments, cwd=self.folder, STAND_IN_KEY=key)
        assert CANARY not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, command: str, *arguments: str | Path) -> Any:
        done = self.llm(command, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typing:
    return Typing(monkeypatch, capsys)


@pytest.fixture
def workspace(tmp_path: Path, typed: Typing) -> Iterator[Workspace]:
    folder = tmp_path / "ws"
    folder.mkdir()
    yield Workspace(folder, typed)
    # Neither the store nor anything that was written holds the key.
    for file in folder.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file


def change_in(call: Call) -> float:
    """The change over the window that a prompt tells."""
    text = call.document["messages"][-1]["content"]
    return float(text.split(": ")[1].split("%")[0])


def answer(action: str) -> dict[str, Any]:
    return {"action": action, "confidence": 60, "reason": "as told"}


async def judges(call: Call) -> None:
    """Go by the change that is told, and by nothing else."""
    action = "buy" if change_in(call) > 0 else "sell"
    call.writer.write(http(completion(answer(action))))


async def remembers(call: Call) -> None:
    """Know the market by its name; without one, hold."""
    text = call.document["messages"][-1]["content"]
    action = "buy" if text.startswith("BTC/USDT") else "hold"
    call.writer.write(http(completion(answer(action))))


# prompt


def test_a_prompt_is_shown_without_key_and_model(workspace: Workspace) -> None:
    done = workspace.llm("prompt", "strategies/ask.yaml", "--at", "2023-01-05", key="")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    moments = "at the bar 2023-01-04T23:00:00Z, asked at its close, 2023-01-05T00:00:00Z"
    assert lines[0] == f"analyst {moments}"
    assert "answer: not stored" in lines
    shown = lines[lines.index("--- user") + 1 :]
    assert shown[0].startswith("ASSET closed at 10")
    assert " on 0: " in shown[0]
    assert shown[1] == "Above its average: yes."


def test_a_prompt_is_the_one_that_is_sent(workspace: Workspace) -> None:
    shown = workspace.json("prompt", "strategies/ask.yaml", "--at", "2023-01-05")
    assert shown["requests"][0]["stored"] is False
    with StandIn(judges) as server:
        workspace.at(server.url)
        workspace.json("probe", "strategies/ask.yaml")
        sent = [call.document for call in server.calls]
    alike = [one for one in sent if one["messages"] == shown["requests"][0]["messages"]]
    # Once with the strategy's own seed, once repeated with another.
    assert [one["seed"] for one in alike] == [7, 1007]
    assert alike[0]["response_format"]["json_schema"]["schema"] == shown["schema"]
    again = workspace.json("prompt", "strategies/ask.yaml", "--at", "2023-01-05")
    assert again["requests"][0]["key"] == shown["requests"][0]["key"]
    assert again["requests"][0]["stored"] is True
    assert json.loads(again["requests"][0]["answer"])["confidence"] == 60


def test_a_prompt_of_the_account_shows_the_beginning(workspace: Workspace) -> None:
    text = "{{ close }} {{ position is none }} {{ portfolio.equity }}"
    workspace.prompt.write_text(text, encoding="utf-8")
    shown = workspace.json("prompt", "strategies/ask.yaml", "--at", "2023-01-05")
    assert shown["account_of_the_beginning"] is True
    assert shown["requests"][0]["messages"][-1]["content"].endswith(" True 100.0")


def test_each_voter_has_its_request(workspace: Workspace) -> None:
    vote = ["--set", "signals.analyst.llm.vote={samples: 2}"]
    done = workspace.llm("prompt", "strategies/ask.yaml", "--at", "2023-01-05", *vote)
    assert "vote 2 of 2" in done.stdout
    assert done.stdout.count("ASSET closed") == 1
    shown = workspace.json("prompt", "strategies/ask.yaml", "--at", "2023-01-05", *vote)
    assert [one["sampling"]["seed"] for one in shown["requests"]] == [7, 8]
    assert len({one["key"] for one in shown["requests"]}) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--at", "2022-12-01"), 2, "the first time is at the bar 2023-01-01T23:00:00Z"),
        (("--at", "yesterday"), 2, "`yesterday` is not a time"),
        ((), 2, "--at"),
        (("--at", "2023-01-05", "--signal", "trend"), 2, "there are `analyst`"),
        (("--at", "2023-01-05", "--set", "rules={enter_long: trend}"), 2, "rests on what a model"),
    ],
)
def test_what_cannot_be_shown(
    workspace: Workspace, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = workspace.llm("prompt", "strategies/ask.yaml", *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_a_broken_template_is_a_finding(workspace: Workspace) -> None:
    workspace.prompt.write_text("{{ closs }}", encoding="utf-8")
    done = workspace.llm("prompt", "strategies/ask.yaml", "--at", "2023-01-05")
    assert done.returncode == 3
    assert "did you mean `close`?" in done.stderr


# export and import


def test_a_recording_goes_from_one_workspace_to_another(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "answers.jsonl"
    with StandIn(judges) as server:
        workspace.at(server.url)
        workspace.json("probe", "strategies/ask.yaml", "--points", "100")
    assert workspace.json("export", "strategies/ask.yaml", "--output", file) == {
        "file": str(file), "answers": 10, "missing": 0,
    }  # fmt: skip
    text = file.read_text(encoding="utf-8")
    assert CANARY not in text
    assert len(text.splitlines()) == 10

    other = tmp_path / "other"
    other.mkdir()
    second = Workspace(other, workspace.typed)
    assert second.json("import", file) == {"added": 10, "present": 0}
    assert second.json("import", file) == {"added": 0, "present": 10}
    # Nobody listens there, and there is no key: what is told comes from the recording.
    shown = second.json("prompt", "strategies/ask.yaml", "--at", "2023-01-05")
    assert shown["requests"][0]["stored"] is True
    exported = second.llm("export", "strategies/ask.yaml", "--output", other / "again.jsonl")
    assert exported.returncode == 0
    assert (other / "again.jsonl").read_text(encoding="utf-8") == text


def test_a_run_is_replayed_elsewhere_without_key_and_endpoint(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "answers.jsonl"
    # The prompt sees the account, so that only the run itself knows what was asked.
    workspace.prompt.write_text(f"{PROMPT}{{{{ portfolio.equity }}}}", encoding="utf-8")
    with StandIn(judges) as server:
        workspace.at(server.url)
        run = workspace.typed("run", "strategies/ask.yaml", "--json", cwd=workspace.folder,
                              STAND_IN_KEY=CANARY)  # fmt: skip
    made = json.loads(run.stdout)
    exported = workspace.json("export", made["run_id"], "--output", file)
    assert (exported["answers"], exported["missing"]) == (10, 0)
    assert workspace.llm("export", Path(made["report"]).parent, "--output", file).returncode == 0

    other = tmp_path / "other"
    other.mkdir()
    second = Workspace(other, workspace.typed)
    second.prompt.write_text(workspace.prompt.read_text(encoding="utf-8"), encoding="utf-8")
    assert second.json("import", file)["added"] == 10
    replayed = second.typed("run", "strategies/ask.yaml", "--json", "--offline", cwd=other)
    assert replayed.returncode == 0, replayed.stderr
    again = json.loads(replayed.stdout)
    assert (again["run_id"], again["fingerprint"]) == (made["run_id"], made["fingerprint"])
    assert (again["llm"]["calls"], made["llm"]["calls"]) == (0, 10)


def test_a_run_without_a_model_has_nothing_to_export(workspace: Workspace) -> None:
    rules = "rules={enter_long: trend, exit_long: not trend}"
    run = workspace.typed("run", "strategies/ask.yaml", "--json", "--set", rules,
                          cwd=workspace.folder)  # fmt: skip
    done = workspace.llm("export", json.loads(run.stdout)["run_id"], "--output", "a.jsonl")
    assert done.returncode == 2
    assert "no model decided" in done.stderr


def test_a_recording_that_lacks_answers_says_so(workspace: Workspace, tmp_path: Path) -> None:
    done = workspace.llm("export", "strategies/ask.yaml", "--output", tmp_path / "a.jsonl")
    assert done.returncode == 1
    assert "0 answers" in done.stdout
    assert "not stored: 10" in done.stdout


def test_a_recording_that_was_changed_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with StandIn(judges) as server:
        workspace.at(server.url)
        workspace.json("probe", "strategies/ask.yaml", "--points", "10")
    assert workspace.llm("export", "strategies/ask.yaml", "--output", file).returncode == 0
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("ASSET closed", "ASSET opened", 1), encoding="utf-8")
    done = workspace.llm("import", file)
    assert done.returncode == 3
    assert "RT407" in done.stderr


def test_what_depends_on_the_run_is_exported_with_the_run(workspace: Workspace) -> None:
    workspace.prompt.write_text("{{ close }} {{ portfolio.equity }}", encoding="utf-8")
    done = workspace.llm("export", "strategies/ask.yaml", "--output", "a.jsonl")
    assert done.returncode == 2
    assert "rtrade llm export RUN" in done.stderr


def test_options_cannot_change_a_run(workspace: Workspace) -> None:
    done = workspace.llm("export", "ask-0123", "--output", "a.jsonl", "--start", "2023-01-01")
    assert done.returncode == 2
    assert "`start` cannot change it" in done.stderr
    done = workspace.llm("export", "ask-0123", "--output", "a.jsonl")
    assert done.returncode == 2
    assert "no run `ask-0123`" in done.stderr


# probe


def test_a_model_that_judges_the_market(workspace: Workspace) -> None:
    with StandIn(judges) as server:
        workspace.at(server.url)
        first = workspace.json("probe", "strategies/ask.yaml", "--points", "8")
        asked = len(server.calls)
        second = workspace.json("probe", "strategies/ask.yaml", "--points", "8")
        assert len(server.calls) == asked == 48
    assert (first["counters"]["calls"], second["counters"]["calls"]) == (48, 0)
    assert first | {"counters": 0} == second | {"counters": 0}
    rates = {name: one["rate"] for name, one in first["agreements"].items()}
    assert (rates["repeated"], rates["named"], rates["shifted"], rates["flipped"]) == (1, 1, 1, 0)
    assert (first["leak_score"], first["reaction"], first["reacts"]) == (0, 1, True)
    assert first["agreements"]["named"]["prompts_that_differ"] == 8


def test_a_model_that_remembers_the_market(workspace: Workspace) -> None:
    with StandIn(remembers) as server:
        workspace.at(server.url)
        done = workspace.llm("probe", "strategies/ask.yaml", "--points", "8")
        found = workspace.json("probe", "strategies/ask.yaml", "--points", "8")
    assert (found["leak_score"], found["reacts"]) == (1, False)
    assert "leak score   1.00" in done.stdout
    assert "does not react to what it is shown: `hold` at 100 % of the points" in done.stdout
    assert (
        "48 questions to stand_in (stand-in), 0 answered already; at most 96 calls" in done.stderr
    )


def test_a_prompt_without_names_gives_nothing_to_remember(workspace: Workspace) -> None:
    workspace.prompt.write_text("The change: {{ stats.change | pct }}", encoding="utf-8")
    with StandIn(judges) as server:
        workspace.at(server.url)
        done = workspace.llm("probe", "strategies/ask.yaml", "--points", "4")
        # What is the same under several disguises is asked once.
        asked = [call.document for call in server.calls]
        sent = {(one["messages"][-1]["content"], one["seed"]) for one in asked}
    assert len(asked) == len(sent) <= 16
    assert "the prompt tells neither the market nor dates" in done.stdout


def test_the_seed_chooses_the_points(workspace: Workspace) -> None:
    with StandIn(judges) as server:
        workspace.at(server.url)
        found = [
            workspace.json("probe", "strategies/ask.yaml", "--points", "4", "--seed", seed)
            for seed in ("1", "2")
        ]
    assert found[0]["points"] != found[1]["points"]
    assert all(one["points"] == sorted(one["points"]) and len(one["points"]) == 4 for one in found)


def test_a_model_that_mostly_fails_is_not_judged(workspace: Workspace) -> None:
    with StandIn(says("Buy!")) as server:
        workspace.at(server.url)
        done = workspace.llm("probe", "strategies/ask.yaml", "--points", "3")
    assert done.returncode == 1
    assert "too much went unanswered" in done.stdout
    assert "leak score   unknown" in done.stdout


def test_answers_are_compared_by_their_first_choice(workspace: Workspace) -> None:
    form = "signals.analyst.llm.answer={reason: text, action: [buy, sell]}"
    with StandIn(says({"reason": "so", "action": "buy"})) as server:
        workspace.at(server.url)
        rules = "rules={enter_long: analyst.action == 'buy'}"
        found = workspace.json("probe", "strategies/ask.yaml", "--set", form, "--set", rules)
    assert found["field"] == "action"


@pytest.mark.parametrize(
    ("command", "step", "said"),
    [
        ("probe", refuses(401, f"wrong key {CANARY}"), "check the key"),
        ("probe", refuses(500), "status 500"),
        ("probe", hangs, "no reply within 2 s"),
        ("analyze", refuses(404, "no such model"), "check `model` and `base_url`"),
        ("analyze", resets, "gave no reply"),
    ],
    ids=["key", "server", "hang", "model", "reset"],
)
def test_a_bad_endpoint_is_one_error(
    workspace: Workspace, command: str, step: Any, said: str
) -> None:
    with StandIn(step) as server:
        workspace.at(server.url)
        done = workspace.llm(command, "strategies/ask.yaml")
    assert done.returncode == 4, done.stdout + done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in done.stderr


@pytest.mark.parametrize("command", ["probe", "analyze"])
def test_without_a_key_nothing_is_sent(workspace: Workspace, command: str) -> None:
    done = workspace.llm(command, "strategies/ask.yaml", key="")
    assert done.returncode == 4
    assert "STAND_IN_KEY is not set" in done.stderr


def test_offline_only_what_is_stored_is_told(workspace: Workspace) -> None:
    done = workspace.llm("analyze", "strategies/ask.yaml", "--offline")
    assert done.returncode == 4
    assert "no answer is stored for the bar 2023-01-10T23:00:00Z" in done.stderr
    assert "leave out `--offline`" in done.stderr
    anew = "signals.analyst.llm.cache=refresh"
    done = workspace.llm("probe", "strategies/ask.yaml", "--offline", "--set", anew)
    assert done.returncode == 2
    assert "`--offline` forbids it" in done.stderr


# analyze

ANALYSIS = {
    "trend": "up", "support": 150, "resistance": 320, "risk": "medium", "recommendation": "buy",
    "confidence": 65, "summary": "It \u001b[31mrises <b>steadily</b>.",
}  # fmt: skip


def test_an_analysis_is_printed_and_written(workspace: Workspace) -> None:
    with StandIn(says(ANALYSIS)) as server:
        workspace.at(server.url)
        done = workspace.llm("analyze", "strategies/ask.yaml", "--at", "2023-01-05T06:00Z")
        again = workspace.json("analyze", "strategies/ask.yaml", "--at", "2023-01-05T06:59Z")
        assert len(server.calls) == 1
    assert done.returncode == 0, done.stderr
    assert "SYNTHETIC DATA" in done.stdout
    assert "summary         It [31mrises steadily ." in done.stdout
    assert "stand-in: when what it has read ends is not known" in done.stdout
    file = Path(done.stdout.strip().splitlines()[-1].removeprefix("analysis: "))
    assert file.name == "ask-analyst-20230105T070000Z.json"
    written = json.loads(file.read_text(encoding="utf-8"))
    assert again == written | {"file": str(file)}
    found = written["analysis"]
    assert (found["trend"], found["risk"], found["recommendation"]) == ("up", "medium", "buy")
    assert found["support"] == pytest.approx(0.985 * written["close"])
    assert found["resistance"] == pytest.approx(1.032 * written["close"])
    assert (written["time"], written["before_cutoff"]) == ("2023-01-05T06:00:00Z", None)


def test_an_analysis_is_of_the_last_bar_and_hides_what_a_prompt_hides(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "deep" / "analysis.json"
    with StandIn(says(ANALYSIS)) as server:
        workspace.at(server.url)
        found = workspace.json("analyze", "strategies/ask.yaml", "--output", file)
        sent = server.calls[0].document["messages"][-1]["content"]
    assert json.loads(file.read_text(encoding="utf-8"))["time"] == "2023-01-10T23:00:00Z"
    assert found["file"] == str(file)
    assert "ASSET, bars of 1h" in sent
    assert "trend: " in sent
    assert not {"BTC", "2023"} & set(sent.replace("/", " ").replace("-", " ").split())


def test_the_analysis_of_a_run_stands_in_its_folder_and_its_report(workspace: Workspace) -> None:
    with StandIn(judges) as server:
        workspace.at(server.url)
        run = workspace.typed("run", "strategies/ask.yaml", "--json", cwd=workspace.folder,
                              STAND_IN_KEY=CANARY)  # fmt: skip
    made = json.loads(run.stdout)
    report = Path(made["report"])
    before = report.read_text(encoding="utf-8")
    hostile = "<script>alert(1)</script> steady"
    with StandIn(says(ANALYSIS | {"summary": hostile})) as server:
        workspace.at(server.url)
        found = workspace.json("analyze", made["run_id"])
    assert Path(found["file"]) == report.parent / "analysis.json"
    assert found["time"] == "2023-01-10T23:00:00Z"
    after = report.read_text(encoding="utf-8")
    assert "The model on the market" not in before
    assert "The model on the market" in after
    assert "<dd>&lt;script&gt;alert(1)&lt;/script&gt; steady" in after
    assert "<script>alert(1)" not in after
    # Rendered anew it stays; what is no analysis is said.
    again = workspace.typed("report", made["run_id"], cwd=workspace.folder)
    assert (again.returncode, report.read_text(encoding="utf-8")) == (0, after)
    (report.parent / "analysis.json").write_text('{"close": 1.0}', encoding="utf-8")
    wrong = workspace.typed("report", made["run_id"], cwd=workspace.folder)
    assert wrong.returncode == 4
    assert "`close_time` is missing" in wrong.stderr


def test_without_a_valid_answer_no_analysis_is_written(workspace: Workspace) -> None:
    with StandIn(says(ANALYSIS | {"support": -3})) as server:
        workspace.at(server.url)
        done = workspace.llm("analyze", "strategies/ask.yaml")
    assert done.returncode == 1
    assert "no valid answer: `support` is `-3`, and 0 at least" in done.stderr
    assert not (workspace.folder / "runs").exists()


def test_an_analysis_before_the_range_is_refused(workspace: Workspace) -> None:
    done = workspace.llm("analyze", "strategies/ask.yaml", "--at", "2022-12-01")
    assert done.returncode == 2
    assert "begins at 2023-01-01T00:00:00Z" in done.stderr


def test_the_embedded_model_analyses_once_and_is_then_replayed_without_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = ["--set", "signals.analyst.llm.provider=local_llm",
                "--set", "signals.analyst.llm.timeout=90s",
                "--set", "signals.analyst.llm.deadline=100s"]  # fmt: skip
    done = workspace.llm("analyze", "strategies/ask.yaml", *embedded, key="")
    assert done.returncode == 0, done.stderr
    assert ": a demonstration: it has no skill at trading" in done.stdout
    again = workspace.llm("analyze", "strategies/ask.yaml", *embedded, key="")

    monkeypatch.setattr(local, "engine_version", not_installed)
    replayed = workspace.llm("analyze", "strategies/ask.yaml", *embedded, key="")
    assert (replayed.returncode, replayed.stdout) == (0, again.stdout)
    missed = workspace.llm("analyze", "strategies/ask.yaml", *embedded, "--at", "2023-01-05")
    assert missed.returncode == 4
    assert "rtrade llm install" in missed.stderr


def not_installed() -> str:
    raise LlmNotInstalled("it is not installed", hint="run `rtrade llm install`")


def test_a_prompt_to_the_embedded_model_is_shown_without_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "engine_version", not_installed)
    embedded = ["--set", "signals.analyst.llm.provider=local_llm", "--at", "2023-01-05"]
    done = workspace.llm("prompt", "strategies/ask.yaml", *embedded)
    assert done.returncode == 0
    assert "key: not known before `rtrade llm install`" in done.stdout
    assert "ASSET closed at" in done.stdout
    shown = workspace.json("prompt", "strategies/ask.yaml", *embedded)
    assert (shown["requests"][0]["key"], shown["requests"][0]["stored"]) == (None, None)


# doctor


def test_doctor_tells_of_keys_without_their_values(workspace: Workspace) -> None:
    with_key = workspace.typed("doctor", cwd=workspace.folder, OPENAI_KEY=CANARY, OPENAI_API_KEY="")
    assert "ok   OPENAI_KEY: set, not shown" in with_key.stdout
    assert CANARY not in with_key.stdout + with_key.stderr
    without = workspace.typed("doctor", cwd=workspace.folder, OPENAI_KEY="", OPENAI_API_KEY="")
    assert "ok   OPENAI_KEY: not set" in without.stdout
    assert "ok   local model: " in without.stdout
