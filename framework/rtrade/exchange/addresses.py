"""Addresses: sending everything to one's own, and refusing all that is not on this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from rtrade.core.errors import AddressRefused

_HTTP, _SOCKET = ("http://", "https://"), ("ws://", "wss://")


def redirected(urls: Any, base_url: str, ws_url: str | None = None) -> Any:
    """Return ccxt's `urls` with every address in them leading to `base_url`, or `ws_url`.

    Hosts are replaced and paths kept, at any depth. Without `ws_url`, sockets follow `base_url`.
    The path of a socket of spot trading holds `/stream`, which ccxt tells it by.
    """
    sockets = ws_url or "ws" + base_url.removeprefix("http")
    return _redirected(urls, base_url.rstrip("/"), sockets.rstrip("/"))


def _redirected(value: Any, base_url: str, ws_url: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _redirected(one, base_url, ws_url) for key, one in value.items()}
    if isinstance(value, list):
        return [_redirected(one, base_url, ws_url) for one in value]
    if not isinstance(value, str):
        return value
    if value.startswith(_HTTP):
        return base_url + _path(value)
    if value.startswith(_SOCKET):
        path = _path(value)
        return ws_url + ("/stream/ws" if path == "/ws" else path)
    return value


def _path(url: str) -> str:
    # Not urlsplit: a host may be a template, such as `{hostname}`.
    _, _, rest = url.partition("://")
    _, slash, path = rest.partition("/")
    return slash + path


def addresses(urls: Any) -> Iterator[str]:
    """Yield every address in ccxt's `urls`."""
    if isinstance(urls, Mapping):
        for one in urls.values():
            yield from addresses(one)
    elif isinstance(urls, list):
        for one in urls:
            yield from addresses(one)
    elif isinstance(urls, str) and urls.startswith(_HTTP + _SOCKET):
        yield urls


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine: `localhost`, 127.0.0.0/8 or ::1."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return host and port of an address, the port of its scheme where it names none."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    return f"{parts.hostname}:{port}"


class Guard:
    """Lets requests through to the addresses that they may go to, and no others.

    `hosts` empty = to any. `loopback` = to this machine only.
    """

    def __init__(self, hosts: frozenset[str] = frozenset(), *, loopback: bool = False) -> None:
        self.hosts = hosts
        self.loopback = loopback

    def check(self, url: str) -> None:
        """Raise AddressRefused where no request may go to `url`."""
        place = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        if self.loopback and not is_loopback(url):
            raise AddressRefused(
                f"a request to {place} was refused: RTRADE_LOOPBACK allows this machine only",
                hint="name a stand-in as the source's `base_url`, or unset RTRADE_LOOPBACK",
            )
        if self.hosts and host_of(url) not in self.hosts:
            raise AddressRefused(
                f"a request to {place} was refused: it is not the source's `base_url`",
                hint="does the server at `base_url` send requests elsewhere?",
            )
