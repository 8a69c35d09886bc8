"""How markets are spelled in addresses, and which source is asked.

A symbol holds a slash, which has a meaning of its own in an address. `BTC-USDT` and `BTC/USDT`
(also as `BTC%2FUSDT`) are the same market, `BTC-USDT:USDT` is its perpetual.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rtrade.config.formats import FORMATS, SOURCE, SYMBOL
from rtrade.web.parameters import Param, text

_SLASH = FORMATS[SYMBOL].pattern or ""
_PATTERN = _SLASH.replace("/", "[/-]")
_LONGEST = 46
# The base takes all but the last part: a quote has no dash.
_PARTS = re.compile(r"(.+)[/-]([A-Z][A-Z0-9]+(?::[A-Z0-9]+)?)")
# As Binance writes them: a base and a quote of three characters or more, put together. A quote
# begins with a letter, so digits alone are no market.
_PLAIN = rf"{_PATTERN}|[A-Z0-9]{{1,20}}[A-Z][A-Z0-9]{{2,11}}"


def _slashed(given: str) -> str:
    found = _PARTS.fullmatch(given)
    return given if found is None else f"{found[1]}/{found[2]}"


def market(*, required: bool = True) -> Param:
    """Return the parameter `symbol`; its value is spelled as ccxt does."""
    doc = "A market: BTC-USDT, BTC/USDT or BTC%2FUSDT; a perpetual is BTC-USDT:USDT."
    return _symbol(doc, _PATTERN, "`BTC-USDT`", required=required)


def plain_market(*, required: bool = True) -> Param:
    """Return the parameter `symbol` where BTCUSDT is understood too; a value may be that."""
    doc = "A market: BTCUSDT, BTC-USDT or BTC/USDT."
    return _symbol(doc, _PLAIN, "`BTCUSDT` or `BTC-USDT`", required=required)


def _symbol(doc: str, pattern: str, example: str, *, required: bool) -> Param:
    wrong = f"is no market: write base and quote currency in capitals, such as {example}"
    param = text("symbol", doc, pattern=pattern, longest=_LONGEST, required=required, wrong=wrong)
    return replace(param, read=lambda given: _slashed(param.read(given)))


def source() -> Param:
    """Return the parameter `source`."""
    doc = (
        "The name of a source, without `.yaml`. Without it the one that has the symbol is taken; "
        "where several have it, it has to be said."
    )
    return text("source", doc, pattern=FORMATS[SOURCE].pattern, longest=64)
