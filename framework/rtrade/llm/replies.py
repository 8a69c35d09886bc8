"""What is asked of a model and what comes back, as plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

# Changes where equal requests would no longer be answered alike; part of every key.
FORMAT = 1
_SHORTEST_SECRET = 8

Role = Literal["system", "user", "assistant"]
Rung = Literal["grammar", "json_schema", "json_object"]


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Request:
    """Everything that decides what a model answers.

    `weights` says which weights and engine, where that is known (the local model). `schema` is
    the JSON Schema of the answer as text, `sampling` the parameters that are sent, by name.
    `vote` tells requests apart that are equal otherwise. Address, key, timeouts, run and the name
    of the template are no part of it.
    """

    model: str
    messages: tuple[Message, ...]
    schema: str
    sampling: tuple[tuple[str, float | int], ...] = ()
    weights: str | None = None
    vote: int = 0

    @cached_property
    def canonical(self) -> bytes:
        """The request as JSON of one form: sorted keys, no white space, UTF-8."""
        document = {
            "format": FORMAT,
            "messages": [[message.role, message.content] for message in self.messages],
            "model": self.model,
            "sampling": dict(self.sampling),
            "schema": json.loads(self.schema),
            "vote": self.vote,
            "weights": self.weights,
        }
        return json.dumps(
            document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode("utf-8", "backslashreplace")

    @cached_property
    def key(self) -> str:
        """The sha256 (hex) of the canonical request: its name in the cache."""
        return hashlib.sha256(self.canonical).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What an endpoint replied to one request, before anybody judges it.

    `finish` is the endpoint's reason to stop (`stop`, `length`, `content_filter`, ...), or
    `oversized` where the text was longer than is read, and cut. `rung` is how the answer's form
    was demanded. Token counts are 0 where the endpoint does not tell; `latency` is in ms.
    """

    text: str | None
    finish: str = "stop"
    refusal: str | None = None
    model: str = ""
    request_id: str = ""
    rung: Rung = "json_schema"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    latency: int = 0

    def document(self) -> dict[str, Any]:
        """Return the reply as JSON-able data."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Reply:
        """Return the reply that `document` holds; raise ValueError where it holds none."""
        try:
            reply = cls(**document)
        except TypeError as fault:
            raise ValueError(str(fault)) from None
        for name, kind in _KINDS.items():
            if not isinstance(getattr(reply, name), kind):
                raise ValueError(f"`{name}` is of another type")  # noqa: TRY004  one error for all that is wrong
        return reply

    def without(self, secret: str) -> Reply:
        """Return the reply with a secret that the endpoint echoed blotted out."""
        return replace(
            self,
            text=None if self.text is None else redacted(self.text, secret),
            refusal=None if self.refusal is None else redacted(self.refusal, secret),
            finish=redacted(self.finish, secret),
            model=redacted(self.model, secret),
            request_id=redacted(self.request_id, secret),
        )


_KINDS: dict[str, Any] = {
    "text": str | None,
    "finish": str,
    "refusal": str | None,
    "model": str,
    "request_id": str,
    "rung": str,
    "prompt_tokens": int,
    "cached_tokens": int,
    "completion_tokens": int,
    "latency": int,
}


def redacted(text: str, secret: str) -> str:
    """Return `text` with every occurrence of `secret` blotted out.

    Servers without keys are given any word; a short one would blot out parts of answers.
    """
    return text.replace(secret, "[redacted]") if len(secret) >= _SHORTEST_SECRET else text
