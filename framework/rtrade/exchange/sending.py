"""The session that ccxt sends through: addresses guarded, answers bounded in time and size."""

from __future__ import annotations

import time
from typing import Any

from rtrade.exchange.addresses import Guard

# How long an answer may take, and how large it may be once unpacked.
DEADLINE = 30.0
MAX_BYTES = 128 << 20
_CHUNK = 1 << 16


def make_session(guard: Guard) -> Any:
    """Return a `requests.Session` that asks `guard` before every request, redirected ones too.

    It reads no proxies from the environment, and keeps connections open.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        # The parameters are those of requests.
        def send(self, request: Any, stream: Any = False, *args: Any, **given: Any) -> Any:  # noqa: FBT002
            guard.check(request.url)
            response: Any = super().send(request, True, *args, **given)  # noqa: FBT003
            if not stream:
                # What requests itself would set, had it read the body.
                response._content = _read(response)  # noqa: SLF001
                response._content_consumed = True  # noqa: SLF001
            return response

    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter(pool_connections=4, pool_maxsize=4))
    return session


def _read(response: Any) -> bytes:
    """Read a whole body piece by piece: a server that drips is as dead as a silent one."""
    from requests import exceptions
    from urllib3 import exceptions as urllib3

    begun, size, parts = time.monotonic(), 0, []
    try:
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise exceptions.ContentDecodingError(f"an answer of over {MAX_BYTES:,} bytes")
            if time.monotonic() - begun > DEADLINE:
                raise exceptions.ReadTimeout(f"the answer took longer than {DEADLINE:.0f} s")
    except urllib3.DecodeError as fault:
        raise exceptions.ContentDecodingError(fault) from fault
    except urllib3.ReadTimeoutError as fault:
        raise exceptions.ReadTimeout(fault) from fault
    except urllib3.HTTPError as fault:
        raise exceptions.ConnectionError("Connection broken: the answer was cut off") from fault
    except BaseException:
        response.close()
        raise
    return b"".join(parts)
