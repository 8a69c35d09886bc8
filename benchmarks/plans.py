"""Strategies with params to sweep, and tables of values for them; one is drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

HEAD = """
rtrade: 1
name: sweep
data: {{source: bars, symbol: BTC/USDT, timeframe: 1m}}
params:
{params}
rules:
  enter_long: "{enter}"
  exit_long: "{leave}"
sizing: {{equity: 95%}}
risk: {risk}
costs: {{commission: 0.1%, slippage: 0%}}
backtest: {{cash: 1000000000}}
"""
Table = dict[str, list[int]]


@dataclass(frozen=True)
class SweepPlan:
    """A strategy of which whole numbers are params, each with the least and the largest."""

    label: str
    ranges: Mapping[str, tuple[int, int]]
    enter: str
    leave: str
    risk: str = "{}"

    def text(self) -> str:
        params = [
            f"  {name}: {{default: {(low + high) // 2}, min: {low}, max: {high}}}"
            for name, (low, high) in self.ranges.items()
        ]
        return HEAD.format(
            params="\n".join(params), enter=self.enter, leave=self.leave, risk=self.risk
        )

    def drawn(self, count: int, seed: int) -> Table:
        """Return a table of so many candidates, each value drawn by itself."""
        draw = random.Random(f"{self.label}/{seed}")
        return {
            name: [draw.randint(low, high) for _ in range(count)]
            for name, (low, high) in self.ranges.items()
        }


PAIRS = SweepPlan(
    "SMA pairs",
    {"fast": (2, 200), "slow": (2, 1000)},
    "crosses_above(sma(close, fast), sma(close, slow))",
    "crosses_below(sma(close, fast), sma(close, slow))",
)
RSI = SweepPlan(
    "RSI below a threshold in an up-trend",
    {"n": (5, 40), "below": (20, 40), "above": (55, 80), "trend": (100, 600)},
    "rsi(close, n) < below and close > sma(close, trend)",
    "rsi(close, n) > above",
)
BANDS = SweepPlan(
    "Bollinger band, stop and target",
    {"n": (10, 200), "width": (15, 35)},
    "crosses_below(close, bbands(close, n, width / 10).lower)",
    "crosses_above(close, bbands(close, n, width / 10).middle)",
    "{stop_loss: 0.5%, take_profit: 1%}",
)


def pairs(fasts: range, slows: range) -> Table:
    """Return every fast window with every slow one."""
    both = [(fast, slow) for fast in fasts for slow in slows]
    return {"fast": [fast for fast, _ in both], "slow": [slow for _, slow in both]}


class Drawing:
    """Draws a strategy: conditions over indicators whose windows are params."""

    PRICES = ("sma(close, {})", "ema(close, {})", "wma(close, {})", "lowest(low, {})[1]",
              "highest(high, {})[1]", "bbands(close, {}, 2).upper", "close[{}]")  # fmt: skip
    OSCILLATORS = ("rsi(close, {})", "percent_rank(close, {})", "mfi({})")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.pick = random.Random(seed)
        self.ranges: dict[str, tuple[int, int]] = {}

    def plan(self) -> SweepPlan:
        enter, leave = self.joined(), self.joined()
        label = f"drawn at random (seed {self.seed})"
        return SweepPlan(label, self.ranges, enter, leave)

    def joined(self) -> str:
        word = self.pick.choice(("and", "or"))
        parts = [self.condition() for _ in range(self.pick.randint(2, 3))]
        return f" {word} ".join(f"({part})" for part in parts)

    def condition(self) -> str:
        forms = (self._compared, self._crossed, self._extreme, self._negated)
        return self.pick.choice(forms)()

    def _compared(self) -> str:
        return f"{self._price()} {self.pick.choice('<>')} {self._price()}"

    def _crossed(self) -> str:
        name = self.pick.choice(("crosses_above", "crosses_below"))
        return f"{name}(close, {self._price()})"

    def _extreme(self) -> str:
        param = self._param(25, 75)
        made = self.pick.choice(self.OSCILLATORS).format(self._param(5, 60))
        return f"{made} {self.pick.choice('<>')} {param}"

    def _negated(self) -> str:
        return f"not ({self._price()} {self.pick.choice('<>')} close)"

    def _price(self) -> str:
        form = self.pick.choice(self.PRICES)
        return form.format(3 if "[{}]" in form else self._param(5, 200))

    def _param(self, low: int, high: int) -> str:
        name = f"p{len(self.ranges)}"
        self.ranges[name] = (low, high)
        return name
