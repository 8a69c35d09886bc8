"""Who may ask, and what a browser may do with the answers.

- The Host header must be one of the names of this server: a page of another site cannot reach a
  loopback address under a name of its own.
- With a token every request needs it, but for `/healthz` and the page that takes it: as
  `Authorization: Bearer`, or in the viewer's cookie, which holds a signature and not the token.
- What changes something must come from this site. A browser says where a request comes from
  (`Sec-Fetch-Site`, `Origin`); a form of the viewer also needs its cookie.
- There is no CORS. Every page has a policy that runs nothing but what its nonce names.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import string
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from rtrade.core.errors import UsageError
from rtrade.web.problems import Problem, wants_page

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
COOKIE = "rtrade_viewer"
# Bytes of a body, and of the line and headers of a request.
MOST_BODY = 600_000
MOST_HEADERS = 32_768
_LEAST_BITS = 128
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_OPEN = ("/healthz", "/login")
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase, "-_+/=.~")


def check_token(token: str) -> None:
    """Raise UsageError for a token that can be guessed, or cannot be sent."""
    advice = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    hint = f"make one with `{advice}` and set RTRADE_TOKEN to it"
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("RTRADE_TOKEN holds characters that no header can", hint=hint)
    # What a random text of these kinds of characters would hold at most; a word repeated holds
    # less, so distinct characters are asked for too.
    alphabet = 16 if set(token) <= set(string.hexdigits.lower()) else _alphabet(token)
    bits = len(token) * math.log2(max(alphabet, 2))
    if bits < _LEAST_BITS or len(set(token)) < 8:
        raise UsageError(f"RTRADE_TOKEN is too easy to guess: {_LEAST_BITS} bits are asked for",
                         hint=hint)  # fmt: skip


def _alphabet(token: str) -> int:
    return sum(len(kind) for kind in _KINDS if set(kind) & set(token)) or 2


class Doors:
    """Decides about requests: the names, the token and the cookies of a server.

    `secure` says that clients come by way of TLS.
    """

    def __init__(self, hosts: Iterable[str], token: str | None, *, secure: bool = False) -> None:
        if token is not None:
            check_token(token)
        self.hosts = frozenset(host.lower() for host in hosts)
        self.secure = secure
        self._token = None if token is None else token.encode()
        # Signatures outlive a restart only where a token does.
        self._key = secrets.token_bytes(32) if token is None else hashlib.sha256(
            b"rtrade viewer " + token.encode()
        ).digest()  # fmt: skip

    @property
    def guarded(self) -> bool:
        """Whether a token is asked for."""
        return self._token is not None

    def is_token(self, text: str) -> bool:
        """Tell whether `text` is the token, in a time that says nothing about it."""
        return self._token is not None and hmac.compare_digest(text.encode(), self._token)

    def cookie(self) -> str:
        """Return a new value of the viewer's cookie."""
        drawn = secrets.token_hex(16)
        return f"{drawn}.{self._signature(drawn)}"

    def is_cookie(self, text: str) -> bool:
        """Tell whether `text` is a value that this server gave out."""
        drawn, _, signature = text.partition(".")
        return hmac.compare_digest(signature.encode(), self._signature(drawn).encode())

    def _signature(self, drawn: str) -> str:
        return hmac.new(self._key, drawn.encode(), hashlib.sha256).hexdigest()

    def knows(self, host: str) -> bool:
        """Tell whether a Host header, with a port or without, names this server."""
        name = host.lower()
        if name.startswith("["):
            end = name.find("]")
            name, rest = name[: end + 1], name[end + 1 :]
        else:
            name, colon, port = name.partition(":")
            rest = colon + port
        return name in self.hosts and (rest == "" or (rest[0] == ":" and rest[1:].isdigit()))

    def is_same_site(self) -> bool | None:
        """Tell whether the request says that it comes from this site; None: it does not say."""
        fetched, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if fetched is None and origin is None:
            return None
        if fetched is not None and fetched not in ("same-origin", "none"):
            return False
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        scheme = "https" if self.secure else "http"
        return parts.scheme == scheme and parts.netloc.lower() == request.host.lower()


def register_security(app: Flask, doors: Doors) -> None:
    """Check every request to `app` at `doors`, and set what browsers may do with answers."""

    def enter() -> AnyResponse | None:
        g.nonce = secrets.token_urlsafe(16)
        if not doors.knows(request.headers.get("Host", "")):
            raise Problem(421, "misdirected-request", "the Host header names another server")
        by_cookie = doors.is_cookie(request.cookies.get(COOKIE, ""))
        by_token = doors.is_token(_bearer())
        if doors.guarded and not (by_cookie or by_token) and not _is_open():
            return _refused()
        if request.method in _CHANGING:
            _check_origin(doors, by_token=by_token, by_cookie=by_cookie)
        elif not by_token and _is_asked_within_a_page() and doors.is_same_site() is False:
            # It could not be read there, and may have an exchange asked.
            raise Problem(403, "forbidden", "the request comes from a page of another site")
        g.by_cookie, g.inside = by_cookie, not doors.guarded or by_cookie or by_token
        return None

    def leave(response: Response) -> Response:
        _set_policy(response)
        if response.mimetype == "text/html" and not doors.guarded and not g.get("by_cookie", True):
            give_cookie(response, doors)
        return response

    app.before_request(enter)
    app.after_request(leave)


def give_cookie(response: AnyResponse, doors: Doors) -> None:
    """Give the viewer's cookie to a browser."""
    response.set_cookie(COOKIE, doors.cookie(), httponly=True, samesite="Strict",
                        secure=doors.secure, path="/")  # fmt: skip


def _bearer() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _is_open() -> bool:
    return request.path in _OPEN or request.path.startswith("/static/")


def _is_asked_within_a_page() -> bool:
    """Tell whether data are asked for otherwise than by following a link."""
    followed = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return request.path.startswith("/api/") and not followed


def _refused() -> AnyResponse:
    if wants_page() and request.method in ("GET", "HEAD"):
        return redirect("/login", 303)
    raise Problem(
        401,
        "unauthorized",
        "a token is asked for",
        hint="send `Authorization: Bearer TOKEN` with the RTRADE_TOKEN of the server",
        headers={"WWW-Authenticate": 'Bearer realm="rtrade"'},
    )


def _check_origin(doors: Doors, *, by_token: bool, by_cookie: bool) -> None:
    same = doors.is_same_site()
    if same is False:
        raise Problem(403, "forbidden", "the request comes from another site")
    if by_token:
        return
    if request.path.startswith("/api/"):
        # Without a token, a program of this machine; with one, the viewer by its cookie.
        if same is None and doors.guarded:
            raise Problem(403, "forbidden", "the request does not say which site it comes from")
    elif request.path != "/login" and not (same and by_cookie):
        raise Problem(
            403,
            "forbidden",
            "the request does not come from a page of this server",
            hint="open the page again, with cookies allowed",
        )


def _set_policy(response: Response) -> None:
    headers = response.headers
    nonce = f"'nonce-{g.nonce}'" if "nonce" in g else "'none'"
    # A page may name style sheets by their hashes, which a library of its sets.
    styles = " ".join((nonce, *g.get("styles", ())))
    page = (
        "default-src 'none'; "
        f"script-src {nonce}; style-src {styles}; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    headers.setdefault(
        "Content-Security-Policy", page if response.mimetype == "text/html" else nothing
    )
    headers.setdefault("X-Frame-Options", "DENY")
    headers["X-Content-Type-Options"] = "nosniff"
    # Not `no-referrer`: with it, browsers send `Origin: null` with the viewer's own forms.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
