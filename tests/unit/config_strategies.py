"""Strategy texts for the tests of config: a full example, and ways to change and load it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtrade.config.decoding import decode_strategy
from rtrade.config.definitions import StrategyDef
from rtrade.config.overrides import Overrides
from rtrade.config.overriding import override
from rtrade.config.reader import read_text
from rtrade.config.validation import check_strategy
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput

ROOT = Path(__file__).parents[2]

FULL = """\
# yaml-language-server: $schema=../schemas/strategy.schema.json
rtrade: 1
name: example
description: Long while the fast average is above the slow one.

data:
  source: sample
  symbol: BTC/USDT
  timeframe: 1h
  start: 2023-01-01
  end: 2024-01-01T12:00Z
  also:
    daily: {timeframe: 1d}
    eth: {symbol: ETH/USDT}

params:
  fast: {default: 20, min: 5, max: 60, step: 5}
  band: {default: 2, min: 0.5, max: 3}

signals:
  fast_ma: sma(close, fast)
  uptrend: >-
    daily.close >
    sma(daily.close, 200)

rules:
  enter_long: crosses_above(fast_ma, close) and uptrend
  exit_long: 'crosses_below(fast_ma, close)'

sizing: {equity: 95%}

risk:
  stop_loss: {atr: 2.0, period: 10}
  take_profit: 9%
  trailing_stop: {atr: 3}
  time_exit: 2d
  cooldown: 6 bars
  max_drawdown: 25%
  daily_loss: 5%

costs: {commission: {taker: 0.1%, maker: 0.05%}, slippage: 5 bps}

backtest: {cash: 10000, benchmark: buy_and_hold}
"""

MINIMAL = """\
rtrade: 1
name: small
data: {source: sample, symbol: BTC/USDT, timeframe: 1h}
rules: {enter_long: close > open}
sizing: {equity: 100%}
costs: {commission: 0%, slippage: 0%}
backtest: {cash: 1000}
"""


def minimal(**lines: str | None) -> str:
    """Return MINIMAL with whole lines replaced by key, added, or (None) left out."""
    kept = dict(line.split(": ", 1) for line in MINIMAL.splitlines())
    for key, value in lines.items():
        if value is None:
            kept.pop(key)
        else:
            kept[key] = value
    return "".join(f"{key}: {value}\n" for key, value in kept.items())


def decode(text: str, **overrides: object) -> StrategyDef:
    """Take a text through all stages."""
    document, given = override(read_text(text, "f.yaml"), Overrides(**overrides))  # type: ignore[arg-type]
    findings = check_strategy(document)
    if findings:
        raise InvalidInput(findings)
    return decode_strategy(document, given)


def findings(text: str, **overrides: object) -> list[Diagnostic]:
    """Return what the first stage with findings found."""
    with pytest.raises(InvalidInput) as caught:
        decode(text, **overrides)
    return list(caught.value.diagnostics)


def told(text: str, **overrides: object) -> list[tuple[str, str, str | None]]:
    """Return code, message and help of each finding."""
    return [(one.code, one.message, one.help) for one in findings(text, **overrides)]


def marked(found: Diagnostic) -> str:
    """Return the part of the source line that a finding points at."""
    assert found.span is not None
    assert found.source is not None
    return found.source[found.span.column - 1 : found.span.end_column - 1]
