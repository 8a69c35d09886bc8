"""Declarations of the language's own functions: crossings, windows, changes, the clock."""

from __future__ import annotations

from rtrade.catalog.registry import Entry, Input, Kind, Number, Output, Param, Params, Unit

LONGEST = 100_000
# Windows that are gone through bar by bar, so that their cost grows with their length.
LONGEST_WALKED = 10_000

_CONDITION = Output("value", Unit.NONE, kind=Kind.BOOLEAN)
_X = Input("x", "a number series")
_A = Input("a", "a number series")
_B = Input("b", "a number series or a constant")
_C = Input("c", "a condition", Kind.BOOLEAN)


def none(_: Params) -> int:
    """Return 0: nothing to wait for."""
    return 0


def one(_: Params) -> int:
    """Return 1: the bar before is needed."""
    return 1


def within(params: Params) -> int:
    """Return the bars before a window of n bars is full."""
    return int(params["n"]) - 1


def behind(params: Params) -> int:
    """Return n: the n bars before this one are needed."""
    return int(params["n"])


def bars(
    doc: str = "bars in the window, this one included",
    *,
    low: int = 1,
    high: int = LONGEST,
    default: Number | None = None,
    usual: Number = 20,
) -> Param:
    """Return the parameter `n`, a number of bars."""
    return Param("n", doc, low, high, default, usual=usual)


def _same(name: str, low: float | None = None) -> tuple[Output, ...]:
    return (Output("value", Unit.INPUT, name, low=low),)


CONDITIONS = (
    Entry(
        name="crosses_above",
        group="conditions",
        doc="True on the bar where `a` comes from at or below `b` to above it.",
        inputs=(_A, _B),
        outputs=(_CONDITION,),
        warmup=one,
        settle=none,
        words="{a} crosses above {b}",
        source="a[1] <= b[1] and a > b",
    ),
    Entry(
        name="crosses_below",
        group="conditions",
        doc="True on the bar where `a` comes from at or above `b` to below it.",
        inputs=(_A, _B),
        outputs=(_CONDITION,),
        warmup=one,
        settle=none,
        words="{a} crosses below {b}",
        source="a[1] >= b[1] and a < b",
    ),
    Entry(
        name="rising",
        group="conditions",
        doc="True after n strict rises in a row.",
        inputs=(_X,),
        params=(bars("rises in a row", usual=3),),
        outputs=(_CONDITION,),
        warmup=behind,
        settle=none,
        words="{x} has risen {n} bars in a row",
        source="x > x[1] and x[1] > x[2] and ... and x[n-1] > x[n]",
    ),
    Entry(
        name="falling",
        group="conditions",
        doc="True after n strict falls in a row.",
        inputs=(_X,),
        params=(bars("falls in a row", usual=3),),
        outputs=(_CONDITION,),
        warmup=behind,
        settle=none,
        words="{x} has fallen {n} bars in a row",
        source="x < x[1] and x[1] < x[2] and ... and x[n-1] < x[n]",
    ),
    Entry(
        name="held_for",
        group="conditions",
        doc="True where the condition was true on each of the last n bars, this one included.",
        inputs=(_C,),
        params=(bars(usual=3),),
        outputs=(_CONDITION,),
        warmup=within,
        settle=none,
        words="{c}, for {n} bars",
        source="c and c[1] and ... and c[n-1]",
    ),
    Entry(
        name="occurred_within",
        group="conditions",
        doc="True where the condition was true on any of the last n bars, this one included.",
        inputs=(_C,),
        params=(bars(usual=5),),
        outputs=(_CONDITION,),
        warmup=within,
        settle=none,
        words="{c}, within the last {n} bars",
        source="c or c[1] or ... or c[n-1]",
    ),
    Entry(
        name="between",
        group="conditions",
        doc="True where the value lies between two others, both ends included.",
        inputs=(
            _X,
            Input("low", "the lower end, a number series or a constant"),
            Input("high", "the upper end, a number series or a constant"),
        ),
        outputs=(_CONDITION,),
        warmup=none,
        settle=none,
        words="{x} is between {low} and {high}",
        source="low <= x and x <= high",
    ),
)

