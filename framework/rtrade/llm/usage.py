"""What asking costs: tokens, money, and the counters of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rtrade.config.llm_definitions import PricesDef
from rtrade.llm.replies import Message, Reply

# Of text in general, a token is some four bytes; figures and short words take more of them.
_BYTES_PER_TOKEN = 3
# What a chat template adds to each message.
_PER_MESSAGE = 8
_MILLION = 1_000_000


@dataclass
class Counters:
    """What one execution has done.

    `decisions` are decision points; `calls` requests sent, repairs and retries included; `cached`
    points whose answers were all stored already; `invalid` replies that failed validation,
    repaired or not; `abstained` points without a valid answer in the end. Tokens and `cost_usd`
    are those of the calls; the cost is None where the prices are not known.
    """

    decisions: int = 0
    calls: int = 0
    cached: int = 0
    abstained: int = 0
    invalid: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True)
class Estimate:
    """What asking will take, before the first call.

    `requests` are those that are not stored. At most, each is sent `attempts` times and repaired
    once; tokens and money are counted for a first answer and a repair, both of greatest length.
    `usd` is None where the prices are not known.
    """

    decisions: int
    cached: int
    requests: int
    calls: int
    tokens: int
    usd: float | None


def cost_of(reply: Reply, prices: PricesDef | None) -> float | None:
    """Return what a reply cost in US dollars, or None where the prices are not known."""
    if prices is None:
        return None
    cached = min(reply.cached_tokens, reply.prompt_tokens)
    return (
        (reply.prompt_tokens - cached) * prices.input
        + cached * prices.cached
        + reply.completion_tokens * prices.output
    ) / _MILLION


def price_of(prompt: int, completion: int, prices: PricesDef | None) -> float:
    """Return what so many tokens cost uncached in US dollars; 0 where prices are not known."""
    if prices is None:
        return 0.0
    return (prompt * prices.input + completion * prices.output) / _MILLION


def estimated_tokens(messages: Iterable[Message], extra: str = "") -> int:
    """Return about how many tokens a prompt has, rather too many than too few."""
    return sum(
        len(message.content.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + _PER_MESSAGE
        for message in (*messages, Message("user", extra))
    )
