"""One request to an endpoint that speaks the OpenAI protocol: a reply, or why there is none.

The client does one attempt: its own retries are off. The body of a response is read as bytes, no
further than `MAX_BODY`, and taken apart here, so that nothing an endpoint says can raise anything
but the exceptions of this module. The key is taken out of whatever comes back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from rtrade.config.llm_definitions import LlmProviderDef
from rtrade.core.errors import LlmRefused
from rtrade.llm.answers import MAX_TEXT
from rtrade.llm.faults import Failed, FormRefused, Trouble
from rtrade.llm.limits import retry_after
from rtrade.llm.replies import Message, Reply, Request, Rung, redacted

if TYPE_CHECKING:
    import httpx2
    from openai import APIConnectionError, APIStatusError, AsyncOpenAI

MAX_BODY = 4 * 1024 * 1024
# The client's own timeout comes first, since it closes the connection in order; it begins anew
# with every byte, though, so that only the outer one ends what drips.
_SOONER = 0.95
_PASSING_STATUS = (408, 409, 425, 429)
_FORM_WORDS = ("response_format", "json_schema", "json_object", "schema", "structured")
# They log whole headers at level debug, and an endpoint may echo the key in one.
_TALKATIVE = ("openai", "httpcore2")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DEMAND = "Answer with one JSON object, and nothing else, that follows this JSON Schema: "


@dataclass(frozen=True)
class Access:
    """How to reach a provider: address (None: OpenAI's own), key ("": none), what runs the model.

    `weights` names weights and engine of a local model. With `loopback_only` no other host is
    spoken to.
    """

    base_url: str | None
    api_key: str
    weights: str | None = None
    loopback_only: bool = False

    def __repr__(self) -> str:
        return f"Access({self.base_url!r})"


class Endpoint:
    """A provider that is open for requests, in the event loop that it is first used in."""

    def __init__(self, provider: LlmProviderDef, access: Access) -> None:
        self.provider = provider
        self.access = access
        self.rungs: tuple[Rung, ...] = (
            ("grammar",) if provider.engine == "local" else ("json_schema", "json_object")
        )
        self._client: AsyncOpenAI | None = None

    async def send(
        self, request: Request, messages: Sequence[Message], rung: Rung, timeout: float
    ) -> Reply:
        """Send one request and return the reply; `messages` may go on from those of the request.

        Raises Failed, FormRefused where the endpoint does not take `rung`, and LlmRefused for
        what no repetition mends: a key, an address or a model that is wrong.
        """
        import openai

        client = self.open()
        parameters = self._parameters(request, messages, rung)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                raw = await client.chat.completions.with_raw_response.create(
                    **parameters, timeout=_SOONER * timeout
                )
            body = raw.http_response.content
        except (TimeoutError, openai.APITimeoutError):
            raise Failed(Trouble.TIMEOUT, f"no reply within {timeout:.3g} s") from None
        except openai.APIConnectionError as fault:
            self._unreachable(fault)
        except openai.APIStatusError as fault:
            self._refused(fault, rung)
        except _Unreadable as fault:
            raise Failed(fault.trouble, str(fault)) from None
        except LlmRefused:
            raise
        except Exception as fault:  # noqa: BLE001  whatever a transport raises is no reply, and said
            said = self._said(f"{type(fault).__name__}: {fault}")
            raise Failed(Trouble.MALFORMED, said) from None
        latency = round(1000 * (time.monotonic() - begun))
        reply = read_reply(body, raw.headers.get("x-request-id") or "", rung, latency)
        return reply.without(self.access.api_key)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def open(self) -> AsyncOpenAI:
        """Return the client; loading it takes a moment that belongs to no request."""
        import openai

        if self._client is not None:
            return self._client

        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        address = self.access.base_url
        local = address is not None and urlsplit(address).hostname in _LOOPBACK
        http_client = openai.DefaultAsyncHttpxClient(
            event_hooks={"request": [self._check_host], "response": [_bounded]},
            # A proxy of the environment knows nothing of this machine's own ports.
            trust_env=not local,
        )
        self._client = openai.AsyncOpenAI(
            base_url=address or "https://api.openai.com/v1",
            # The client insists on one; a server without keys does not look at it.
            api_key=self.access.api_key or "none",
            max_retries=0,
            timeout=None,
            default_headers={"Accept-Encoding": "identity"},
            http_client=http_client,
        )
        return self._client

    async def _check_host(self, request: httpx2.Request) -> None:
        if self.access.loopback_only and request.url.host not in _LOOPBACK:
            raise LlmRefused(
                f"`{self.provider.name}` is at {request.url.host}, and only this machine may be "
                "spoken to",
                hint="unset RTRADE_LOOPBACK",
            )

    def _parameters(
        self, request: Request, messages: Sequence[Message], rung: Rung
    ) -> dict[str, Any]:
        schema = json.loads(request.schema)
        shown = [{"role": one.role, "content": one.content} for one in messages]
        sampling = dict(request.sampling)
        if self.access.base_url is None and "max_tokens" in sampling:
            sampling["max_completion_tokens"] = sampling.pop("max_tokens")
        found: dict[str, Any] = {"model": request.model, "messages": shown, **sampling}
        match rung:
            case "grammar":
                compact = {**schema, "x-guidance": {"whitespace_flexible": False}}
                grammar = f"%llguidance {{}}\nstart: %json {json.dumps(compact)}"
                # What is left in the engine of earlier prompts can change a result.
                found["extra_body"] = {"grammar": grammar, "cache_prompt": False}
            case "json_schema":
                demanded = {"name": "answer", "strict": True, "schema": schema}
                found["response_format"] = {"type": "json_schema", "json_schema": demanded}
            case "json_object":
                found["response_format"] = {"type": "json_object"}
                shown.insert(0, {"role": "system", "content": _DEMAND + request.schema})
        return found

    def _unreachable(self, fault: APIConnectionError) -> NoReturn:
        reason = str(fault.__cause__ or fault) or type(fault.__cause__).__name__
        raise Failed(Trouble.UNREACHABLE, self._said(reason)) from None

    def _refused(self, fault: APIStatusError, rung: Rung) -> NoReturn:
        status, said = fault.status_code, self._said(fault.message)
        code = fault.code if isinstance(fault.code, str) else ""
        if status >= 500:
            wish = retry_after(fault.response.headers.get("retry-after"), time.time())
            raise Failed(Trouble.SERVER_ERROR, f"status {status}: {said}", wish) from None
        if status in _PASSING_STATUS and code != "insufficient_quota":
            wish = retry_after(fault.response.headers.get("retry-after"), time.time())
            trouble = Trouble.RATE_LIMITED if status == 429 else Trouble.SERVER_ERROR
            raise Failed(trouble, f"status {status}: {said}", wish) from None
        if status in (400, 415, 422) and any(word in said.lower() for word in _FORM_WORDS):
            raise FormRefused(f"`{rung}`: {said}") from None
        raise LlmRefused(
            f"`{self.provider.name}` refuses the request with status {status}: {said}",
            hint=_hint(status, code),
        ) from None

    def _said(self, text: str) -> str:
        return redacted(text, self.access.api_key)[:300]


def _hint(status: int, code: str) -> str:
    if code == "insufficient_quota":
        return "the account has nothing left to spend: see the provider's billing page"
    match status:
        case 401 | 403:
            return "check the key that `api_key` of the source names, and what it may do"
        case 404 | 405:
            return "check `model` and `base_url` of the source"
        case 413:
            return "the prompt is too long for this endpoint: show fewer bars"
        case _:
            return "check the source's `model` and sampling, and the length of the prompt"


class _Unreadable(Exception):
    """A response whose body is not read on."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble


async def _bounded(response: httpx2.Response) -> None:
    """Refuse a compressed body, and stop reading one that is too long."""
    import httpx2

    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise _Unreadable(Trouble.MALFORMED, f"the response is compressed ({coding[:20]})")
    given = response.stream
    assert isinstance(given, httpx2.AsyncByteStream)
    stream: httpx2.AsyncByteStream = given

    class Counted(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            length = 0
            async for part in stream:
                length += len(part)
                if length > MAX_BODY:
                    raise _Unreadable(
                        Trouble.OVERSIZED, f"the response is longer than {MAX_BODY:,} bytes"
                    )
                yield part

        async def aclose(self) -> None:
            await stream.aclose()

    response.stream = Counted()


def read_reply(body: bytes, request_id: str, rung: Rung, latency: int) -> Reply:
    """Return the reply that the body of a response holds; raise Failed where it holds none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Failed(Trouble.MALFORMED, "the response is not JSON") from None
    choice = _first(found.get("choices") if isinstance(found, dict) else None)
    message = choice.get("message") if choice is not None else None
    if choice is None or not isinstance(message, dict):
        raise Failed(Trouble.MALFORMED, "the response holds no choice")
    text, refusal = message.get("content"), message.get("refusal")
    if not isinstance(text, str | None) or not isinstance(refusal, str | None):
        raise Failed(Trouble.MALFORMED, "the response holds no text")
    finish, cut = choice.get("finish_reason"), text is not None and len(text) > MAX_TEXT
    usage = found.get("usage")
    return Reply(
        text=text[:MAX_TEXT] if text is not None else None,
        finish="oversized" if cut else finish if isinstance(finish, str) else "",
        refusal=None if refusal is None else refusal[:1000],
        model=str(found.get("model") or "")[:200],
        request_id=request_id[:200],
        rung=rung,
        prompt_tokens=_count(usage, "prompt_tokens"),
        cached_tokens=_count(_inner(usage, "prompt_tokens_details"), "cached_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        latency=latency,
    )


def _first(choices: Any) -> dict[str, Any] | None:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return None


def _inner(mapping: Any, key: str) -> Any:
    return mapping.get(key) if isinstance(mapping, dict) else None


def _count(mapping: Any, key: str) -> int:
    value = _inner(mapping, key)
    return value if type(value) is int and 0 <= value < 10**9 else 0
