"""Declarations of technical indicators: the field's names and argument order, in lower case."""

from __future__ import annotations

from collections.abc import Callable

from rtrade.catalog.averages import AVERAGES, X, chain_settle, chain_warmup, value
from rtrade.catalog.functions import LONGEST, LONGEST_WALKED, bars, behind, none, within
from rtrade.catalog.registry import Entry, Output, Param, Params, Unit
from rtrade.catalog.settling import DIFFERENCE, RANGE, exponential, fade, wilder

_HLC = ("high", "low", "close")


def _wilder(chain: int = 1) -> Callable[[Params], int]:
    return lambda params: fade(wilder(params["n"]), RANGE, chain=chain)


def _macd_warmup(params: Params) -> int:
    return int(params["slow"]) + int(params["signal"]) - 2


def _macd_settle(params: Params) -> int:
    longest = max(params["slow"], params["signal"])
    return fade(exponential(longest), DIFFERENCE, chain=2)


def _fast_below_slow(params: Params) -> str | None:
    if params["fast"] < params["slow"]:
        return None
    return f"`fast` ({params['fast']}) must be below `slow` ({params['slow']})"


OSCILLATORS = (
    Entry(
        name="rsi",
        group="oscillators",
        doc="Relative strength index: Wilder's average gain as a share of average movement; "
        "unknown once the value has stood still for n bars and as many as it takes to settle.",
        inputs=(X,),
        params=(bars("bars of Wilder's average", low=2, default=14),),
        outputs=value(Unit.PERCENT, 0, 100),
        warmup=behind,
        settle=_wilder(),
        words="the {n}-bar RSI of {x}",
        source="100 g / (g + l), Wilder's averages of gains and losses",
    ),
    Entry(
        name="macd",
        group="oscillators",
        doc="The difference of two exponential averages, its own average, and their difference.",
        inputs=(X,),
        params=(
            Param("fast", "bars of the fast average", 2, LONGEST, 12),
            Param("slow", "bars of the slow average", 2, LONGEST, 26),
            Param("signal", "bars of the average of the difference", 1, LONGEST, 9),
        ),
        outputs=(
            Output("macd", Unit.INPUT, "fast average - slow average"),
            Output("signal", Unit.INPUT, "exponential average of `macd`"),
            Output("histogram", Unit.INPUT, "`macd` - `signal`"),
        ),
        warmup=_macd_warmup,
        settle=_macd_settle,
        words="the MACD ({fast}, {slow}, {signal}) of {x}",
        source="ema(x, fast) - ema(x, slow), both started at the bar where the slow one can",
        check=_fast_below_slow,
    ),
    Entry(
        name="ppo",
        group="oscillators",
        doc="Percentage price oscillator: the difference of two exponential averages, in percent "
        "of the slow one.",
        inputs=(X,),
        params=(
            Param("fast", "bars of the fast average", 2, LONGEST, 12),
            Param("slow", "bars of the slow average", 2, LONGEST, 26),
        ),
        outputs=value(Unit.PERCENT),
        warmup=lambda params: int(params["slow"]) - 1,
        settle=lambda params: fade(exponential(params["slow"]), DIFFERENCE),
        words="the PPO ({fast}, {slow}) of {x}",
        source="100 (ema(x, fast) - ema(x, slow)) / ema(x, slow)",
        check=_fast_below_slow,
    ),
    Entry(
        name="trix",
        group="oscillators",
        doc="The one-bar change, in percent, of a triply smoothed exponential average.",
        inputs=(X,),
        params=(bars("bars of each exponential average"),),
        outputs=value(Unit.PERCENT),
        warmup=chain_warmup(3, extra=1),
        settle=chain_settle(3, DIFFERENCE),
        words="the {n}-bar TRIX of {x}",
        source="100 (e / e[1] - 1), e = ema(ema(ema(x, n), n), n)",
    ),
    Entry(
        name="stoch",
        group="oscillators",
        doc="Stochastic oscillator: where the close lies in the range of n bars, smoothed; unknown "
        "while the range is zero.",
        params=(
            Param("n", "bars of the range", 1, LONGEST, usual=14),
            Param("k", "bars over which %K is averaged", 1, LONGEST, usual=3),
            Param("d", "bars over which %D averages %K", 1, LONGEST, usual=3),
        ),
        prices=_HLC,
        outputs=(
            Output("k", Unit.PERCENT, "%K, smoothed", low=0, high=100),
            Output("d", Unit.PERCENT, "average of %K", low=0, high=100),
        ),
        warmup=lambda params: int(params["n"] + params["k"] + params["d"]) - 3,
        settle=none,
        words="the stochastic ({n}, {k}, {d})",
        source="k = sma(100 (close - lowest) / (highest - lowest), k), d = sma(k, d)",
    ),
    Entry(
        name="willr",
        group="oscillators",
        doc="Williams %R: how far the close is below the range's top, -100 to 0; unknown while "
        "the range is zero.",
        params=(bars("bars of the range", default=14),),
        prices=_HLC,
        outputs=value(Unit.PERCENT, -100, 0),
        warmup=within,
        settle=none,
        words="the {n}-bar Williams %R",
        source="-100 (highest - close) / (highest - lowest)",
    ),
    Entry(
        name="cci",
        group="oscillators",
        doc="Commodity channel index: distance of the typical price from its mean, in mean "
        "deviations; unknown while the typical price stands still.",
        params=(bars(low=2, high=LONGEST_WALKED),),
        prices=_HLC,
        outputs=value(Unit.PERCENT),
        warmup=within,
        settle=none,
        words="the {n}-bar CCI",
        source="(hlc3 - mean) / (0.015 x mean of |hlc3[k] - mean|)",
    ),
    Entry(
        name="mfi",
        group="oscillators",
        doc="Money flow index: money moved on rising bars as a share of all moved; unknown while "
        "nothing moves.",
        params=(bars("bars of flow", default=14),),
        prices=("high", "low", "close", "volume"),
        outputs=value(Unit.PERCENT, 0, 100),
        warmup=behind,
        settle=none,
        words="the {n}-bar MFI",
        source="100 p / (p + m), sums of hlc3 x volume over bars where hlc3 rose and fell",
    ),
    Entry(
        name="roc",
        group="oscillators",
        doc="Rate of change: the change from n bars ago in percent.",
        inputs=(X,),
        params=(bars("bars to look back"),),
        outputs=value(Unit.PERCENT),
        warmup=behind,
        settle=none,
        words="the {n}-bar rate of change of {x}",
        source="100 (x / x[n] - 1)",
    ),
    Entry(
        name="mom",
        group="oscillators",
        doc="Momentum: the difference from n bars ago.",
        inputs=(X,),
        params=(bars("bars to look back"),),
        outputs=value(Unit.INPUT),
        warmup=behind,
        settle=none,
        words="the {n}-bar momentum of {x}",
        source="x - x[n]",
    ),
)

