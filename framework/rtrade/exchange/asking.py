"""Ask an exchange once more where that helps, and say in our own words where it does not."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rtrade.core.errors import (
    ExchangeBusy,
    ExchangeDenied,
    ExchangeError,
    ExchangeUnreachable,
    MalformedAnswer,
    UnknownMarket,
)
from rtrade.exchange.binding import Keys
from rtrade.exchange.library import ccxt
from rtrade.exchange.pace import REAL, Pace

Answer = TypeVar("Answer")

_log = logging.getLogger("rtrade.exchange")

# A request is sent this often at most; where nothing listens at all, fewer times.
ATTEMPTS, UNANSWERED_ATTEMPTS = 8, 5
# The most seconds between two attempts, and of a whole call with its waits.
LONGEST_PAUSE, DEADLINE = 20.0, 300.0
_SHOWN = 200
_LONGEST_CHAIN = 20
_STUMBLES = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Asker:
    """Asks an exchange, called `name` in messages."""

    name: str
    keys: Keys = field(default_factory=Keys)
    pace: Pace = REAL

    def ask(self, what: str, request: Callable[[], Any], decode: Callable[[Any], Answer]) -> Answer:
        """Return the decoded answer to `request`; what failed for now is asked for again.

        Attempts are spread by full jitter, up to LONGEST_PAUSE seconds apart. Raises an
        ExchangeError: what was asked for (`what`) is part of its message.
        """
        from tenacity import RetryError, Retrying, retry_if_exception, wait_random_exponential

        begun = self.pace.now()

        def tired(state: Any) -> bool:
            fault = state.outcome.exception()
            most = UNANSWERED_ATTEMPTS if _nobody_listens(fault) else ATTEMPTS
            return state.attempt_number >= most or self.pace.now() - begun >= DEADLINE

        retrying = Retrying(
            retry=retry_if_exception(_passing),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE),
            stop=tired,
            sleep=self.pace.sleep,
            before_sleep=lambda state: _tell(what, state),
        )
        try:
            return retrying(lambda: decode(_sent(request)))
        except RetryError as tries:
            fault = tries.last_attempt.exception()
            attempts = tries.last_attempt.attempt_number
            raise self._translated(what, fault, attempts) from None
        except ccxt().BaseError as fault:
            raise self._translated(what, fault, 1) from None

    def _translated(self, what: str, fault: BaseException | None, attempts: int) -> ExchangeError:
        times = f" ({attempts} attempts)" if attempts > 1 else ""
        if isinstance(fault, ExchangeError):
            said = f"{self.name}: {what}: {fault.message}{times}"
            hint = fault.hint or "try again later; does another server answer at this address?"
            return type(fault)(said, hint=hint)
        kind, words, hint = _meaning(fault)
        detail = self.keys.hidden(words or _excerpt(fault))
        return kind(f"{self.name}: {what}: {detail}{times}", hint=hint)


def _tell(what: str, state: Any) -> None:
    fields = {
        "what": what,
        "attempt": state.attempt_number,
        "reason": type(state.outcome.exception()).__name__,
        "pause": round(state.next_action.sleep, 2),
    }
    _log.info("asking an exchange again", extra=fields)


def _sent(request: Callable[[], Any]) -> Any:
    """Send a request; ccxt's own stumbling over an answer is the answer's fault."""
    try:
        return request()
    except _STUMBLES as fault:
        raise MalformedAnswer(f"ccxt cannot read the answer ({type(fault).__name__})") from fault


def _passing(fault: BaseException | None) -> bool:
    """Whether the same request may well succeed later."""
    library = ccxt()
    # An error that ccxt has no class for: an answer cut off, an error inside a 200.
    return isinstance(fault, library.OperationFailed | MalformedAnswer) or (
        type(fault) is library.ExchangeError
    )


def _meaning(fault: BaseException | None) -> tuple[type[ExchangeError], str, str]:
    """Return what a fault of ccxt is to us, in words ("" = the exchange's own), and a way out."""
    library = ccxt()
    again = "try again later; what was fetched is kept"
    if isinstance(fault, library.AuthenticationError):
        return ExchangeDenied, "", "check `api_key` and `secret`, and what they are allowed to do"
    if isinstance(fault, library.InvalidNonce):
        return ExchangeDenied, "", "is the clock of this machine right?"
    if isinstance(fault, library.DDoSProtection | library.RateLimitExceeded):
        return ExchangeBusy, "it refuses further requests for now", "use a lower `rate:`"
    if isinstance(fault, library.BadSymbol):
        return UnknownMarket, "", "write the symbol as ccxt does, such as `BTC/USDT`"
    if isinstance(fault, library.NetworkError):
        if (reason := _reason(fault)) is not None:
            return ExchangeUnreachable, reason, "is the network up, and `base_url` right?"
        return ExchangeUnreachable, "", again
    if isinstance(fault, library.NotSupported):
        return ExchangeError, "", "this exchange does not offer it"
    return ExchangeError, "", again


def _excerpt(fault: BaseException | None) -> str:
    """Return what the exchange said: no parameters of addresses, no markup, nothing unprintable."""
    words = [word.partition("?")[0] if "://" in word else word for word in str(fault).split()]
    plain, markup, _ = " ".join(words).partition("<")
    text = "".join(one if one.isprintable() else "?" for one in plain)
    whole = len(text) <= _SHOWN and not markup
    return text if whole else text[:_SHOWN].rstrip() + "…"


def _chain(fault: BaseException | None) -> list[BaseException]:
    """Return a fault and all that caused it, those that requests keeps as arguments too."""
    found: list[BaseException] = []
    waiting: list[Any] = [fault]
    while waiting and len(found) < _LONGEST_CHAIN:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and not any(one is known for known in found):
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _nobody_listens(fault: BaseException | None) -> bool:
    chain = _chain(fault)
    return any(isinstance(one, ConnectionRefusedError | socket.gaierror) for one in chain)


def _reason(fault: BaseException) -> str | None:
    """Return in words what failed on the way to the exchange, None where it was further on."""
    chain = _chain(fault)
    names = {type(one).__name__ for one in chain}
    if any(isinstance(one, socket.gaierror) for one in chain):
        return "its name has no address (DNS)"
    if any(isinstance(one, ConnectionRefusedError) for one in chain):
        return "the connection was refused"
    if names & {"SSLError", "SSLCertVerificationError"}:
        return "no safe connection could be made (TLS)"
    if names & {"RequestTimeout", "ReadTimeout", "ConnectTimeout", "ReadTimeoutError"}:
        return "there was no answer in time"
    if "ConnectionError" in names or "ConnectionResetError" in names:
        return "the connection was lost"
    return None
