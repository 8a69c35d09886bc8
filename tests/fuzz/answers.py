"""What must hold of any answer of an exchange: it is decoded, or refused by MalformedAnswer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from exchange.test_decoding import AGG, DEPTH, H1, KLINE, ROW, TRADE, WINDOW
from rtrade.core.errors import MalformedAnswer
from rtrade.exchange import decoding
from rtrade.exchange.rows import check
from rtrade.exchange.streams import decode_message

BOOK = {"bids": [["9", "1"]], "asks": [["10", "2"]], "timestamp": None, "nonce": 3}
UNIFIED = {"id": "7", "timestamp": 5, "price": 2.5, "amount": 0.01, "side": "sell"}
TICKER = {"timestamp": 5, "last": 2.5, "bid": 2.4, "ask": None, "baseVolume": 3}
FUNDING = {"timestamp": 5, "fundingRate": 1e-4}

ANSWERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "klines": (decoding.decode_klines, [ROW]),
    "ohlcv": (decoding.decode_ohlcv, [[5, 1.0, 2.0, 0.5, 1.0, None]]),
    "agg_trades": (decoding.decode_agg_trades, [TRADE]),
    "trades": (decoding.decode_trades, [UNIFIED]),
    "book": (decoding.decode_book, BOOK),
    "ticker": (decoding.decode_ticker, TICKER),
    "funding": (decoding.decode_funding, [FUNDING]),
    "time": (decoding.decode_time, 5),
}
MESSAGES = [
    json.dumps(one) for one in (
        KLINE, AGG, {**AGG, "e": "trade", "t": 1}, DEPTH, {"result": None, "id": 1},
        {"stream": "a@b", "data": DEPTH}, {"error": {"code": 1, "msg": "x"}, "id": 1},
    )
]  # fmt: skip
BODIES = [json.dumps(answer) for _, answer in ANSWERS.values()]

_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["1", "1.5", "nan", "-inf", "1e999", "9" * 40, "", "0x1", "1_0", 2**63, -1]),
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6), st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def decodes(name: str, answer: Any) -> bool:
    """Decode an answer; return whether it was taken. What is taken is finite and checked."""
    decode, _ = ANSWERS[name]
    try:
        found = decode(answer)
        if name in ("klines", "ohlcv"):
            assert np.isfinite(found.values).all()
            check(found, H1, WINDOW)
    except MalformedAnswer:
        return False
    return True


def decodes_body(text: str) -> bool:
    """Decode a text as each kind of answer."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return False
    taken = [decodes(name, answer) for name in ANSWERS]
    return any(taken)


def decodes_message(text: str) -> bool:
    """Decode a text as a message of a stream."""
    try:
        decode_message(text)
    except MalformedAnswer:
        return False
    return True


def _replaced(answer: Any, draw: Any) -> Any:
    """Return an answer with one part of it replaced by something else."""
    if draw(st.integers(0, 3)) == 0:
        return draw(_JSON)
    if isinstance(answer, list) and answer:
        at = draw(st.integers(0, len(answer) - 1))
        return [*answer[:at], _replaced(answer[at], draw), *answer[at + 1 :]]
    if isinstance(answer, dict) and answer:
        key = draw(st.sampled_from(sorted(answer)))
        return {**answer, key: _replaced(answer[key], draw)}
    return draw(_SCALARS)


@st.composite
def changed_answers(draw: Any) -> tuple[str, Any]:
    """Draw a kind of answer, and one of that kind with parts replaced."""
    name = draw(st.sampled_from(sorted(ANSWERS)))
    return name, _replaced(ANSWERS[name][1], draw)


@st.composite
def changed_messages(draw: Any) -> str:
    """Draw a message of a stream with parts replaced."""
    return json.dumps(_replaced(json.loads(draw(st.sampled_from(MESSAGES))), draw))
