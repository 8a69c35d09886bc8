"""Answers that are broken on purpose: refusals, error pages, bodies that end in the middle."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

from rtrade.testing.answers import Answer, dump, too_much
from rtrade.testing.faults import Fault
from rtrade.testing.limits import Limits

if TYPE_CHECKING:
    from aiohttp import web

_HTML = "text/html"
_BLOCKED = b"""<!DOCTYPE html>
<html><head><title>ERROR: The request could not be satisfied</title></head>
<body><h1>403 ERROR</h1><h2>The request could not be satisfied.</h2>
<hr>Request blocked. We can't connect to the server for this app or website at this time.
</body></html>
"""
_WORDS = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1003: "Too many requests queued.",
    -1008: "Server is currently overloaded with other requests. Please try again in a few minutes.",
}
_TITLES = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}


def misanswer(fault: Fault, true: Answer, limits: Limits) -> Answer:
    """Return what is sent instead of the true answer; the connection is somebody else's matter."""
    if fault.kind == "rate_limit":
        return too_much(limits.back_off(_ms(fault)), true.headers, true.weight)
    if fault.kind == "ban":
        return too_much(limits.ban(_ms(fault)), true.headers, true.weight)
    if fault.kind == "server_error":
        return _server_error(fault["status"], true)
    if fault.kind == "error_body":
        code = fault["code"]
        body = dump({"code": code, "msg": _WORDS.get(code, _WORDS[-1000])})
        return Answer(200, body, true.headers, weight=true.weight)
    if fault.kind == "blocked":
        return Answer(403, _BLOCKED, true.headers, _HTML, true.weight)
    if fault.kind == "truncated_gzip":
        packed = gzip.compress(true.body, 1)
        headers = {**true.headers, "Content-Encoding": "gzip"}
        return Answer(true.status, packed[: len(packed) // 2], headers, true.kind, true.weight)
    if fault.kind == "malformed_json":
        half = true.body[: max(1, len(true.body) // 2)]
        return Answer(200, half, true.headers, true.kind, true.weight)
    return true


def _server_error(status: int, true: Answer) -> Answer:
    if status in _TITLES:
        title = f"{status} {_TITLES[status]}"
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        return Answer(status, page.encode(), true.headers, _HTML, true.weight)
    body = dump({"code": -1001, "msg": _WORDS[-1001]})
    return Answer(status, body, true.headers, weight=true.weight)


def _ms(fault: Fault) -> int:
    seconds: float = fault["seconds"]
    return round(seconds * 1000)


async def send(request: web.BaseRequest, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    """Send an answer, late or only half of it where the fault says so."""
    from aiohttp import web

    headers = {"Content-Type": answer.kind, **answer.headers}
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault["seconds"])
    if fault is None or fault.kind != "dropped":
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def torn_frame(data: bytes) -> bytes:
    """Return the beginning of a WebSocket text frame that announces more than it brings."""
    # A final text frame (0x81) of a length that takes two bytes (126).
    length = max(len(data), 126)
    return b"\x81\x7e" + min(length, 65_535).to_bytes(2, "big") + data[: length // 2]
