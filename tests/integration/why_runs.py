"""Runs over bars of our own in which everything happens that an explanation has to tell of."""

from __future__ import annotations

import math
from pathlib import Path

from rtrade.config.overrides import Overrides
from rtrade.workflow.executing import Manner
from rtrade.workflow.running import run_strategy

HOUR = 3_600_000
START = 1_700_006_400_000  # 2023-11-15T00:00:00Z
SOURCE = """
rtrade: 1
kind: csv
series:
  - {path: bars.csv, symbol: BTC/USDT, timeframe: 1h}
time_unit: ms
filters: {lot: 0.001, min_notional: 200 USDT}
"""
BODY = """
rtrade: 1
name: NAME
data: {source: own, symbol: BTC/USDT, timeframe: 1h}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""
# Between them they meet every fill, exit and refusal.
STRATEGIES = {
    "both_sides": """
signals: {fast: "sma(close, 4)", slow: "sma(close, 12)"}
rules:
  enter_long: crosses_above(fast, slow)
  exit_long: fast < slow
  enter_short: crosses_below(fast, slow) or hour == 3
  exit_short: fast > slow or hour == 3
sizing: {equity: 50%}
risk: {stop_loss: 3%, take_profit: 5%, trailing_stop: 4%}
""",
    "limits": """
rules:
  enter_long: hour % 3 == 0 and close > lowest(low, 10)
  exit_long: weekday == 4 and hour == 9
sizing: {equity: 90%}
risk:
  stop_loss: {atr: 6, period: 6}
  time_exit: 5 bars
  cooldown: 4 bars
  daily_loss: 2%
  max_drawdown: 15%
""",
    "conflicts": """
rules:
  enter_long: hour % 4 == 0
  exit_long: hour % 8 == 0
  enter_short: hour % 6 == 0
sizing: {volatility: {target: 30%, lookback: 8}}
risk: {stop_loss: {atr: 3, period: 8}, time_exit: 3 bars}
""",
    "small": """
signals: {share: "percent_rank(close, 8)"}
rules: {enter_long: "hour % 2 == 0", exit_long: "hour % 2 == 1"}
sizing: {quote: 1000, scale_by: share}
""",
    "ruined": """
rules: {enter_short: "close < 1000", exit_short: "false"}
sizing: {equity: 100%}
""",
}  # fmt: skip


def closes(count: int) -> list[float]:
    """A wave with a fall, a rise and a leap at the end that ruins a short."""
    wave = [
        100 + 12 * math.sin(at / 9) + 5 * math.sin(at / 2.3) - 10 * (at > count // 2)
        for at in range(count - 2)
    ]
    return [*wave, 260.0, 240.0]


def rows(count: int = 240, *, volume: int = 7, skipped: tuple[int, ...] = ()) -> str:
    lines, before = ["ts,open,high,low,close,volume"], 100.0
    for at, close in enumerate(closes(count)):
        low, high = min(before, close) - 1, max(before, close) + 1
        if at not in skipped:
            lines.append(
                f"{START + at * HOUR},{before:.3f},{high:.3f},{low:.3f},{close:.3f},{volume}"
            )
        before = close
    return "\n".join(lines) + "\n"


def workspace(place: Path, text: str | None = None) -> Path:
    for folder in ("strategies", "datasources"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (place / "datasources" / "own.yaml").write_text(SOURCE)
    (place / "datasources" / "bars.csv").write_text(rows() if text is None else text)
    for name, more in STRATEGIES.items():
        path = place / "strategies" / f"{name}.yaml"
        path.write_text(BODY.replace("NAME", name) + more)
    return place


def made(place: Path, name: str, **overrides: str) -> Path:
    """Run a strategy of the workspace and return the folder of the run."""
    return run_strategy(
        place / "strategies" / f"{name}.yaml",
        Overrides(**overrides),
        manner=Manner(assumptions=False),
    ).folder
