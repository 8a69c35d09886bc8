"""Declarations of indicators of volume, volatility and directed movement."""

from __future__ import annotations

from rtrade.catalog.averages import X, value
from rtrade.catalog.functions import LONGEST, LONGEST_WALKED, bars, behind, none, one, within
from rtrade.catalog.momentum import slower
from rtrade.catalog.overlays import never
from rtrade.catalog.registry import Entry, Output, Param, Unit
from rtrade.catalog.settling import DIFFERENCE, RANGE, exponential, fade, wilder

_HLC = ("high", "low", "close")
_HLCV = (*_HLC, "volume")
_START = "a sum since the first bar read: only its changes mean something"

VOLUMES = (
    Entry("obv", "volume",
          f"On-balance volume: volume added on rises, taken off on falls; {_START}.",
          value(Unit.VOLUME), lambda _: 0, never, prices=("close", "volume"),
          words="the on-balance volume", source="o = o[1] + volume, 0 or -volume, from volume"),
    Entry("ad", "volume",
          f"Accumulation and distribution: volume by where the bar closed in its range; {_START}.",
          value(Unit.VOLUME), lambda _: 0, never, prices=_HLCV,
          words="the accumulation line",
          source="sum of volume x (2 close - high - low) / (high - low), 0 without range"),
    Entry("adosc", "volume",
          "Chaikin's oscillator: a fast average of accumulation less a slow one.",
          value(Unit.VOLUME), lambda p: int(p["slow"]) - 1,
          lambda p: fade(exponential(p["slow"]), RANGE),
          params=(Param("fast", "bars of the fast average", 2, LONGEST, 3),
                  Param("slow", "bars of the slow average", 2, LONGEST, 10)),
          prices=_HLCV, words="Chaikin's oscillator ({fast}, {slow})",
          source="ema(ad, fast) - ema(ad, slow), both started at the first bar",
          check=slower("fast", "slow")),
    Entry("cmf", "volume",
          "Chaikin's money flow: volume by where bars closed in their range, as a share of all; "
          "unknown where nothing was traded.",
          value(Unit.RATIO, -1, 1), within, none, params=(bars(),), prices=_HLCV,
          words="the {n}-bar money flow",
          source="sum of volume x (2 close - high - low) / (high - low) / sum of volume"),
    Entry("efi", "volume", "Elder's force: an average of change times volume.",
          value(Unit.NONE), behind, lambda p: fade(exponential(p["n"]), RANGE),
          params=(bars(default=13),), prices=("close", "volume"), words="the {n}-bar force",
          source="ema((close - close[1]) x volume, n)"),
    Entry("marketfi", "volume",
          "Market facilitation: the bar's range per unit of volume; unknown without volume.",
          value(Unit.NONE, 0), lambda _: 0, none, prices=("high", "low", "volume"),
          words="the range per volume", source="(high - low) / volume"),
    Entry("nvi", "volume",
          "Negative volume index: follows the close where volume falls, from 1000; its level "
          "depends on the first bar read.",
          value(Unit.NONE, 0), lambda _: 0, never, prices=("close", "volume"),
          words="the negative volume index",
          source="v = v[1] x close / close[1] where volume < volume[1], else v[1]"),
    Entry("pvi", "volume",
          "Positive volume index: follows the close where volume rises, from 1000; its level "
          "depends on the first bar read.",
          value(Unit.NONE, 0), lambda _: 0, never, prices=("close", "volume"),
          words="the positive volume index",
          source="v = v[1] x close / close[1] where volume > volume[1], else v[1]"),
    Entry("pvt", "volume", f"Price-volume trend: volume times the relative change; {_START}.",
          value(Unit.VOLUME), lambda _: 0, never, prices=("close", "volume"),
          words="the price-volume trend", source="sum of volume x (close / close[1] - 1), from 0"),
    Entry("wad", "volume", f"Williams' accumulation: moves from the true low or high; {_START}.",
          value(Unit.PRICE), lambda _: 0, never, prices=_HLC, words="Williams' accumulation",
          source="sum of close - min(low, close[1]) on rises, "
          "close - max(high, close[1]) on falls"),
    Entry("pvo", "volume",
          "Percentage volume oscillator: the difference of two exponential averages of volume, "
          "in percent of the slow one.",
          value(Unit.PERCENT), lambda p: int(p["slow"]) - 1,
          lambda p: fade(exponential(p["slow"]), RANGE),
          params=(Param("fast", "bars of the fast average", 2, LONGEST, 12),
                  Param("slow", "bars of the slow average", 2, LONGEST, 26)),
          prices=("volume",), words="the volume oscillator ({fast}, {slow})",
          source="100 (ema(volume, fast) - ema(volume, slow)) / ema(volume, slow)",
          check=slower("fast", "slow")),
    Entry("rvol", "volume",
          "Relative volume: this bar's as a multiple of the average of the n before.",
          value(Unit.RATIO, 0), behind, none, params=(bars("bars before this one"),),
          prices=("volume",), words="the volume relative to {n} bars",
          source="volume / sma(volume, n)[1]"),
)  # fmt: skip

