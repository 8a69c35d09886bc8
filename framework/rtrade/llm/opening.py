"""Open a provider: the local model is started, an endpoint is given the key of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rtrade.config.llm_definitions import LlmProviderDef
from rtrade.core.errors import LlmRefused
from rtrade.llm.endpoint import Access, Endpoint

# The client's own name for its key, and the one that this project uses.
_SAME = {"OPENAI_KEY": "OPENAI_API_KEY", "OPENAI_API_KEY": "OPENAI_KEY"}


@contextmanager
def open_endpoint(
    provider: LlmProviderDef, environ: Mapping[str, str], *, loopback_only: bool = False
) -> Iterator[Endpoint]:
    """Yield a provider that is open for requests; what was started for it stops at the end.

    `environ` holds the value of the variable that `api_key` names (OPENAI_KEY and OPENAI_API_KEY
    stand for each other). Raises LlmRefused for a key that is missing or cannot be one, and
    LlmNotInstalled where the local model is not there.
    """
    if provider.engine == "local":
        from rtrade.llm.local import local_model

        with local_model(provider.threads) as access:
            yield Endpoint(provider, access)
        return
    access = Access(provider.base_url, _key(provider, environ), loopback_only=loopback_only)
    yield Endpoint(provider, access)


def _key(provider: LlmProviderDef, environ: Mapping[str, str]) -> str:
    name = provider.api_key
    if name is None:
        return ""
    key = (environ.get(name) or environ.get(_SAME.get(name, ""), "")).strip()
    if not key:
        raise LlmRefused(
            f"`{provider.name}` needs a key, and {name} is not set",
            hint=f"set {name} in the environment or in `.env` of the workspace, or use "
            "`local_llm`, which needs none",
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise LlmRefused(
            f"{name} holds no key: it has characters that no key has",
            hint="copy the key again, without quotes or line breaks",
        )
    return key
