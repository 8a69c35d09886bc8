"""Declarations of averages, channels and stops that are drawn on the price."""

from __future__ import annotations

import math

from rtrade.catalog.averages import X, chain_settle, chain_warmup, value
from rtrade.catalog.functions import LONGEST, LONGEST_WALKED, bars, none, one, within
from rtrade.catalog.registry import Entry, Output, Param, Params, Unit
from rtrade.catalog.settling import LEVEL, RANGE, exponential, fade, wilder

_HLC = ("high", "low", "close")


def never(_: Params) -> None:
    """Return None: no number of bars makes the start of the data not matter."""


def _lag(params: Params) -> int:
    return (int(params["n"]) - 1) // 2


def _bands(unit: Unit = Unit.PRICE) -> tuple[Output, ...]:
    return (
        Output("upper", unit, "upper line"),
        Output("middle", unit, "middle line"),
        Output("lower", unit, "lower line"),
    )


AVERAGES_MORE = (
    Entry("rma", "averages",
          "Wilder's moving average, that of RSI and ATR; starts from the mean of n values.",
          value(Unit.INPUT), within, lambda p: fade(wilder(p["n"]), LEVEL), inputs=(X,),
          params=(bars("bars; the newest value weighs 1 / n"),),
          words="Wilder's {n}-bar average of {x}", source="r = r[1] + (x - r[1]) / n"),
    Entry("trima", "averages",
          "Triangular moving average: an average of averages; the middle of the window counts "
          "most.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(bars(),),
          words="the {n}-bar triangular average of {x}",
          source="sma(sma(x, (n + 1) // 2), n // 2 + 1)"),
    Entry("hma", "averages",
          "Hull's moving average: weighted averages set against one another to lag less.",
          value(Unit.INPUT), lambda p: int(p["n"]) + math.isqrt(int(p["n"])) - 2, none,
          inputs=(X,), params=(bars(low=2, high=LONGEST_WALKED),),
          words="the {n}-bar Hull average of {x}",
          source="wma(2 wma(x, n // 2) - wma(x, n), isqrt(n))"),
    Entry("zlema", "averages",
          "Exponential average of the value with its lag added to it.",
          value(Unit.INPUT), lambda p: int(p["n"]) - 1 + _lag(p), chain_settle(1), inputs=(X,),
          params=(bars(),), words="the {n}-bar zero-lag average of {x}",
          source="ema(2 x - x[(n - 1) // 2], n)"),
    Entry("t3", "averages",
          "Tillson's average: six exponential averages in a row, mixed so that it lags less.",
          value(Unit.INPUT), chain_warmup(6), chain_settle(6), inputs=(X,),
          params=(bars("bars of each average", default=5),
                  Param("k", "how strongly it is mixed", 0, 1, 0.7, integer=False)),
          words="the {n}-bar T3 of {x}",
          source="-k^3 e6 + (3 k^2 + 3 k^3) e5 - (6 k^2 + 3 k + 3 k^3) e4 + "
          "(1 + 3 k + k^3 + 3 k^2) e3, e1 = ema(x, n), each the ema of the one before"),
    Entry("vwma", "averages",
          "Volume-weighted moving average; unknown where nothing was traded.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(bars(),), prices=("volume",),
          words="the {n}-bar volume-weighted average of {x}",
          source="sum of x x volume / sum of volume"),
    Entry("midpoint", "averages",
          "The middle between the highest and the lowest of n values.",
          value(Unit.INPUT), within, none, inputs=(X,), params=(bars(),),
          words="the middle of {x} over {n} bars", source="(highest(x, n) + lowest(x, n)) / 2"),
    Entry("midprice", "averages",
          "The middle between the highest high and the lowest low of n bars.",
          value(Unit.PRICE), within, none, params=(bars(),), prices=("high", "low"),
          words="the middle of the {n}-bar range",
          source="(highest(high, n) + lowest(low, n)) / 2"),
    Entry("mama", "averages",
          "MESA adaptive moving average: as fast as the phase of the dominant cycle turns.",
          (Output("mama", Unit.INPUT, "adaptive average"),
           Output("fama", Unit.INPUT, "adaptive average of `mama`")),
          lambda _: 32, never, inputs=(X,),
          params=(Param("fast", "the most that the newest value weighs", 0.01, 0.99, 0.5,
                        integer=False),
                  Param("slow", "the least that it weighs", 0.01, 0.99, 0.05, integer=False)),
          words="the adaptive average ({fast}, {slow}) of {x}",
          source="Ehlers: m = m[1] + a (x - m[1]), a = fast / change of phase, at least slow"),
    Entry("ht_trendline", "averages",
          "Instantaneous trendline: an average over the dominant cycle.",
          value(Unit.INPUT), lambda _: 63, never, inputs=(X,),
          words="the instantaneous trendline of {x}",
          source="Ehlers: means over the cycle's period, weighted over 4 bars"),
)  # fmt: skip