VOLATILITY = (
    Entry("trange", "ranges",
          "True range: the bar's range, with the gap from the close before.",
          value(Unit.PRICE, 0), one, none, prices=_HLC, words="the true range",
          source="max(high, close[1]) - min(low, close[1])"),
    Entry("adr", "ranges", "The average range of n bars, from low to high.",
          value(Unit.PRICE, 0), within, none, params=(bars(default=14),), prices=("high", "low"),
          words="the {n}-bar average range", source="sma(high - low, n)"),
    Entry("cvi", "ranges",
          "Chaikin's volatility: the change of an average range, in percent; unknown where there "
          "was no range.",
          value(Unit.PERCENT, -100), lambda p: int(p["n"] + p["back"]) - 1,
          lambda p: fade(exponential(p["n"]), RANGE),
          params=(bars("bars of the average", default=10),
                  Param("back", "bars to look back", 1, LONGEST, 10)),
          prices=("high", "low"), words="Chaikin's volatility ({n}, {back})",
          source="100 (e / e[back] - 1), e = ema(high - low, n)"),
    Entry("massi", "ranges",
          "Mass index: sums up how much the average range exceeds its own average; unknown "
          "where there was no range.",
          (Output("value", Unit.NONE, "index", low=0),),
          lambda p: 2 * int(p["n"]) + int(p["window"]) - 3,
          lambda p: fade(exponential(p["n"]), RANGE, chain=2),
          params=(bars("bars of the averages", default=9),
                  Param("window", "bars to sum up", 1, LONGEST, 25)),
          prices=("high", "low"), words="the mass index ({n}, {window})",
          source="sum of e / ema(e, n), e = ema(high - low, n)"),
    Entry("rvi", "ranges",
          "Relative volatility index: the deviation on rising bars as a share of all; unknown "
          "where nothing moves for long.",
          value(Unit.PERCENT, 0, 100), lambda p: int(p["n"] + p["deviation"]) - 2,
          lambda p: fade(wilder(p["n"]), RANGE), inputs=(X,),
          params=(bars("bars of Wilder's average", low=2, default=14),
                  Param("deviation", "bars of the deviation", 2, LONGEST_WALKED, 10)),
          words="the relative volatility ({n}, {deviation}) of {x}",
          source="100 u / (u + d), Wilder's averages of stddev(x, deviation) on rises and falls"),
)  # fmt: skip

MOVEMENT = (
    Entry("adxr", "trend",
          "The mean of the ADX and of the ADX n - 1 bars ago; unknown where they are.",
          value(Unit.PERCENT, 0, 100), lambda p: 3 * int(p["n"]) - 2,
          lambda p: fade(wilder(p["n"]), RANGE, chain=2),
          params=(bars("bars of Wilder's averages", low=2, default=14),), prices=_HLC,
          words="the {n}-bar ADXR", source="(adx(n) + adx(n)[n-1]) / 2"),
    Entry("dx", "trend",
          "Directional index: how one-sided movement is; unknown where nothing is directed.",
          value(Unit.PERCENT, 0, 100), behind, lambda p: fade(wilder(p["n"]), DIFFERENCE),
          params=(bars("bars of Wilder's averages", low=2, default=14),), prices=_HLC,
          words="the {n}-bar DX", source="100 |plus_di - minus_di| / (plus_di + minus_di)"),
    Entry("plus_dm", "trend", "Upward movement, smoothed as a sum over n bars by Wilder's rule.",
          value(Unit.PRICE, 0), within, lambda p: fade(wilder(p["n"]), RANGE),
          params=(bars("bars of Wilder's sum", low=2, default=14),), prices=("high", "low"),
          words="the {n}-bar upward movement",
          source="s = s[1] - s[1] / n + (high - high[1] where that is above low[1] - low and 0)"),
    Entry("minus_dm", "trend", "Downward movement, smoothed as a sum over n bars by Wilder's rule.",
          value(Unit.PRICE, 0), within, lambda p: fade(wilder(p["n"]), RANGE),
          params=(bars("bars of Wilder's sum", low=2, default=14),), prices=("high", "low"),
          words="the {n}-bar downward movement",
          source="s = s[1] - s[1] / n + (low[1] - low where that is above high - high[1] and 0)"),
    Entry("vortex", "trend",
          "Vortex: the way from low to next high, and from high to next low, as shares of the "
          "true range; unknown while nothing moves.",
          (Output("plus", Unit.RATIO, "upward", low=0),
           Output("minus", Unit.RATIO, "downward", low=0)),
          behind, none, params=(bars(default=14),), prices=_HLC, words="the {n}-bar vortex",
          source="sums of |high - low[1]| and |low - high[1]| / sum of trange"),
)  # fmt: skip
