"""Planted secrets are in no byte of what a server answers, logs, stores or hands to its workers."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from rtrade.workflow.redacting import HIDDEN, Redactor
from web.serving import Process, make_workspace, started

TOKEN = "canary-Token-9f2c41d7e8b3a650"
KEY = "sk-canary-4b1e77aa90"
PASSWORD = "canary%40pass+word"
PLAIN = "canary@pass+word"
SECRETS = (TOKEN, KEY, PASSWORD, PLAIN)

ASKED = """
rtrade: 1
name: asking
data: {source: sample, symbol: BTC/USDT, timeframe: 1h}
signals:
  analyst:
    llm: {provider: near, prompt: prompts/p.j2, every: 24 bars, answer: {action: [buy, hold]}}
rules: {enter_long: analyst.action == "buy", exit_long: analyst.action == "hold"}
sizing: {equity: 95%}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""
PROVIDER = (
    "rtrade: 1\nkind: llm\nbase_url: http://127.0.0.1:9\nmodel: m\napi_key: ${env:OPENAI_KEY}\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = make_workspace(tmp_path / "w")
    (made / "strategies" / "asking.yaml").write_text(ASKED)
    (made / "strategies" / "prompts").mkdir()
    (made / "strategies" / "prompts" / "p.j2").write_text("{{ close }}")
    (made / "datasources").mkdir()
    (made / "datasources" / "near.yaml").write_text(PROVIDER)
    return made


def ask_everything(one: Process) -> list[bytes]:
    """Ask what there is, rightly and wrongly; return all heads and bodies."""
    told = {"Authorization": f"Bearer {TOKEN}"}
    found = []
    document = one.get("/api/openapi.json", **told)
    paths = [path.replace("{run_id}", "x-0123456789").replace("{name}", "asking")
             .replace("{job_id}", "0" * 16).replace("{symbol}", "BTC/USDT")
             for path in document.json["paths"] if "symbol" not in path]  # fmt: skip
    refused = ({}, {"Authorization": f"Bearer {TOKEN}x"}, {**told, "Host": TOKEN})
    for path in (*paths, "/", "/readyz", "/metrics", "/api/docs", "/login", "/data", "/runs",
                 "/strategies", "/strategies/asking", "/nothing"):  # fmt: skip
        found.append(one.get(path, Accept="text/html", **told).body)
        # What was sent in the address may come back: the secret is left out all the same.
        echo = f"{path}?echo={TOKEN}"
        for headers in (told, *(refused if path in ("/", "/nothing", "/api/v1/runs") else ())):
            reply = one.get(echo, **headers)
            found += [json.dumps(dict(reply.headers)).encode(), reply.body]
    for body in ({"strategy": "asking", "last": "30d"}, {"yaml": f"{TOKEN}: 1"},
                 {"strategy": "asking", "set": ["data.source=${env:OPENAI_KEY}"]}):  # fmt: skip
        found.append(one.post("/api/v1/validate", body, **told).body)
        started_ = one.post("/api/v1/runs", body, **told)
        found.append(started_.body)
        if started_.status == 202:
            address = started_.headers["location"]
            found.append(one.get(f"{address}/events", **told).body)
            found.append(one.get(address, **told).body)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    for token in (TOKEN, "wrong"):
        reply = one.ask("POST", "/login", f"token={token}".encode(), **form)
        found += [json.dumps(dict(reply.headers)).encode(), reply.body]
    return found


@pytest.mark.parametrize("database", ["", f"postgresql://me:{PASSWORD}@127.0.0.1:1/none"])
def test_secrets_are_in_no_byte(workspace: Path, database: str) -> None:
    variables = {"RTRADE_TOKEN": TOKEN, "OPENAI_KEY": KEY, "DATABASE_URL": database}
    with started(workspace, "--log-level", "debug", **variables) as one:
        found = ask_everything(one)
        code, out, err = one.end(signal.SIGTERM)
    assert code == 0
    assert len(found) > 60
    files = [path.read_bytes() for path in workspace.rglob("*") if path.is_file()]
    assert files
    for text in (*found, out.encode(), err.encode(), *files):
        for secret in SECRETS:
            assert secret.encode() not in text, text[:3000]


def test_a_worker_does_not_know_the_token(workspace: Path) -> None:
    with started(workspace, RTRADE_TOKEN=TOKEN) as one:
        told = {"Authorization": f"Bearer {TOKEN}"}
        job = one.post("/api/v1/runs", {"strategy": "sma_btc"}, **told).json
        seen = b""
        while one.get(f"/api/v1/jobs/{job['id']}", **told).json["progress"] is None:
            pass
        assert one.process is not None
        children = Path(f"/proc/{one.process.pid}/task").glob("*/children")
        for pid in " ".join(file.read_text() for file in children).split():
            seen += Path(f"/proc/{pid}/environ").read_bytes()
        one.ask("DELETE", f"/api/v1/jobs/{job['id']}", **told)
        one.end(signal.SIGTERM)
    assert b"PATH=" in seen
    assert TOKEN.encode() not in seen


def test_secrets_are_found_in_any_spelling(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTRADE_TOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_KEY", 'quo"ted-key')
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:{PASSWORD}@h/d?password=another1")
    redact = Redactor(workspace)
    for secret in (TOKEN, PASSWORD, PLAIN, 'quo"ted-key', 'quo\\"ted-key', "another1"):
        assert redact(f"a {secret} b") == f"a {HIDDEN} b"
    assert redact("postgresql://me@h/d") == "postgresql://me@h/d"


def test_what_is_short_or_not_set_hides_nothing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_KEY", "abc")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///abcdef.db")
    monkeypatch.delenv("RTRADE_TOKEN", raising=False)
    assert Redactor(workspace)("abc abcdef.db") == "abc abcdef.db"