CHANNELS = (
    Entry("accbands", "ranges",
          "Acceleration bands: averages of highs and lows that were spread by the bar's range.",
          _bands(), within, none, params=(bars(),), prices=_HLC,
          words="the {n}-bar acceleration bands",
          source="sma(high (1 + w), n), sma(close, n), sma(low (1 - w), n), "
          "w = 4 (high - low) / (high + low)"),
    Entry("donchian", "ranges",
          "Donchian's channel: the highest high, the lowest low, this bar included, their middle.",
          _bands(), within, none, params=(bars(),), prices=("high", "low"),
          words="the {n}-bar channel", source="highest(high, n), lowest(low, n), their mean"),
    Entry("kc", "ranges",
          "Keltner's channel: an exponential average of typical prices, with ATRs on each side.",
          _bands(), lambda p: max(int(p["n"]) - 1, int(p["atr"])),
          lambda p: max(fade(exponential(p["n"]), LEVEL), fade(wilder(p["atr"]), RANGE)),
          params=(bars("bars of the average"), Param("atr", "bars of the ATR", 1, LONGEST, 10),
                  Param("k", "ATRs from the average to each line", 0, 100, 2.0, integer=False)),
          prices=_HLC, words="Keltner's channel ({n}, {atr}, {k})",
          source="ema(hlc3, n) +- k atr(atr)"),
    Entry("sar", "trend",
          "Parabolic stop and reverse: a stop that follows the trend ever faster, and turns "
          "where it is reached.",
          value(Unit.PRICE), one, never,
          params=(Param("step", "by how much it gets faster", 0, 1, 0.02, integer=False),
                  Param("most", "the fastest that it gets", 0, 1, 0.2, integer=False)),
          prices=("high", "low"), words="the parabolic stop ({step}, {most})",
          source="Wilder: s = s[1] + a (extreme - s[1]), a grows by step at each new extreme"),
    Entry("supertrend", "trend",
          "A stop k ATRs from the middle of the bar that only moves with the trend, and turns "
          "where the close passes it; `trend` is 1 above it, -1 below.",
          (Output("line", Unit.PRICE, "the stop"),
           Output("trend", Unit.COUNT, "the side of the market", low=-1, high=1)),
          lambda p: int(p["n"]), never,
          params=(bars("bars of the ATR", low=2, default=10),
                  Param("k", "ATRs to the stop", 0.1, 100, 3.0, integer=False)),
          prices=_HLC, words="the supertrend ({n}, {k})",
          source="hl2 +- k atr(n), held while the trend lasts"),
    Entry("ha", "prices",
          "Heikin-Ashi bars: each opens in the middle of the one before and closes at the mean "
          "of the real bar.",
          (Output("open", Unit.PRICE, "open"), Output("high", Unit.PRICE, "high"),
           Output("low", Unit.PRICE, "low"), Output("close", Unit.PRICE, "close")),
          lambda _: 0, lambda _: fade(0.5, LEVEL), prices=("open", "high", "low", "close"),
          words="the Heikin-Ashi bar",
          source="open = (open[1] + close[1]) / 2 of its own bars, close = ohlc4"),
    Entry("wclprice", "prices",
          "Weighted close: the close counts twice.",
          value(Unit.PRICE, low=0), lambda _: 0, none, prices=_HLC, words="the weighted close",
          source="(high + low + 2 close) / 4"),
    Entry("fractal", "ranges",
          "Swing points: true on the bar that shows that the high `right` bars ago is above "
          "those around it, and the low below: 1, else 0.",
          (Output("high", Unit.COUNT, "a swing high is confirmed", low=0, high=1),
           Output("low", Unit.COUNT, "a swing low is confirmed", low=0, high=1)),
          lambda p: int(p["left"] + p["right"]), none,
          params=(Param("left", "bars before the swing", 1, 1000, 2),
                  Param("right", "bars after it, which confirm it", 1, 1000, 2)),
          prices=("high", "low"), words="the swings ({left}, {right})",
          source="high[right] above the highs of left bars before and right after, and so low"),
)  # fmt: skip

OVERLAYS = (*AVERAGES_MORE, *CHANNELS)