RANGES = (
    Entry(
        name="atr",
        group="volatility",
        doc="Average true range: Wilder's average of how far prices moved in a bar, gaps included.",
        params=(bars("bars of Wilder's average", default=14),),
        prices=_HLC,
        outputs=value(Unit.PRICE, 0),
        warmup=behind,
        settle=_wilder(),
        words="the {n}-bar ATR",
        source="Wilder's average of max(high - low, |high - close[1]|, |low - close[1]|)",
    ),
    Entry(
        name="natr",
        group="volatility",
        doc="The average true range in percent of the close.",
        params=(bars("bars of Wilder's average", default=14),),
        prices=_HLC,
        outputs=value(Unit.PERCENT, 0),
        warmup=behind,
        settle=_wilder(),
        words="the {n}-bar ATR in percent",
        source="100 atr(n) / close",
    ),
    Entry(
        name="stddev",
        group="volatility",
        doc="Standard deviation of the last n values, this one included, with denominator n.",
        inputs=(X,),
        params=(bars(low=2, high=LONGEST_WALKED),),
        outputs=value(Unit.INPUT, 0),
        warmup=within,
        settle=none,
        words="the {n}-bar deviation of {x}",
        source="sqrt(sum of (x[k] - mean)^2 / n), k in 0..n-1; two passes",
    ),
    Entry(
        name="bbands",
        group="volatility",
        doc="Bollinger bands: the average, and k deviations above and below it.",
        inputs=(X,),
        params=(
            bars(low=2, high=LONGEST_WALKED),
            Param("k", "deviations from the average to each band", 0, 100, integer=False, usual=2),
        ),
        outputs=(
            Output("upper", Unit.INPUT, "average + k deviations"),
            Output("middle", Unit.INPUT, "average"),
            Output("lower", Unit.INPUT, "average - k deviations"),
        ),
        warmup=within,
        settle=none,
        words="the Bollinger bands ({n}, {k}) of {x}",
        source="sma(x, n) +- k stddev(x, n)",
    ),
)

