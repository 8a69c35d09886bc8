"""Declarations of momentum oscillators beyond the common ones of `indicators`."""

from __future__ import annotations

from collections.abc import Callable

from rtrade.catalog.averages import X, value
from rtrade.catalog.functions import LONGEST, LONGEST_WALKED, bars, behind, none, within
from rtrade.catalog.registry import Entry, Output, Param, Params, Unit
from rtrade.catalog.settling import DIFFERENCE, RANGE, exponential, fade, wilder

_HLC = ("high", "low", "close")


def slower(first: str, second: str) -> Callable[[Params], str | None]:
    """Return a check that the first param is below the second."""

    def check(params: Params) -> str | None:
        if params[first] < params[second]:
            return None
        return f"`{first}` ({params[first]}) must be below `{second}` ({params[second]})"

    return check


def _averages(default_fast: int, default_slow: int) -> tuple[Param, Param]:
    return (
        Param("fast", "bars of the fast average", 1, LONGEST, default_fast),
        Param("slow", "bars of the slow average", 2, LONGEST, default_slow),
    )


def _double(params: Params) -> int:
    longest = max(params["first"], params["second"])
    return fade(exponential(longest), RANGE, chain=2)


def _of_wilder(params: Params) -> int:
    return fade(wilder(params["n"]), RANGE)


