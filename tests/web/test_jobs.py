"""Runs and syncs started over HTTP: their processes, their events, and how they end."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rtrade.core.timeframes import parse_time
from rtrade.testing import FakeExchange
from rtrade.web import jobs as jobs_module
from rtrade.web.jobs import CANCELLED, DONE, FAILED, RUNNING, WAITING, Job, Jobs
from rtrade.web.problems import Problem
from web.serving import PATIENCE, ROOT, Served, make_workspace, served

TEXT = (ROOT / "strategies" / "sma_btc.yaml").read_text()
RUN = {"strategy": "sma_btc", "last": "30d"}
DAY = 86_400_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_workspace(tmp_path_factory.mktemp("jobs"))
    # Were the workspace on the path of modules, a worker would not get as far as its job.
    (made / "json.py").write_text("raise SystemExit('taken for a module')")
    return made


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[Served]:
    with served(workspace) as one:
        yield one


def events(server: Served, address: str, **headers: str) -> list[tuple[int, str, Any]]:
    """Follow a job to its end; return number, name and data of its events."""
    found = []
    for block in server.get(f"{address}/events", **headers).body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        if "data" in lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def test_a_run_by_name_becomes_a_run(server: Served, workspace: Path) -> None:
    started = server.post("/api/v1/runs", {**RUN, "verify": True, "set": ["params.fast=12"]})
    assert started.status == 202
    assert (started.json["state"], started.json["title"]) == (WAITING, "sma_btc: BTC/USDT 1h")
    address = started.headers["location"]
    told = events(server, address)
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert [data["state"] for _, name, data in told if name == "state"] == [WAITING, RUNNING, DONE]
    assert "loading bars" in [data.get("stage") for _, _, data in told]
    job = server.get(address).json
    assert (job["state"], job["error"]) == (DONE, None)
    assert job["created"] <= job["started"] <= job["ended"]
    run_id = job["result"]["run_id"]
    assert job["result"]["valid"] is True
    assert server.get(f"/api/v1/runs/{run_id}").json["verified"]["equal"]
    lock = json.loads((workspace / "runs" / run_id / "run.lock").read_text())
    assert lock["arguments"] == {"sets": ["params.fast=12"], "last": "30d"}
    assert server.get("/api/v1/jobs").json["jobs"][0]["id"] == job["id"]
    # Who comes back is told what was missed.
    assert events(server, address, Last_Event_ID="3") == told[3:]
    assert events(server, address, Last_Event_ID=str(len(told))) == []


def test_a_run_of_a_text_is_the_run_of_its_file(server: Served) -> None:
    by_name = server.post("/api/v1/runs", RUN).headers["location"]
    by_text = server.post("/api/v1/runs", {"yaml": TEXT, "last": "30d"}).headers["location"]
    for address in (by_name, by_text):
        assert events(server, address)[-1][2]["state"] == DONE
    results = [server.get(address).json["result"] for address in (by_name, by_text)]
    assert results[0] == results[1]


def test_what_is_wrong_is_said_before_anything_waits(server: Served) -> None:
    before = server.get("/api/v1/jobs").json
    broken = server.post("/api/v1/runs", {"yaml": TEXT.replace("sma(close, fast)", "sma(close")})
    assert (broken.status, broken.json["type"]) == (422, "/api/docs#problem-invalid-input")
    (found,) = broken.json["diagnostics"]
    assert (found["file"], found["line"] > 1) == ("(text)", True)
    missing = server.post("/api/v1/runs", {"strategy": "none"})
    assert (missing.status, missing.json["type"]) == (404, "/api/docs#problem-not-found")
    changes: list[dict[str, Any]] = [
        {"yaml": TEXT}, {"strategy": "../sma_btc"}, {"source": "/etc/passwd"}, {"more": 1},
        {"source": "../x.yaml"}, {"engine": "none"}, {"set": "params.fast=1"},
        {"last": "tomorrow"}, {"from": "2023-01-01"},
    ]  # fmt: skip
    for body in ({}, [], "x", None, *({**RUN, **change} for change in changes)):
        refused = server.post("/api/v1/runs", body)
        assert (refused.status, refused.json["type"]) == (422, "/api/docs#problem-invalid-body")
    for change in ("../x.yaml", "/etc/passwd", "x.yaml", "${env:HOME}", "http://127.0.0.1/x"):
        found = server.post("/api/v1/runs", {"yaml": TEXT.replace(": sample", f": {change}", 1)})
        assert (found.status, found.json["type"]) == (422, "/api/docs#problem-invalid-input")
        sets = server.post("/api/v1/runs", {**RUN, "set": [f"data.source={change}"]})
        assert sets.status == 422, change
    assert server.get("/api/v1/jobs").json == before


def test_what_fails_says_why(server: Served, workspace: Path) -> None:
    (workspace / "datasources").mkdir(exist_ok=True)
    (workspace / "datasources" / "gone.yaml").write_text(
        "rtrade: 1\nkind: csv\nseries: [{symbol: BTC/USDT, timeframe: 1h, path: gone.csv}]\n"
    )
    started = server.post("/api/v1/runs", {"strategy": "sma_btc", "source": "gone"})
    assert events(server, started.headers["location"])[-1][2]["state"] == FAILED
    error = server.get(started.headers["location"]).json["error"]
    assert "gone.csv" in json.dumps(error)
    assert "Traceback" not in json.dumps(error)


def wait_for(job: Job, server: Served, *states: str) -> None:
    """Wait until a job is in one of these states, by its own events."""
    connection = server.connect()
    connection.request("GET", f"/api/v1/jobs/{job.id}/events")
    response = connection.getresponse()
    while line := response.readline():
        if line.startswith(b"data: ") and json.loads(line[6:]).get("state") in states:
            break
    response.close()
    connection.close()


def jobs_of(server: Served) -> Jobs:
    assert server.app is not None
    jobs: Jobs = server.app.extensions["rtrade"].jobs
    return jobs


def begun(server: Served) -> Job:
    """Start a run whose process is there."""
    jobs = jobs_of(server)
    job = jobs.find(server.post("/api/v1/runs", {"strategy": "sma_btc"}).json["id"])
    listening = jobs.listen(job.id)
    while job.progress is None:
        listening.take(PATIENCE)
    jobs.leave(job.id, listening)
    return job


def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(
    server: Served, workspace: Path
) -> None:
    runs = sorted((workspace / "runs").iterdir())
    jobs = [begun(server) for _ in range(2)]
    waiting = server.post("/api/v1/runs", {"strategy": "sma_btc"}).json
    assert waiting["state"] == WAITING
    found = server.ask("DELETE", f"/api/v1/jobs/{waiting['id']}").json
    assert (found["state"], found["started"]) == (CANCELLED, None)
    for job in jobs:
        process = job.process
        assert server.ask("DELETE", f"/api/v1/jobs/{job.id}").json["state"] == CANCELLED
        assert process is not None
        assert process.wait(PATIENCE) != 0
    again = server.ask("DELETE", f"/api/v1/jobs/{waiting['id']}").json
    assert again == found
    assert sorted((workspace / "runs").iterdir()) == runs


def test_a_process_that_dies_takes_nothing_with_it(server: Served) -> None:
    job = begun(server)
    assert job.process is not None
    os.kill(job.process.pid, signal.SIGKILL)
    wait_for(job, server, FAILED)
    error = server.get(f"/api/v1/jobs/{job.id}").json["error"]
    assert (error["kind"], error["message"]) == ("crash", "its process ended with code -9")
    assert server.get("/healthz").status == 200


def test_a_full_queue_says_so(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "_MOST_WAITING", 1)
    running = [begun(server) for _ in range(2)]
    waiting = server.post("/api/v1/runs", {"strategy": "sma_btc"})
    assert waiting.status == 202
    full = server.post("/api/v1/runs", {"strategy": "sma_btc"})
    assert (full.status, full.headers["retry-after"]) == (503, "10")
    for one in (*(job.id for job in running), waiting.json["id"]):
        server.ask("DELETE", f"/api/v1/jobs/{one}")


def test_the_oldest_jobs_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "_KEPT", 2)
    monkeypatch.setattr(Jobs, "_ensure_threads", lambda self: None)
    jobs = Jobs(tmp_path)
    first = jobs.submit("run", "a", {})
    jobs.cancel(first.id)
    kept = [jobs.submit("run", name, {}).id for name in "bc"]
    with pytest.raises(Problem, match="there is no job"):
        jobs.find(first.id)
    assert [job.id for job in jobs.every()] == kept[::-1]
    assert jobs.counts()[WAITING] == 2
    jobs.close()
    assert jobs.counts()[CANCELLED] == 2
    with pytest.raises(Problem, match="stopping"):
        jobs.submit("run", "d", {})


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 10, "\xb2"])
def test_a_number_of_an_event_is_a_number(server: Served, last: str) -> None:
    found = server.get("/api/v1/jobs/0123456789abcdef/events", Last_Event_ID=last)
    assert found.status == 422


def test_a_job_that_is_not_there_is_not_found(server: Served) -> None:
    for path in ("0123456789abcdef", "0123456789abcdef/events", "x", "../jobs"):
        assert server.get(f"/api/v1/jobs/{path}").status == 404, path
    assert server.ask("DELETE", "/api/v1/jobs/0123456789abcdef").status == 404


def test_a_sync_fetches_into_the_store(
    server: Served, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = parse_time("2024-01-01")
    rows = [f"{start + at * 3_600_000},100,101,99,100,1" for at in range(48)]
    file = tmp_path / "bars.csv"
    file.write_text("\n".join(["ts,open,high,low,close,volume", *rows, ""]))
    with FakeExchange([f"BTC/USDT,1h,{file}"]) as exchange:
        source = f"rtrade: 1\nkind: exchange\nexchange: binance\nbase_url: {exchange.url}\n"
        (workspace / "datasources").mkdir(exist_ok=True)
        (workspace / "datasources" / "near.yaml").write_text(source)
        body = {"source": "near", "symbols": ["BTC/USDT"], "timeframe": "1h", "from": start,
                "to": start + DAY}  # fmt: skip
        address = server.post("/api/v1/syncs", body).headers["location"]
        told = events(server, address)
        job = server.get(address).json
        assert job["state"] == DONE, job
        assert "bars" in [name for _, name, _ in told]
        (series,) = job["result"]["series"]
        assert (series["bars"], series["added"], series["missing"]) == (24, 24, 0)
        unknown = server.post("/api/v1/syncs", {**body, "symbols": ["NO/PE"]}).headers["location"]
        assert events(server, unknown)[-1][2]["state"] == FAILED
        assert "NO/PE" in server.get(unknown).json["error"]["message"]


def test_what_cannot_be_synced_is_refused(server: Served) -> None:
    body = {"source": "sample", "symbols": ["BTC/USDT"], "timeframe": "1h", "from": 0}
    refused = server.post("/api/v1/syncs", body)
    assert (refused.status, "only an exchange" in refused.json["detail"]) == (422, True)
    exchange = {**body, "source": "binance"}
    assert server.post("/api/v1/syncs", {**exchange, "from": 5, "to": 5}).status == 422
    assert server.post("/api/v1/syncs", {**exchange, "timeframe": "999999w"}).status == 422
    assert server.post("/api/v1/syncs", {**exchange, "source": "nope"}).status == 422
    assert server.post("/api/v1/syncs", {**exchange, "symbols": []}).status == 422


def test_many_listeners_hear_the_same(server: Served) -> None:
    address = server.post("/api/v1/runs", RUN).headers["location"]
    heard: list[Any] = []
    threads = [
        threading.Thread(target=lambda: heard.append(events(server, address))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(heard) == 5
    assert all(one == heard[0] for one in heard)
    assert heard[0][-1][2]["state"] == DONE