TRENDS = (
    Entry(
        name="adx",
        group="trend",
        doc="Average directional index: how strong the trend is, whatever its direction; unknown "
        "once no bar has gone beyond the one before for as long as the n-bar RSI remembers.",
        params=(bars("bars of Wilder's averages", low=2, default=14),),
        prices=_HLC,
        outputs=value(Unit.PERCENT, 0, 100),
        warmup=lambda params: 2 * int(params["n"]) - 1,
        settle=_wilder(2),
        words="the {n}-bar ADX",
        source="Wilder's average of 100 |plus_di - minus_di| / (plus_di + minus_di)",
    ),
    Entry(
        name="plus_di",
        group="trend",
        doc="Plus directional indicator: upward movement as a share of the true range; unknown "
        "once nothing has moved for as long as the n-bar RSI remembers.",
        params=(bars("bars of Wilder's averages", low=2, default=14),),
        prices=_HLC,
        outputs=value(Unit.PERCENT, 0, 100),
        warmup=behind,
        settle=_wilder(),
        words="the {n}-bar +DI",
        source="100 x smoothed upward movement / smoothed true range",
    ),
    Entry(
        name="minus_di",
        group="trend",
        doc="Minus directional indicator: downward movement as a share of the true range; unknown "
        "once nothing has moved for as long as the n-bar RSI remembers.",
        params=(bars("bars of Wilder's averages", low=2, default=14),),
        prices=_HLC,
        outputs=value(Unit.PERCENT, 0, 100),
        warmup=behind,
        settle=_wilder(),
        words="the {n}-bar -DI",
        source="100 x smoothed downward movement / smoothed true range",
    ),
    Entry(
        name="aroon",
        group="trend",
        doc="How recent the highest high and the lowest low of n bars are: 100 on this bar, 0 n "
        "bars ago.",
        params=(bars("bars to look back", low=2),),
        prices=("high", "low"),
        outputs=(
            Output("up", Unit.PERCENT, "of the highest high", low=0, high=100),
            Output("down", Unit.PERCENT, "of the lowest low", low=0, high=100),
        ),
        warmup=behind,
        settle=none,
        words="the {n}-bar Aroon",
        source="100 (n - bars since the extreme of n + 1 bars, the latest of equals) / n",
    ),
    Entry(
        name="linearreg_slope",
        group="trend",
        doc="Slope, per bar, of the straight line that fits the last n values best.",
        inputs=(X,),
        params=(bars(low=2, high=LONGEST_WALKED),),
        outputs=value(Unit.INPUT),
        warmup=within,
        settle=none,
        words="the {n}-bar slope of {x}",
        source="least squares over x[0..n-1]",
    ),
)

INDICATORS = (*AVERAGES, *OSCILLATORS, *RANGES, *TRENDS)
