"""The server over real sockets: addresses, limits, slow clients, streams, and how it stops."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from flask import Flask, Response

from rtrade.core.errors import UsageError, WorldError
from rtrade.store.opening import open_store
from rtrade.web import channels, streams
from rtrade.web.app import create_app
from rtrade.web.problems import KINDS
from rtrade.web.security import MOST_BODY
from rtrade.web.serving import Server, check_address, is_loopback
from rtrade.web.site import site_of
from rtrade.web.streams import Event, Subscription
from rtrade.web.wsgi import application
from rtrade.workflow import feeding
from web.serving import (
    PATIENCE,
    TOKEN,
    Served,
    command,
    environment,
    make_workspace,
    running,
    served,
    started,
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[Served]:
    with served(workspace) as one:
        yield one


class Gate:
    """An endpoint that answers when it is let, and streams that are fed by hand."""

    def __init__(self) -> None:
        self.entered, self.released = threading.Event(), threading.Event()
        self.subscriptions: list[Subscription] = []
        self.left = threading.Semaphore(0)

    def __call__(self, app: Flask) -> None:
        @app.get("/test/slow")
        def slow() -> Response:
            self.entered.set()
            assert self.released.wait(PATIENCE)
            return Response("x" * 1_000_000, mimetype="text/plain")

        @app.get("/test/stream")
        def stream() -> Response:
            subscription = Subscription(10)
            self.subscriptions.append(subscription)
            return site_of(app).streams.reply(subscription, self.left.release)


# The command


def test_the_command_listens_says_so_and_ends_well(workspace: Path) -> None:
    with started(workspace) as one:
        assert one.get("/healthz").json == {"status": "ok"}
        assert one.get("/readyz").json["database"] == {"ok": True}
        assert one.end(signal.SIGTERM) == (0, "", "")


def test_interrupting_ends_it_well_too(workspace: Path) -> None:
    with started(workspace) as one:
        assert one.end(signal.SIGINT)[0] == 0


def test_a_busy_port_is_one_clear_error(workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            command("--port", port), cwd=workspace, env=environment(), capture_output=True,
            text=True, timeout=PATIENCE,
        )  # fmt: skip
    assert done.returncode == 4
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == f"error: cannot listen on 127.0.0.1:{port}: Address already in use"
    assert "--port" in second


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["--host", "0.0.0.0"], {}, "speaks no TLS"),
        (["--host", "::"], {}, "speaks no TLS"),
        (["--host", "0.0.0.0"], {"RTRADE_TOKEN": TOKEN}, "speaks no TLS"),
        (["--host", "0.0.0.0", "--behind-tls-proxy"], {}, "RTRADE_TOKEN is not set"),
        (["--behind-tls-proxy", "--allow-host", "x.example"], {}, "RTRADE_TOKEN is not set"),
        (["--behind-tls-proxy"], {"RTRADE_TOKEN": TOKEN}, "--allow-host"),
        ([], {"RTRADE_TOKEN": "too-short"}, "too easy to guess"),
        ([], {"RTRADE_TOKEN": "a" * 40}, "too easy to guess"),
        ([], {"RTRADE_TOKEN": "0123456789abcdef"}, "too easy to guess"),
        ([], {"RTRADE_TOKEN": f"{TOKEN} x"}, "no header can"),
    ],
)  # fmt: skip
def test_what_would_not_be_safe_is_refused(
    workspace: Path, arguments: list[str], variables: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        command("--port", "0", *arguments), cwd=workspace, env=environment(**variables),
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert all(secret not in done.stderr for secret in variables.values())


def test_addresses_of_this_machine_are_known() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "example.com", "")))
    check_address("0.0.0.0", token=TOKEN, proxied=True, names=("rtrade.example",))
    with pytest.raises(UsageError):
        check_address("10.0.0.1", token=TOKEN, proxied=False, names=())


def test_an_address_that_is_not_there_is_a_clear_error(workspace: Path) -> None:
    app = create_app(workspace)
    with pytest.raises(WorldError, match=r"cannot listen on 203\.0\.113\.1:0"):
        Server(app, "203.0.113.1", 0)
    site_of(app).close()


def test_other_servers_get_the_same_application(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("RTRADE_TOKEN", raising=False)
    with pytest.raises(UsageError, match="RTRADE_TOKEN is not set"):
        application("trade.example")
    monkeypatch.setenv("RTRADE_TOKEN", TOKEN)
    with pytest.raises(UsageError, match="name is not known"):
        application(behind_tls_proxy=True)
    app = application(" trade.example, other.example", behind_tls_proxy=True, most_streams=3)
    assert site_of(app).streams.most == 3
    client = app.test_client()
    asked = {"Authorization": f"Bearer {TOKEN}"}
    for host, status in (("trade.example", 200), ("localhost", 200), ("evil.example", 421)):
        assert client.get("/readyz", headers={**asked, "Host": host}).status_code == status
    assert client.get("/readyz").status_code == 401
    site_of(app).close()


# Limits


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"GET / HTTP/1.1\r\nHost : x", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: x", 501),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz", 400),
        (b"GET http://[ HTTP/1.0", 400),
        (b"GET / HTTP/1.0", 421),
        (b"GET / HTTP/1.0\r\nHost: ", 421),
    ],
)
def test_what_is_no_http_is_a_problem_document(server: Served, sent: bytes, status: int) -> None:
    head, _, body = server.raw(sent + b"\r\n\r\n").partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"application/problem+json" in head
    document = json.loads(body)
    assert document["status"] == status
    assert document["type"].partition("#problem-")[2] in KINDS


def test_headers_and_bodies_have_a_limit(server: Served) -> None:
    long = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    head, _, body = server.raw(long).partition(b"\r\n\r\n")
    assert head.split()[1] == b"431"
    assert json.loads(body)["type"] == "/api/docs#problem-too-large"
    large = (
        b"POST /api/v1/validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % (MOST_BODY + 1)
    )
    head, _, body = server.raw(large).partition(b"\r\n\r\n")
    assert head.split()[1] == b"413"
    assert json.loads(body)["status"] == 413


def test_who_sends_too_much_hears_of_it(server: Served) -> None:
    head = (
        b"POST /api/v1/validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % (20 * MOST_BODY)
    )
    # More than the system holds between two ends: the answer is there long before the end of it.
    head, _, body = server.raw(head + bytes(20 * MOST_BODY)).partition(b"\r\n\r\n")
    assert head.split()[1] == b"413"
    assert json.loads(body)["type"] == "/api/docs#problem-too-large"


def send_on_and_on(client: socket.socket) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        client.sendall(bytes(1_000_000))


def test_who_never_stops_sending_is_cut_off(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_HEARD", 0.0)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        with pytest.raises(ConnectionError):
            send_on_and_on(client)


def test_a_request_that_trickles_in_is_cut_off(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_WHOLE", 0.0)
    assert server.raw(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n") == b""
    assert server.raw(b"POST /api/v1/validate HTTP/1.1\r\nContent-Length: 9\r\n\r\n{") == b""


def test_who_comes_as_another_is_cut_off_is_heard(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(create_app(workspace))
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\n")
        while not any(one.busy for one in server.listener.active_channels.values()):
            server.turn()
        # The next turn has both to do: one is late, and there is a new one, who is given the
        # number that the first one's connection had.
        monkeypatch.setattr(channels, "_WHOLE", 0.0)
        server.listener.next_channel_cleanup = 0
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            server.turn()
            monkeypatch.undo()
            with running(server):
                assert client.recv(12) == b"HTTP/1.1 200"
                slow.settimeout(PATIENCE)
                assert slow.recv(1) == b""


def test_an_answer_that_nobody_takes_up_is_cut_off(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def endless(app: Flask) -> None:
        @app.get("/test/endless")
        def endless() -> Response:
            def parts() -> Iterator[bytes]:
                try:
                    while True:
                        yield bytes(100_000)
                finally:
                    ended.set()

            return Response(parts())

    monkeypatch.setattr(channels, "SILENT", 0.5)
    with served(workspace, prepare=endless) as one:
        with socket.create_connection(("127.0.0.1", one.port)) as client:
            client.sendall(b"GET /test/endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert ended.wait(PATIENCE)
        assert one.get("/healthz").status == 200


def test_who_waits_for_an_answer_that_takes_long_is_not_cut_off(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[bool] = []
    flush = channels.Channel._flush_some

    def seen(channel: channels.Channel, *args: object, **options: object) -> object:
        if channel.total_outbufs_len:
            late.append(channel.is_late(time.time()))
        return flush(channel, *args, **options)

    def slow(app: Flask) -> None:
        @app.get("/test/slow")
        def slow() -> str:
            # Longer than a client may be silent.
            began = time.time()
            while time.time() - began < 2 * channels.SILENT:
                threading.Event().wait(channels.SILENT)
            return "done"

    monkeypatch.setattr(channels, "SILENT", 0.2)
    monkeypatch.setattr(channels.Channel, "_flush_some", seen)
    with served(workspace, prepare=slow) as one:
        assert one.get("/test/slow").body == b"done"
    assert late
    assert not any(late)


# Answers


def test_tags_and_gzip(server: Served) -> None:
    plain = server.get("/api/openapi.json")
    tag = plain.headers["etag"]
    assert tag.startswith('"')
    packed = server.get("/api/openapi.json", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != tag
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 3
    for known in (tag, packed.headers["etag"], f'"other", {tag}', "*"):
        same = server.get("/api/openapi.json", If_None_Match=known)
        assert (same.status, same.body) == (304, b""), known
        assert "accept-encoding" in same.headers["vary"].lower()
    assert server.get("/api/openapi.json", If_None_Match='"other"').status == 200
    refused = server.get("/api/openapi.json", Accept_Encoding="gzip;q=0")
    assert "content-encoding" not in refused.headers
    assert server.ask("HEAD", "/api/openapi.json").body == b""


def test_problems_are_documents_or_pages(server: Served) -> None:
    found = server.get("/nothing/here")
    assert found.status == 404
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json["instance"] == "/nothing/here"
    page = server.get("/nothing/<b>", Accept="text/html,*/*;q=0.8")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"404 Not Found" in page.body
    assert b"<b>" not in page.body
    # A program's answer wherever the API is asked, whatever it accepts.
    assert server.get("/api/v1/nothing", Accept="text/html").json["status"] == 404
    wrong = server.ask("POST", "/api/openapi.json")
    assert (wrong.status, "GET" in wrong.headers["allow"]) == (405, True)
    for path in ("/healthz/", "/./healthz", "/x//healthz", "/HEALTHZ"):
        assert server.get(path).status == 404, path


def test_what_was_not_foreseen_says_nothing_of_its_cause(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(app: Flask) -> None:
        @app.get("/test/broken")
        def broken() -> Response:
            raise ZeroDivisionError("the cause")

    with served(workspace, prepare=broken) as one:
        found = one.get("/test/broken")
    assert found.status == 500
    assert b"cause" not in found.body
    (record,) = [one for one in caplog.records if one.name == "rtrade.web"]
    assert record.incident == found.json["incident"]


def test_a_line_a_request_is_logged_where_asked_for(workspace: Path) -> None:
    with started(workspace, "--log-level", "info") as one:
        one.get("/healthz?secret=1")
        one.get("/a%0Aevent=forged")
        _, _, err = one.end(signal.SIGTERM)
    first, second = err.splitlines()
    assert "event=answered method=GET path=/healthz status=200" in first
    assert "secret" not in first
    assert r'path="/a\nevent=forged" status=404' in second


def test_meters_count_by_route(workspace: Path) -> None:
    with served(workspace) as one:
        one.get("/api/v1/runs/alpha-0123456789")
        one.get("/nothing?secret=1")
        assert one.raw(b"BREW / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        text = one.get("/metrics").body.decode()
    assert 'route="/api/v1/runs/<run_id>",status="404"} 1.0' in text
    assert 'method="GET",route="(none)",status="404"} 1.0' in text
    assert "BREW" not in text
    assert "secret" not in text
    assert "rtrade_streams_open 0.0" in text


def test_a_database_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    variables = {"DATABASE_URL": "postgresql://user:hunter2hunter2@127.0.0.1:1/none"}
    with started(workspace, **variables) as one:
        ready = one.get("/readyz")
        assert (ready.status, ready.json["status"]) == (503, "unavailable")
        listed = one.get("/api/v1/runs")
        assert (listed.status, listed.headers["retry-after"]) == (503, "5")
        assert listed.json["type"] == "/api/docs#problem-unavailable"
        assert one.get("/healthz").status == 200
        assert b"rtrade_database_up 0.0" in one.get("/metrics").body
        _, out, err = one.end(signal.SIGTERM)
    assert b"hunter2" not in ready.body + listed.body
    assert "hunter2" not in out + err


def test_feeds_that_run_are_ready_while_they_keep_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, now = make_workspace(tmp_path / "w"), time.time_ns() // 1_000_000
    one = np.array([[100.0, 1.0]])
    with open_store("", workspace / ".rtrade") as store:
        store.write_book("venue", "BTC/USDT", now, one, one)
        store.write_book("venue", "OLD/USDT", now - feeding.RUNNING, one, one)
    with served(workspace) as server:
        ready = server.get("/readyz")
        (feed,) = ready.json["feeds"]
        assert (ready.status, ready.json["status"], feed["late"]) == (200, "ok", False)
        assert (feed["venue"], feed["symbol"], feed["stream"]) == ("venue", "BTC/USDT", "book")
        assert 'rtrade_feed_lag_seconds{stream="book",symbol="BTC/USDT",venue="venue"}' in (
            server.get("/metrics").body.decode()
        )
        monkeypatch.setattr(feeding, "LATE", -1)
        late = server.get("/readyz")
        assert (late.status, late.json["status"]) == (503, "late")


# Streams


def read_event(response: http.client.HTTPResponse) -> bytes:
    lines = []
    while (line := response.readline()) not in (b"\n", b""):
        lines.append(line)
    return b"".join(lines)


def channels_of(one: Served) -> list[channels.Channel]:
    return list(one.server.listener.active_channels.values())


def leave(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
    # The response has a hand on the socket too.
    response.close()
    connection.close()


def test_streams_have_a_cap_and_give_their_place_back(workspace: Path) -> None:
    gate = Gate()
    with served(workspace, prepare=gate, most_streams=2) as one:
        open_ = []
        for _ in range(2):
            connection = one.connect()
            connection.request("GET", "/test/stream")
            response = connection.getresponse()
            assert response.getheader("Content-Type") == "text/event-stream; charset=utf-8"
            assert read_event(response) == b"retry: 2000\n"
            open_.append((connection, response))
        full = one.get("/test/stream")
        assert (full.status, full.headers["retry-after"]) == (503, "5")
        assert gate.left.acquire(timeout=PATIENCE)  # the one that was refused
        assert one.get("/healthz").status == 200
        gate.subscriptions[0].put(Event("a\nb", "name", "7"))
        assert read_event(open_[0][1]) == b"id: 7\nevent: name\ndata: a\ndata: b\n"
        leave(*open_[0])
        assert gate.left.acquire(timeout=PATIENCE)  # noticed without anything being sent
        again = one.connect()
        again.request("GET", "/test/stream")
        answer = again.getresponse()
        assert answer.status == 200
        leave(again, answer)
        leave(*open_[1])


def test_streams_that_rest_are_one_entry_of_the_loop(workspace: Path) -> None:
    gate = Gate()
    with served(workspace, prepare=gate, most_streams=20) as one:
        listener = one.server.listener
        open_ = []
        for _ in range(20):
            connection = one.connect()
            connection.request("GET", "/test/stream")
            response = connection.getresponse()
            assert read_event(response)
            open_.append((connection, response))
        for subscription in gate.subscriptions:
            subscription.put(Event("one"))
        assert [read_event(response) for _, response in open_] == [b"data: one\n"] * 20
        assert one.get("/healthz").status == 200
        assert len(listener.resting) == 20
        # The one who listens, the one who wakes the loop, those who rest, and one that may not
        # have been closed yet.
        assert len(one.server.entries) <= 4
        for connection, response in open_:
            leave(connection, response)
        for _ in open_:
            assert gate.left.acquire(timeout=PATIENCE)
        assert one.get("/healthz").status == 200
        assert len(listener.resting) == 0


def test_a_stream_that_is_not_taken_up_for_a_while_loses_nothing(workspace: Path) -> None:
    gate = Gate()
    with served(workspace, prepare=gate) as one:
        connection = one.connect()
        connection.request("GET", "/test/stream")
        response = connection.getresponse()
        assert read_event(response)
        large = [str(number) * 400_000 for number in range(8)]
        for data in large:
            gate.subscriptions[0].put(Event(data))
        # More than the system holds between two ends: the rest waits for its client.
        while not any(other.total_outbufs_len for other in channels_of(one)):
            assert one.get("/healthz").status == 200
        for data in large:
            assert read_event(response) == f"data: {data}\n".encode()
        gate.subscriptions[0].put(Event("more"))
        assert read_event(response) == b"data: more\n"
        leave(connection, response)
        assert gate.left.acquire(timeout=PATIENCE)


def test_what_is_asked_behind_a_stream_does_no_harm(workspace: Path) -> None:
    gate = Gate()
    with served(workspace, prepare=gate) as one:
        with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as client:
            client.sendall(b"GET /test/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            received = client.makefile("rb")
            while b"retry" not in received.readline():
                pass
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2)
            gate.subscriptions[0].put(Event("news"))
            gate.subscriptions[0].end()
            # A stream is the last answer of its connection.
            assert received.read().endswith(b"data: news\n\n\r\n0\r\n\r\n")
        assert one.get("/healthz").status == 200
        assert len(one.server.listener.resting) == 0


class Between:
    """An entry of the loop, asked last: what happens while the system is being waited for."""

    accepting = False

    def __init__(self, server: Server, happens: Callable[[], None]) -> None:
        self._server, self._happens = server, happens
        # No connection is given such a number.
        self._number = 1 << 30
        server.entries[self._number] = self

    def readable(self) -> bool:
        del self._server.entries[self._number]
        self._happens()
        return False

    def writable(self) -> bool:
        return False


@contextmanager
def stream_turned_by_hand(
    workspace: Path,
) -> Iterator[tuple[Server, socket.socket, channels.Channel, Gate]]:
    """Open a stream, which does not rest yet, of a server whose loop is turned by the test."""
    gate, app = Gate(), create_app(workspace)
    gate(app)
    server = Server(app)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(b"GET /test/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while not len(server.listener.resting):
            server.turn()
        (channel,) = server.listener.active_channels.values()
        server.listener.resting.leave(channel)
        yield server, client, channel, gate


def test_what_comes_just_as_a_stream_goes_to_rest_is_read_once(workspace: Path) -> None:
    with stream_turned_by_hand(workspace) as (server, client, channel, gate):

        def ask_behind() -> None:
            server.listener.resting.take(channel)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2)

        Between(server, ask_behind)
        server.turn()
        with running(server):
            gate.subscriptions[0].put(Event("news"))
            gate.subscriptions[0].end()
            received = client.makefile("rb").read()
        assert received.endswith(b"data: news\n\n\r\n0\r\n\r\n")


def test_who_comes_just_as_a_client_leaves_a_stream_is_heard(workspace: Path) -> None:
    with stream_turned_by_hand(workspace) as (server, client, channel, gate):
        others = []

        def leave_and_come() -> None:
            server.listener.resting.take(channel)
            # What is not taken up makes it an end of both directions.
            client.close()
            # Given the number that the connection before had.
            others.append(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))

        Between(server, leave_and_come)
        server.turn()
        with running(server), others[0] as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert other.recv(12) == b"HTTP/1.1 200"
            assert gate.left.acquire(timeout=PATIENCE)


def test_a_silent_stream_says_that_it_lives(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT", 0.05)
    gate = Gate()
    with served(workspace, prepare=gate) as one:
        connection = one.connect()
        connection.request("GET", "/test/stream")
        response = connection.getresponse()
        assert read_event(response) == b"retry: 2000\n"
        for _ in range(3):
            assert read_event(response) == b": still here\n"
        gate.subscriptions[0].put(Event("news"))
        while (said := read_event(response)) == b": still here\n":
            pass
        assert said == b"data: news\n"
        leave(connection, response)


def test_a_stream_ends_when_its_source_does(workspace: Path) -> None:
    gate = Gate()
    with served(workspace, prepare=gate) as one:
        connection = one.connect()
        connection.request("GET", "/test/stream")
        response = connection.getresponse()
        assert read_event(response)
        gate.subscriptions[0].put(Event("last"))
        gate.subscriptions[0].end()
        gate.subscriptions[0].put(Event("too late"))
        assert response.read() == b"data: last\n\n"
        connection.close()


def test_who_is_too_slow_is_told_to_come_back() -> None:
    subscription = Subscription(2)
    for data in "abc":
        subscription.put(Event(data))
    told = subscription.take(0)
    assert told is not None
    assert told.name == "overrun"
    assert subscription.ended
    assert subscription.take(0) is None


def test_what_replaces_does_not_pile_up() -> None:
    subscription = Subscription(2)
    for data in "abc":
        subscription.put(Event(data), replaces="book")
    assert subscription.take(0) == Event("c")
    assert subscription.take(0) is None
    assert not subscription.ended


# The end


def test_a_stop_answers_what_is_in_flight_and_ends_streams(workspace: Path) -> None:
    gate, answers = Gate(), []
    with served(workspace, prepare=gate) as one:
        connection = one.connect()
        connection.request("GET", "/test/stream")
        stream = connection.getresponse()
        assert read_event(stream)
        asking = threading.Thread(target=lambda: answers.append(one.get("/test/slow")))
        asking.start()
        assert gate.entered.wait(PATIENCE)
        assert one.server is not None
        one.server.stop()
        assert stream.read() == b""
        with pytest.raises(ConnectionRefusedError):
            one.get("/healthz")
        gate.released.set()
        asking.join(PATIENCE)
        assert (answers[0].status, len(answers[0].body)) == (200, 1_000_000)
        connection.close()


def test_a_second_stop_does_not_wait(workspace: Path) -> None:
    gate, faults = Gate(), []

    def ask(one: Served) -> None:
        try:
            one.get("/test/slow")
        except (OSError, http.client.HTTPException) as fault:
            faults.append(fault)

    with served(workspace, prepare=gate) as one:
        asking = threading.Thread(target=ask, args=(one,))
        asking.start()
        assert gate.entered.wait(PATIENCE)
        assert one.server is not None
        one.server.stop()
        one.server.stop()
        asking.join(PATIENCE)
        gate.released.set()
    assert len(faults) == 1


def test_a_signal_ends_streams_and_jobs(workspace: Path) -> None:
    with started(workspace) as one:
        job = one.post("/api/v1/runs", {"strategy": "sma_btc"})
        assert job.status == 202
        connection = one.connect()
        connection.request("GET", f"{job.headers['location']}/events")
        stream = connection.getresponse()
        while b"running" not in read_event(stream):
            pass
        assert one.end(signal.SIGTERM) == (0, "", "")
        stream.read()
        connection.close()
    assert not (workspace / "runs").exists()
