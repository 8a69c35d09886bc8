"""Clients that leave at any moment, say too much or nonsense: the server goes on as if alone."""

from __future__ import annotations

import logging
import os
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response

from rtrade.web.security import MOST_BODY
from rtrade.web.site import site_of
from rtrade.web.streams import Subscription
from web.serving import PATIENCE, Served, make_workspace, served

CLIENTS = int(os.environ.get("RTRADE_CLIENTS", "1000"))
AT_ONCE = 6

ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
PAGE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n"
STREAM = b"GET /test/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LARGE = (
    b"POST /api/v1/validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % (8 * MOST_BODY)
)

Doing = Callable[[socket.socket, random.Random], Any]


def leave(client: socket.socket, _: random.Random) -> None:
    client.close()


def reset(client: socket.socket, _: random.Random) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def sending(data: bytes, then: Doing) -> Doing:
    def do(client: socket.socket, choices: random.Random) -> None:
        client.sendall(data)
        then(client, choices)

    return do


def hearing_a_bit(then: Doing) -> Doing:
    def do(client: socket.socket, choices: random.Random) -> None:
        client.recv(100)
        then(client, choices)

    return do


def a_part(then: Doing) -> Doing:
    def do(client: socket.socket, choices: random.Random) -> None:
        client.sendall(ASK[: choices.randrange(1, len(ASK))])
        then(client, choices)

    return do


def nonsense(then: Doing) -> Doing:
    def do(client: socket.socket, choices: random.Random) -> None:
        client.sendall(choices.randbytes(200) + b"\r\n\r\n")
        then(client, choices)

    return do


def half(client: socket.socket, _: random.Random) -> None:
    """Say that nothing more is sent, and hear what comes."""
    client.sendall(ASK)
    client.shutdown(socket.SHUT_WR)
    heard(client)


def heard(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def answered(status: bytes, times: int) -> Doing:
    """Hear everything to the end, which is so many answers."""

    def do(client: socket.socket, _: random.Random) -> None:
        found = heard(client)
        assert found.count(b"HTTP/1.1 ") == found.count(b"HTTP/1.1 " + status) == times, found

    return do


DOINGS: dict[str, Doing] = {
    "come and leave": leave,
    "come and reset": reset,
    "a part, leave": a_part(leave),
    "a part, reset": a_part(reset),
    "nonsense, leave": nonsense(leave),
    "nonsense, reset": nonsense(reset),
    "nonsense, hear": nonsense(hearing_a_bit(leave)),
    "ask, leave": sending(ASK, leave),
    "ask, reset": sending(ASK, reset),
    "ask, hear": sending(LAST, answered(b"200", 1)),
    "ask five, leave": sending(5 * ASK, leave),
    "ask four, hear": sending(3 * ASK + LAST, answered(b"200", 4)),
    "ask on behind the last": sending(LAST + 4 * ASK, answered(b"200", 1)),
    "ask and end half": half,
    "a page, hear a bit, reset": sending(PAGE, hearing_a_bit(reset)),
    "three pages, hear a bit, reset": sending(3 * PAGE, hearing_a_bit(reset)),
    "too much, hear": sending(LARGE + bytes(8 * MOST_BODY), answered(b"413", 1)),
    "a stream, leave": sending(STREAM, hearing_a_bit(leave)),
    "a stream, reset": sending(STREAM, hearing_a_bit(reset)),
    "a stream, ask behind it, leave": sending(STREAM + 3 * ASK, hearing_a_bit(leave)),
    "a stream, ask behind it, reset": sending(STREAM + 3 * ASK, hearing_a_bit(reset)),
}


class Streams:
    """An endpoint of streams that nothing is sent to, and how many have come and gone."""

    def __init__(self) -> None:
        self.come, self.gone = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, app: Flask) -> None:
        @app.get("/test/stream")
        def stream() -> Response:
            self.come.release()
            return site_of(app).streams.reply(Subscription(10), self.gone.release)


def do_all(one: Served, names: list[str], seed: int) -> list[str]:
    """Do what is named on a connection each; return what went wrong."""
    choices, wrong = random.Random(seed), []
    for name in names:
        try:
            with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as client:
                DOINGS[name](client, choices)
        except (OSError, AssertionError) as fault:
            wrong.append(f"{name}: {fault!r}")
    return wrong


@pytest.mark.parametrize("seed", range(max(CLIENTS // 1000, 1)))
def test_clients_do_as_they_like_and_others_do_not_notice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    choices, wrong = random.Random(seed), []
    names = choices.choices([*DOINGS], k=min(CLIENTS, 1000))
    assert set(names) == set(DOINGS)
    streams, parts = Streams(), [names[at::AT_ONCE] for at in range(AT_ONCE)]
    with served(make_workspace(tmp_path / "workspace"), prepare=streams) as one:

        def work(number: int) -> None:
            wrong.extend(do_all(one, parts[number], seed * AT_ONCE + number))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert not wrong, Counter(wrong)
        # Each stream that began has been told that its client is gone.
        while streams.come.acquire(blocking=False):
            assert streams.gone.acquire(timeout=PATIENCE)
        listener = one.server.listener
        while len(listener.active_channels) > 1:
            assert one.get("/healthz").status == 200
        assert len(listener.resting) == 0
        # The one who listens, the one who wakes the loop, those who rest, and one at most that
        # has not been closed yet.
        assert len(one.server.entries) <= 4
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not said, "\n".join(record.getMessage() for record in said)
