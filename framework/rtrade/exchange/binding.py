"""An exchange of ccxt, bound to our limiter, our addresses and our session."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtrade.config.definitions import ExchangeDef
from rtrade.exchange.addresses import Guard, redirected
from rtrade.exchange.library import exchange_class
from rtrade.exchange.limiter import Limiter
from rtrade.exchange.sending import make_session

# Weight per unit of ccxt's cost, for exchanges whose weights are known and counted in headers.
WEIGHT_PER_COST = {"binance": 5.0}
USED_WEIGHT = "x-mbx-used-weight-1m"
TIMEOUT_MS = 10_000

_BAN_END = re.compile(r"banned until (\d{12,15})")


@dataclass(frozen=True, repr=False)
class Keys:
    """Credentials; they have no repr, so that they are never shown."""

    api_key: str | None = None
    secret: str | None = None

    def hidden(self, text: str) -> str:
        """Return a text with every credential in it replaced."""
        for value in (self.api_key, self.secret):
            if value:
                text = text.replace(value, "[hidden]")
        return text


def bind(exchange: ExchangeDef, keys: Keys, limiter: Limiter, guard: Guard) -> Any:
    """Return an instance of ccxt's class that sends by our rules; for one thread only."""
    base = exchange_class(exchange.id)
    config: dict[str, Any] = {
        "enableRateLimit": True,
        "timeout": TIMEOUT_MS,
        "session": make_session(guard),
        # ccxt logs the headers of requests, keys among them; this logger is nobody's child.
        "logger": logging.Logger("ccxt", logging.CRITICAL + 1),
        "apiKey": keys.api_key or "",
        "secret": keys.secret or "",
        "options": _options(exchange.id),
    }
    made = type(base.__name__, (base,), _overrides(base, exchange, limiter))(config)
    if exchange.base_url is not None:
        made.originalUrls = made.urls
        made.urls = redirected(made.urls, exchange.base_url, exchange.ws_url)
    return made


def _options(exchange: str) -> Mapping[str, Any]:
    if exchange != "binance":
        return {}
    # Otherwise loading markets asks signed endpoints and those of futures as well.
    return {
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "defaultType": "spot",
        "adjustForTimeDifference": False,
    }


def _overrides(base: Any, exchange: ExchangeDef, limiter: Limiter) -> dict[str, Any]:
    factor = WEIGHT_PER_COST.get(exchange.id, 1.0)

    def throttle(_: Any, cost: float | None = None) -> None:
        units = 1.0 if cost is None else float(cost)
        limiter.acquire(units * factor, units)

    def on_rest_response(self: Any, code: Any, *given: Any) -> Any:
        headers, body = given[3], given[4]
        note_answer(limiter, int(code), headers, str(body))
        return base.on_rest_response(self, code, *given)

    def get_exceptions_by_url(self: Any, url: Any, kind: Any) -> Any:
        return base.get_exceptions_by_url(self, _original(self, url), kind)

    overrides: dict[str, Any] = {"throttle": throttle, "on_rest_response": on_rest_response}
    if hasattr(base, "get_exceptions_by_url"):
        overrides["get_exceptions_by_url"] = get_exceptions_by_url
    return overrides


def _original(exchange: Any, url: Any) -> Any:
    """Return the exchange's own address of a request, which ccxt knows its error codes by."""
    before = getattr(exchange, "originalUrls", None)
    if before is None or not isinstance(url, str):
        return url
    known = exchange.urls["api"]
    for name, address in known.items() if isinstance(known, dict) else ():
        if isinstance(address, str) and url.startswith(address + "/"):
            return before["api"][name] + url.removeprefix(address)
    return url


def note_answer(limiter: Limiter, status: int, headers: Mapping[str, str], body: str) -> None:
    """Tell the limiter what an answer says about limits: counted weight, refusals, bans."""
    found = {str(name).lower(): str(value) for name, value in headers.items()}
    used = found.get(USED_WEIGHT, "")
    if used.isascii() and used.isdigit():
        limiter.counted(float(used), 60.0)
    if status in (418, 429):
        end = _BAN_END.search(body)
        limiter.refused(
            retry_after(found.get("retry-after")),
            banned=status == 418,
            until=None if end is None else int(end[1]),
        )


def retry_after(given: str | None) -> float | None:
    """Return the seconds that `Retry-After` asks to wait; None where it says nothing usable.

    A date is counted from the local clock (RFC 9110, section 10.2.3).
    """
    if given is None:
        return None
    text = given.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError, TypeError):
        return None