WINDOWS = (
    Entry(
        name="count_true",
        group="windows",
        doc="On how many of the last n bars the condition was true, this one included; "
        "unknown while the condition is unknown on one of them.",
        inputs=(_C,),
        params=(bars(),),
        outputs=(Output("value", Unit.COUNT, "bars", low=0),),
        warmup=within,
        settle=none,
        words="the number of the last {n} bars with {c}",
        source="the number of k in 0..n-1 with c[k]",
    ),
    Entry(
        name="highest",
        group="windows",
        doc="The highest value of the last n bars, this one included.",
        inputs=(_X,),
        params=(bars(),),
        outputs=_same("the highest value"),
        warmup=within,
        settle=none,
        words="the highest {x} of {n} bars",
        source="max of x[0..n-1]",
    ),
    Entry(
        name="lowest",
        group="windows",
        doc="The lowest value of the last n bars, this one included.",
        inputs=(_X,),
        params=(bars(),),
        outputs=_same("the lowest value"),
        warmup=within,
        settle=none,
        words="the lowest {x} of {n} bars",
        source="min of x[0..n-1]",
    ),
    Entry(
        name="zscore",
        group="windows",
        doc="How many deviations the value is from the mean of the last n bars, this one "
        "included; unknown where they are all equal.",
        inputs=(_X,),
        params=(bars(low=2, high=LONGEST_WALKED),),
        outputs=(Output("value", Unit.RATIO, "deviations from the mean"),),
        warmup=within,
        settle=none,
        words="the z-score of {x} over {n} bars",
        source="(x - mean) / deviation, with denominator n",
    ),
    Entry(
        name="percent_rank",
        group="windows",
        doc="The share (0 to 100) of the n bars before whose value is strictly below this one.",
        inputs=(_X,),
        params=(bars("bars before this one", high=LONGEST_WALKED, usual=100),),
        outputs=(Output("value", Unit.PERCENT, "share of lower values", low=0, high=100),),
        warmup=behind,
        settle=none,
        words="the percent rank of {x} over {n} bars",
        source="100 / n x the number of k in 1..n with x[k] < x",
    ),
    Entry(
        name="vwap",
        group="windows",
        doc="The volume-weighted average price of the last n bars, this one included; unknown "
        "where nothing was traded.",
        params=(bars(),),
        prices=("high", "low", "close", "volume"),
        outputs=(Output("value", Unit.PRICE, "price", low=0),),
        warmup=within,
        settle=none,
        words="the {n}-bar VWAP",
        source="sum of hlc3 x volume / sum of volume",
    ),
    Entry(
        name="log_return_deviation",
        group="windows",
        doc="The sample deviation of the last n log returns: volatility per bar.",
        inputs=(_X,),
        params=(bars("returns in the window", low=2, high=LONGEST_WALKED),),
        outputs=(Output("value", Unit.RATIO, "deviation per bar", low=0),),
        warmup=behind,
        settle=none,
        words="the deviation of the last {n} log returns of {x}",
        source="sqrt(sum of (r - mean)^2 / (n - 1)), r = log(x / x[1]); two passes, oldest first",
    ),
)

CHANGES = (
    Entry(
        name="change",
        group="changes",
        doc="The difference from n bars ago.",
        inputs=(_X,),
        params=(bars("bars to look back", default=1),),
        outputs=_same("the difference"),
        warmup=behind,
        settle=none,
        words="the change of {x} over {n} bars",
        source="x - x[n]",
    ),
    Entry(
        name="pct_change",
        group="changes",
        doc="The change from n bars ago as a fraction: 0.02 is 2 %.",
        inputs=(_X,),
        params=(bars("bars to look back", default=1),),
        outputs=(Output("value", Unit.RATIO, "a fraction"),),
        warmup=behind,
        settle=none,
        words="the relative change of {x} over {n} bars",
        source="x / x[n] - 1",
    ),
)

ELEMENTS = (
    Entry(
        name="min",
        group="arithmetic",
        doc="The lower of two values, bar by bar.",
        inputs=(_A, _B),
        outputs=_same("the lower value"),
        warmup=none,
        settle=none,
        words="the lower of {a} and {b}",
        source="a if a <= b else b",
    ),
    Entry(
        name="max",
        group="arithmetic",
        doc="The higher of two values, bar by bar.",
        inputs=(_A, _B),
        outputs=_same("the higher value"),
        warmup=none,
        settle=none,
        words="the higher of {a} and {b}",
        source="a if a >= b else b",
    ),
    Entry(
        name="abs",
        group="arithmetic",
        doc="The value without its sign.",
        inputs=(_X,),
        outputs=_same("the size", low=0),
        warmup=none,
        settle=none,
        words="the size of {x}",
        source="x if x >= 0 else -x",
    ),
    Entry(
        name="hour",
        group="clock",
        doc="The hour (0 to 23, UTC) in which the bar opened.",
        prices=("time",),
        outputs=(Output("value", Unit.COUNT, "hour", low=0, high=23),),
        warmup=none,
        settle=none,
        words="the hour (UTC)",
        source="open time / 1 h, modulo 24",
    ),
    Entry(
        name="weekday",
        group="clock",
        doc="The day of the week (Monday 0 to Sunday 6, UTC) on which the bar opened.",
        prices=("time",),
        outputs=(Output("value", Unit.COUNT, "day", low=0, high=6),),
        warmup=none,
        settle=none,
        words="the weekday (Monday 0, UTC)",
        source="open time / 24 h + 3, modulo 7; 1970-01-01 was a Thursday",
    ),
)

FUNCTIONS = (*CONDITIONS, *WINDOWS, *CHANGES, *ELEMENTS)
