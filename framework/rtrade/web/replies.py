"""Answers: JSON and tables, their tags, what caches may do with them, and gzip.

An entity tag is strong, so it names bytes: what is sent compressed has another one than what is
not, and either is known again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

from flask import Response, request

from rtrade.web.site import site

# What may change with the next request: kept, and asked about each time.
REVALIDATE = "private, no-cache"
# What never changes again, such as closed bars of a past range.
IMMUTABLE = "private, max-age=31536000, immutable"
# What is of this moment alone.
NOW = "no-store"

_GZIP = "-gzip"
# Below this many bytes, compressing gains no packet.
_WORTHWHILE = 1000
_COMPRESSIBLE = ("text/", "application/json", "application/problem+json", "image/svg+xml",
                 "application/javascript")  # fmt: skip
# Level 1 takes a third of the time of the default for a tenth more bytes.
_LEVEL = 1


def encode(document: Any) -> bytes:
    """Return a document as compact JSON; raise ValueError for a number that is not finite."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate out of a YAML escape stays the escape that it was.
    return text.encode(errors="backslashreplace")


def json_reply(
    document: Any, *, status: int = 200, cache: str = REVALIDATE, tag: str | None = None
) -> Response:
    """Return a JSON answer. `tag` names its bytes; None: a hash of them."""
    return data_reply(encode(document), "application/json", status=status, cache=cache, tag=tag)


def data_reply(
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    cache: str = REVALIDATE,
    tag: str | None = None,
) -> Response:
    """Return bytes as they are, with a strong tag and what caches may do with them."""
    response = Response(body, status, content_type=media_type)
    response.headers["Cache-Control"] = cache
    if cache != NOW and status == 200:
        response.set_etag(tag or tag_of(body))
    return response


def tag_of(*parts: bytes | str) -> str:
    """Return an entity tag made of everything that a body depends on, or of the body itself."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]


def unchanged(tag: str, cache: str = REVALIDATE) -> Response | None:
    """Return the answer 304 where the client has what `tag` names; None: it has to be made."""
    if request.method not in ("GET", "HEAD"):
        return None
    known = request.if_none_match
    for one in (tag, f"{tag}{_GZIP}"):
        if known.contains(one):
            response = Response(status=304)
            response.headers["Cache-Control"] = cache
            response.vary.add("Accept-Encoding")
            response.set_etag(one)
            return response
    return None


def finish(response: Response) -> Response:
    """Answer 304 where the client has it, and compress what is worth it: the last step of all."""
    tag, weak = response.get_etag()
    if tag is not None and not weak and response.status_code == 200:
        same = unchanged(tag, response.headers.get("Cache-Control", REVALIDATE))
        if same is not None:
            for name, value in response.headers.items():
                if name not in ("ETag", "Cache-Control", "Content-Length", "Content-Type", "Vary"):
                    same.headers.add(name, value)
            response = same
    return _compressed(_cleaned(response))


def _cleaned(response: Response) -> Response:
    """Take secrets out of what is said: the last net, below those who should not say them."""
    if response.is_streamed or response.direct_passthrough or response.status_code == 304:
        return response
    if (response.mimetype or "").startswith(_COMPRESSIBLE):
        data = response.get_data()
        if (cleaned := site().redact.cleaned(data)) is not data:
            response.set_data(cleaned)
    return response


def _compressed(response: Response) -> Response:
    if response.is_streamed or response.direct_passthrough or response.status_code == 304:
        return response
    if not (response.mimetype or "").startswith(_COMPRESSIBLE):
        return response
    response.vary.add("Accept-Encoding")
    length = response.content_length or 0
    fits = length >= _WORTHWHILE and "Content-Encoding" not in response.headers
    if not fits or request.accept_encodings["gzip"] <= 0:
        return response
    tag, _ = response.get_etag()
    # No clock in the header: equal bytes are to stay equal.
    response.set_data(gzip.compress(response.get_data(), _LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    if tag is not None:
        response.set_etag(f"{tag}{_GZIP}")
    return response
