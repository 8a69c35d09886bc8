"""Serve an application with waitress until told to stop.

A stop has an order: no new connection is taken, streams end, requests that are in flight are
answered, workers of jobs are ended, then the rest is cut. It takes five seconds at most.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from contextlib import suppress
from ipaddress import ip_address
from time import monotonic
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from rtrade.core.errors import UsageError, WorldError
from rtrade.web.channels import SILENT, Listener
from rtrade.web.security import MOST_BODY, MOST_HEADERS
from rtrade.web.site import site_of

# Threads besides those that streams take.
_THREADS = 8
# Connections besides those of streams: a browser keeps half a dozen.
_CONNECTIONS = 200
# Seconds that requests in flight get to end, and then threads.
_DRAIN, _THREADS_END = 3.0, 0.5


def is_loopback(host: str) -> bool:
    """Tell whether nothing but this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(host: str, *, token: str | None, proxied: bool, names: tuple[str, ...]) -> None:
    """Raise UsageError for an address that may not be served as asked.

    `proxied` says that a proxy with TLS stands in front, and `names` by what names it is called.
    """
    if not is_loopback(host) and not proxied:
        raise UsageError(
            f"{host} can be reached from other machines, and this server speaks no TLS: whoever "
            "listens on the way would read the token",
            hint="serve on 127.0.0.1 behind a proxy with TLS, and say `--behind-tls-proxy`",
        )
    if proxied and token is None:
        raise UsageError(
            "a server that other machines reach needs a token: RTRADE_TOKEN is not set",
            hint="python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one",
        )
    if proxied and not names:
        raise UsageError(
            "the proxy's name is not known, so its requests would be refused",
            hint="name it with `--allow-host`, and have the proxy pass the Host header on",
        )


class Server:
    """Serves `app` on an address; `port` 0 takes any free one.

    The socket listens once the object is made, so a client may connect before `run`. Raises
    WorldError where the address cannot be had.
    """

    def __init__(self, app: Flask, host: str = "127.0.0.1", port: int = 0) -> None:
        self._site = site_of(app)
        self._stopping = threading.Event()
        self._patience = _DRAIN
        self.entries: dict[int, Any] = {}
        # Each thread is known to be needed: a queue is what they are for.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        bound = _bind(host, port)
        most = self._site.streams.most
        settings = Adjustments(
            sockets=[bound],
            threads=_THREADS + most,
            connection_limit=_CONNECTIONS + most,
            channel_timeout=SILENT,
            cleanup_interval=2,
            # While a stream is sent, reading on is what notices that its client has gone.
            channel_request_lookahead=1,
            max_request_header_size=MOST_HEADERS,
            max_request_body_size=MOST_BODY,
            outbuf_high_watermark=1 << 20,
            ident=None,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
        )
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(settings.threads)
        self.listener = Listener(
            app,
            self.entries,
            _sock=bound,
            dispatcher=self._dispatcher,
            adj=settings,
            bind_socket=False,
            sockinfo=(bound.family, bound.type, bound.proto, bound.getsockname()),
        )
        name = f"[{host}]" if ":" in host else host
        self.port = int(bound.getsockname()[1])
        self.url = f"http://{name}:{self.port}"

    def run(self) -> None:
        """Serve until `stop`, then end in order."""
        try:
            while not self._stopping.is_set():
                self.turn()
        finally:
            self._end()

    def turn(self, patience: float = 1.0) -> None:
        """Do what there is to do, or wait for it; `patience` in seconds."""
        wasyncore.loop(timeout=patience, map=self.entries, use_poll=True, count=1)
        self.listener.resting.read()
        self.listener.cut_off()

    def stop(self) -> None:
        """Have `run` end; from any thread or a signal. A second call has it end at once."""
        if self._stopping.is_set():
            self._patience = 0.0
        self._stopping.set()
        # The loop may be over, and its pipe closed.
        with suppress(OSError):
            self.listener.pull_trigger()

    def _end(self) -> None:
        self.listener.refuse()
        began = monotonic()
        self._site.streams.close()
        jobs = threading.Thread(target=self._site.jobs.close, name="end-jobs")
        jobs.start()
        while monotonic() - began < self._patience and self.listener.is_busy():
            self.turn(0.05)
        self._dispatcher.shutdown(timeout=_THREADS_END)
        jobs.join()
        self._site.close()
        wasyncore.close_all(self.entries, ignore_all=True)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as fault:
        number = fault.errno if isinstance(fault, OSError) else None
        reason = os.strerror(number) if number and number > 0 else str(fault)
        raise WorldError(
            f"cannot listen on {host}:{port}: {reason}",
            hint="end what listens there, or choose another with `--port`; 0 takes any free one",
        ) from fault
