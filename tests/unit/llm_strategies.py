"""A strategy that asks a model, as files of a workspace, and ways to change and compile it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtrade.config.llm_definitions import LlmSignalDef
from rtrade.config.loading import load_strategy
from rtrade.config.overrides import NO_OVERRIDES, Overrides
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.plan.plan import Plan
from rtrade.workflow.compiling import compile_strategy

ASKED = """\
rtrade: 1
name: asked
data:
  source: sample
  symbol: BTC/USDT
  timeframe: 1h
  start: 2022-01-01
  end: 2022-03-01
signals:
  trend: close > sma(close, 30)
  analyst:
    llm:
      provider: local_llm
      prompt: prompts/analyst.j2
      every: 24 bars
      answer: {action: [buy, sell, hold], confidence: 0..100, risk: [low, high], reason: text}
  bullish: analyst.action == 'buy' and analyst.confidence >= 60
rules:
  enter_long: bullish
  exit_long: analyst.action == 'sell'
sizing: {equity: 50%}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""
PROMPT = "At {{ close | num }}, {{ stats.change | pct }}. What now?\n"
EVERY = "      every: 24 bars\n"

Change = tuple[str, str]


def workspace(
    folder: Path, *changes: Change, prompt: str = PROMPT, **prompts: str
) -> Path:  # fmt: skip
    """Write the strategy with `old` replaced by `new` in each change; return its path."""
    text = ASKED
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "strategies" / "prompts").mkdir(parents=True, exist_ok=True)
    (folder / "datasources").mkdir(exist_ok=True)
    for name, template in {"analyst": prompt, **prompts}.items():
        (folder / "strategies" / "prompts" / f"{name}.j2").write_text(template)
    path = folder / "strategies" / "asked.yaml"
    path.write_text(text)
    return path


def more(lines: str) -> Change:
    """Return a change that adds lines to what stands under `llm:`."""
    return EVERY, EVERY + "".join(f"      {line}\n" for line in lines.splitlines())


def compiled(folder: Path, *changes: Change, sets: tuple[str, ...] = (), **texts: str) -> Plan:
    path = workspace(folder, *changes, **texts)
    return compile_strategy(path, Overrides(sets=sets) if sets else NO_OVERRIDES).plan


def asked(folder: Path, *changes: Change, sets: tuple[str, ...] = ()) -> LlmSignalDef:
    """Return the definition of the signal that is asked."""
    path = workspace(folder, *changes)
    (llm,) = load_strategy(path, Overrides(sets=sets) if sets else NO_OVERRIDES).llm
    return llm


def refused(folder: Path, *changes: Change, **texts: str) -> list[Diagnostic]:
    with pytest.raises(InvalidInput) as caught:
        compiled(folder, *changes, **texts)
    return list(caught.value.diagnostics)
