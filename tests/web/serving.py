"""A server for tests: the whole application over real sockets, in a thread or as a process."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from rtrade.config.overrides import Overrides
from rtrade.web.app import create_app
from rtrade.web.serving import Server
from rtrade.workflow.executing import Manner
from rtrade.workflow.running import run_strategy

ROOT = Path(__file__).parents[2]
TOKEN = "kEOa2xo0yUW3lQm8rTzS5vB7nC9dF1gH"
PATIENCE = 60


@dataclass(frozen=True)
class Reply:
    """What came back: status, headers by lower-case name, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A running server, and how to ask it."""

    port: int
    app: Flask | None = None
    server: Server | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Reply:
        """Ask once; a header is named with `_` for `-`, and None leaves it out."""
        connection = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {k: v for k, v in {**self.headers, **named}.items() if v is not None}
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Reply:
        return self.ask("GET", path, **headers)

    def send(self, method: str, path: str, document: Any, **headers: str | None) -> Reply:
        named = {"Content_Type": "application/json", **headers}
        return self.ask(method, path, json.dumps(document).encode(), **named)

    def post(self, path: str, document: Any, **headers: str | None) -> Reply:
        return self.send("POST", path, document, **headers)

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are; return everything until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as client:
            client.sendall(data)
            parts = []
            while part := client.recv(65536):
                parts.append(part)
            return b"".join(parts)


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Run a server in a thread, and have it end."""
    thread = threading.Thread(target=server.run, name="served")
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@contextmanager
def served(
    workspace: Path, *, prepare: Callable[[Flask], None] = lambda _: None, **options: Any
) -> Iterator[Served]:
    """Serve a workspace in a thread of this process."""
    app = create_app(workspace, **options)
    prepare(app)
    server = Server(app)
    with running(server):
        yield Served(server.port, app, server)


@dataclass
class Process(Served):
    """A server started from the command line."""

    process: subprocess.Popen[str] | None = None

    def end(self, signal: int) -> tuple[int, str, str]:
        """Send a signal; return the exit code and what was written."""
        assert self.process is not None
        self.process.send_signal(signal)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rtrade.cli.main", "serve", *arguments]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RTRADE_")}
    kept.pop("DATABASE_URL", None)
    return {**kept, "PYTHONPATH": str(ROOT / "framework"), **variables}


@contextmanager
def started(workspace: Path, *arguments: str, **variables: str) -> Iterator[Process]:
    """Start `rtrade serve` on any free port, and end it in the end."""
    process = subprocess.Popen(
        command("--port", "0", *arguments),
        cwd=workspace,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), (line, process.communicate())
        yield Process(int(line.rpartition(":")[2]), process=process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def make_workspace(folder: Path, *names: str) -> Path:
    """Make a workspace with shipped strategies, `sma_btc` unless named."""
    (folder / "strategies").mkdir(parents=True)
    for name in names or ("sma_btc",):
        shutil.copy(ROOT / "strategies" / f"{name}.yaml", folder / "strategies")
    return folder


def make_run(workspace: Path, *sets: str, last: str = "30d") -> Path:
    """Run `sma_btc` of a workspace; return the run's folder."""
    file = workspace / "strategies" / "sma_btc.yaml"
    return run_strategy(
        file, Overrides(sets=sets, last=last), manner=Manner(), out=workspace / "runs"
    ).folder


def copy_run(run: Path, name: str, **metrics: float | None) -> Path:
    """Make another run of one, with another name and other metrics."""
    folder = run.parent / name
    shutil.copytree(run, folder)
    document = json.loads((run / "result.json").read_text())
    document["run_id"], document["strategy"] = name, name[:-11]
    document["metrics"] |= metrics
    (folder / "result.json").write_text(json.dumps(document))
    return folder
