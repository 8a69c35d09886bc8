"""A server between client and Postgres that breaks a connection at a chosen word."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType

from sqlalchemy import make_url


class Severing:
    """Pass bytes on; once armed, the connection that sends the word is cut after its answer.

    The server has then done what the word asked for, and the client does not know.
    """

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        query = {name: value for name, value in self._target.query.items() if name != "host"}
        through = self._target.set(
            host="127.0.0.1", port=port, query={**query, "sslmode": "disable"}
        )
        self.url = through.render_as_string(hide_password=False)
        self.severed = 0
        self._word: bytes | None = None
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> Severing:
        self._run(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in self._open:
            one.close()

    def sever_after(self, word: bytes) -> None:
        """Cut the connection that next sends `word`, once."""
        self._word = word

    def _run(self, work, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = self._connect()
            self._open += [client, server]
            cut = threading.Event()
            self._run(self._forward, client, server, cut)
            self._run(self._backward, server, client, cut)

    def _connect(self) -> socket.socket:
        host = self._target.host or self._target.query.get("host")
        assert isinstance(host, str)
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(Path(host) / f".s.PGSQL.{self._target.port or 5432}"))
            return server
        return socket.create_connection((host, self._target.port or 5432))

    def _forward(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        while data := _received(client):
            if self._word is not None and self._word in data:
                self._word = None
                cut.set()
            with contextlib.suppress(OSError):
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _backward(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        while data := _received(server):
            if cut.is_set():
                self.severed += 1
                break
            with contextlib.suppress(OSError):
                client.sendall(data)
        for one in (client, server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65_536)
    except OSError:
        return b""