RANGES_OF_PRICE = (
    Entry("ao", "oscillators",
          "Awesome oscillator: a fast average of the bar's middle less a slow one.",
          value(Unit.PRICE), lambda p: int(p["slow"]) - 1, none, params=_averages(5, 34),
          prices=("high", "low"), words="the awesome oscillator ({fast}, {slow})",
          source="sma(hl2, fast) - sma(hl2, slow)", check=slower("fast", "slow")),
    Entry("ac", "oscillators",
          "Accelerator: the awesome oscillator less its own average.",
          value(Unit.PRICE), lambda p: int(p["slow"] + p["signal"]) - 2, none,
          params=(*_averages(5, 34), Param("signal", "bars of its own average", 1, LONGEST, 5)),
          prices=("high", "low"), words="the accelerator ({fast}, {slow}, {signal})",
          source="ao - sma(ao, signal)", check=slower("fast", "slow")),
    Entry("apo", "oscillators",
          "Absolute price oscillator: the difference of two exponential averages.",
          value(Unit.INPUT), lambda p: int(p["slow"]) - 1,
          lambda p: fade(exponential(p["slow"]), DIFFERENCE), inputs=(X,),
          params=_averages(12, 26), words="the APO ({fast}, {slow}) of {x}",
          source="ema(x, fast) - ema(x, slow)", check=slower("fast", "slow")),
    Entry("bop", "oscillators",
          "Balance of power: how far the bar closed from its open, as a share of its range; "
          "unknown on a bar without range.",
          value(Unit.RATIO, -1, 1), none, none, prices=("open", "high", "low", "close"),
          words="the balance of power", source="(close - open) / (high - low)"),
    Entry("eri", "oscillators",
          "Elder ray: how far the high and the low of the bar are from an average of closes.",
          (Output("bull", Unit.PRICE, "high - average"),
           Output("bear", Unit.PRICE, "low - average")),
          within, lambda p: fade(exponential(p["n"]), DIFFERENCE), params=(bars(default=13),),
          prices=_HLC, words="the {n}-bar Elder ray",
          source="high - ema(close, n), low - ema(close, n)"),
    Entry("qstick", "oscillators",
          "The average of close less open: how much bars rise from open to close.",
          value(Unit.PRICE), within, none, params=(bars(),), prices=("open", "close"),
          words="the {n}-bar Qstick", source="sma(close - open, n)"),
    Entry("dpo", "oscillators",
          "Detrended price oscillator: the value of n / 2 + 1 bars ago less the average of now.",
          value(Unit.INPUT), lambda p: max(int(p["n"]) - 1, int(p["n"]) // 2 + 1), none,
          inputs=(X,), params=(bars(),), words="the {n}-bar detrended {x}",
          source="x[n // 2 + 1] - sma(x, n)"),
)  # fmt: skip

SHARES = (
    Entry("aroonosc", "oscillators",
          "Aroon oscillator: Aroon up less Aroon down.",
          value(Unit.PERCENT, -100, 100), behind, none, params=(bars("bars to look back", low=2),),
          prices=("high", "low"), words="the {n}-bar Aroon oscillator",
          source="aroon(n).up - aroon(n).down"),
    Entry("cmo", "oscillators",
          "Chande momentum oscillator with Wilder's averages: the RSI, from -100 to 100; unknown "
          "where the RSI is.",
          value(Unit.PERCENT, -100, 100), behind, _of_wilder, inputs=(X,),
          params=(bars("bars of Wilder's average", low=2, default=14),),
          words="the {n}-bar CMO of {x}", source="100 (g - l) / (g + l), as in rsi"),
    Entry("cmou", "oscillators",
          "Chande momentum oscillator as published: sums of n gains and losses, not smoothed; "
          "unknown while nothing moves.",
          value(Unit.PERCENT, -100, 100), behind, none, inputs=(X,), params=(bars(default=14),),
          words="the {n}-bar unsmoothed CMO of {x}",
          source="100 (g - l) / (g + l), sums of gains and losses over n bars"),
    Entry("imi", "oscillators",
          "Intraday momentum index: the rises from open to close as a share of all moves within "
          "bars; unknown while nothing moves.",
          value(Unit.PERCENT, 0, 100), within, none, params=(bars(low=2, default=14),),
          prices=("open", "close"), words="the {n}-bar intraday momentum",
          source="100 g / (g + l), sums of close - open of rising and falling bars"),
    Entry("er", "oscillators",
          "Efficiency ratio: the way made in n bars as a share of the way gone; unknown while "
          "nothing moves.",
          value(Unit.RATIO, 0, 1), behind, none, inputs=(X,), params=(bars(default=10),),
          words="the {n}-bar efficiency of {x}", source="|x - x[n]| / sum of |x - x[1]|"),
    Entry("vhf", "oscillators",
          "Vertical horizontal filter: the range of n values as a share of the way gone; unknown "
          "while nothing moves.",
          value(Unit.RATIO, 0, 1), behind, none, inputs=(X,), params=(bars(default=28),),
          words="the {n}-bar vertical horizontal filter of {x}",
          source="(highest(x, n) - lowest(x, n)) / sum of |x - x[1]| over n bars"),
    Entry("tsi", "oscillators",
          "True strength index: the change, smoothed twice, as a share of its size; unknown "
          "while nothing has moved.",
          value(Unit.PERCENT, -100, 100), lambda p: int(p["first"] + p["second"]) - 1, _double,
          inputs=(X,),
          params=(Param("first", "bars of the first average", 1, LONGEST, 25),
                  Param("second", "bars of the second average", 1, LONGEST, 13)),
          words="the TSI ({first}, {second}) of {x}",
          source="100 ema(ema(d, first), second) / ema(ema(|d|, first), second), d = x - x[1]"),
    Entry("ultosc", "oscillators",
          "Ultimate oscillator: buying pressure as a share of the true range, over three windows "
          "of which the shortest counts most; unknown while nothing moves.",
          value(Unit.PERCENT, 0, 100), lambda p: int(max(p.values())), none,
          params=(Param("short", "bars of the window that counts four times", 1, LONGEST, 7),
                  Param("middle", "bars of the one that counts twice", 1, LONGEST, 14),
                  Param("long", "bars of the one that counts once", 1, LONGEST, 28)),
          prices=_HLC, words="the ultimate oscillator ({short}, {middle}, {long})",
          source="100 (4 a + 2 b + c) / 7, each sum of close - min(low, close[1]) / sum of trange"),
)  # fmt: skip

STOCHASTICS = (
    Entry("stochf", "oscillators",
          "Fast stochastic: where the close lies in the range of n bars; unknown while the range "
          "is zero.",
          (Output("k", Unit.PERCENT, "%K", low=0, high=100),
           Output("d", Unit.PERCENT, "average of %K", low=0, high=100)),
          lambda p: int(p["n"] + p["d"]) - 2, none,
          params=(Param("n", "bars of the range", 1, LONGEST, 5),
                  Param("d", "bars over which %D averages %K", 1, LONGEST, 3)),
          prices=_HLC, words="the fast stochastic ({n}, {d})",
          source="k = 100 (close - lowest) / (highest - lowest), d = sma(k, d)"),
    Entry("stochrsi", "oscillators",
          "The stochastic of the RSI: where it lies in its own range; unknown while that is zero.",
          (Output("k", Unit.PERCENT, "%K", low=0, high=100),
           Output("d", Unit.PERCENT, "average of %K", low=0, high=100)),
          lambda p: int(p["n"] + p["k"] + p["d"]) - 2, lambda p: 2 * _of_wilder(p),
          inputs=(X,),
          params=(Param("n", "bars of the RSI", 2, LONGEST, 14),
                  Param("k", "bars of the range", 2, LONGEST, 5),
                  Param("d", "bars over which %D averages %K", 1, LONGEST, 3)),
          words="the stochastic ({k}, {d}) of the {n}-bar RSI of {x}",
          source="k = 100 (r - lowest(r, k)) / (highest - lowest), r = rsi(x, n)"),
    Entry("kdj", "oscillators",
          "The stochastic smoothed by Wilder's averages, and `j`, which overshoots it; unknown "
          "while the range is zero, after which the averages start anew.",
          (Output("k", Unit.PERCENT, "%K, smoothed", low=0, high=100),
           Output("d", Unit.PERCENT, "%K smoothed twice", low=0, high=100),
           Output("j", Unit.PERCENT, "3 k - 2 d")),
          lambda p: int(p["n"] + p["k"] + p["d"]) - 3,
          lambda p: fade(wilder(max(p["k"], p["d"])), DIFFERENCE, chain=2),
          params=(Param("n", "bars of the range", 1, LONGEST, 9),
                  Param("k", "bars of the average of %K", 1, LONGEST, 3),
                  Param("d", "bars of the average of k", 1, LONGEST, 3)),
          prices=_HLC, words="the KDJ ({n}, {k}, {d})",
          source="k = rma(100 (close - lowest) / (highest - lowest), k), d = rma(k, d)"),
    Entry("smi", "oscillators",
          "Stochastic momentum index: the distance from the middle of the range, smoothed twice, "
          "as a share of half the range; unknown while that is zero.",
          (Output("smi", Unit.PERCENT, "the index", low=-100, high=100),
           Output("signal", Unit.PERCENT, "exponential average of `smi`", low=-100, high=100)),
          lambda p: int(p["n"] + p["fast"] + p["slow"] + p["signal"]) - 4,
          lambda p: fade(exponential(max(p["slow"], p["fast"], p["signal"])), RANGE, chain=3),
          params=(Param("n", "bars of the range", 1, LONGEST, 13),
                  Param("fast", "bars of the second average", 1, LONGEST, 2),
                  Param("slow", "bars of the first average", 1, LONGEST, 25),
                  Param("signal", "bars of the average of `smi`", 1, LONGEST, 9)),
          prices=_HLC, words="the SMI ({n}, {fast}, {slow}, {signal})",
          source="100 s(close - (highest + lowest) / 2) / s((highest - lowest) / 2), "
          "s(y) = ema(ema(y, slow), fast)"),
)  # fmt: skip

CHANGES = (
    Entry("rocr", "oscillators",
          "The ratio to the value of n bars ago: 1 is no change.",
          value(Unit.RATIO), behind, none, inputs=(X,), params=(bars("bars to look back"),),
          words="the ratio of {x} to {n} bars ago", source="x / x[n]"),
    Entry("rocr100", "oscillators",
          "The ratio to the value of n bars ago in percent: 100 is no change.",
          value(Unit.PERCENT), behind, none, inputs=(X,), params=(bars("bars to look back"),),
          words="the ratio of {x} to {n} bars ago, in percent", source="100 x / x[n]"),
    Entry("coppock", "oscillators",
          "Coppock's curve: a weighted average of two rates of change added up.",
          value(Unit.PERCENT), lambda p: int(p["n"] + max(p["first"], p["second"])) - 1, none,
          inputs=(X,),
          params=(bars("bars of the average", high=LONGEST_WALKED, default=10),
                  Param("first", "bars of one rate of change", 1, LONGEST, 11),
                  Param("second", "bars of the other", 1, LONGEST, 14)),
          words="Coppock's curve ({n}, {first}, {second}) of {x}",
          source="wma(roc(x, first) + roc(x, second), n)"),
    Entry("fosc", "oscillators",
          "Forecast oscillator: how far the value is from what the line through the n before it "
          "foretold, in percent.",
          value(Unit.PERCENT), behind, none, inputs=(X,),
          params=(bars("bars of the line", low=2, high=LONGEST_WALKED, default=5),),
          words="the {n}-bar forecast error of {x}", source="100 (x - tsf(x, n)[1]) / x"),
)  # fmt: skip

MOMENTUM = (*RANGES_OF_PRICE, *SHARES, *STOCHASTICS, *CHANGES)
