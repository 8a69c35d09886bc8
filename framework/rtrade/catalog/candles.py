"""Declarations of candlestick patterns: what TA-Lib looks for, in a table.

A pattern is 0 on most bars, 100 where it is seen and said to be followed by a rise, -100 where by
a fall; 80 and 200 are weaker and confirmed ones. What is long, short or near is measured against
the bars before: the average body or range of the last 10, mostly.
"""

# ruff: noqa: E501  # a pattern is read as one row

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rtrade.catalog.functions import none
from rtrade.catalog.registry import Entry, Output, Param, Params, Unit

_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Pattern:
    """A row of the table: `sides` are the signs that it can have, `depth` its penetration."""

    name: str
    title: str
    warmup: int
    sides: str
    doc: str
    depth: float | None = None
    top: int = 100


PATTERNS = (
    Pattern("cdl2crows", "two crows", 12, "-", "A long rise, a gap up that falls, and a fall that ends in the body of the first."),
    Pattern("cdl3blackcrows", "three black crows", 13, "-", "Three falls in a row, each opening in the body before and closing near its low."),
    Pattern("cdl3inside", "three inside", 12, "+-", "A small bar within the body of a long one, and a third that closes beyond the first."),
    Pattern("cdl3linestrike", "three-line strike", 8, "+-", "Three moves one way, and one bar that takes all of them back."),
    Pattern("cdl3outside", "three outside", 3, "+-", "A body that engulfs the one before, and a third bar that goes on its way."),
    Pattern("cdl3starsinsouth", "three stars in the south", 12, "+", "Three falls that get smaller, each within the range before."),
    Pattern("cdl3whitesoldiers", "three white soldiers", 12, "+", "Three rises in a row, each opening in the body before and closing near its high."),
    Pattern("cdlabandonedbaby", "abandoned baby", 12, "+-", "A doji that stands alone, with gaps on both sides, between a long bar and its reversal.", 0.3),
    Pattern("cdladvanceblock", "advance block", 12, "-", "Three rises that weaken: smaller bodies, longer upper shadows."),
    Pattern("cdlbelthold", "belt-hold", 10, "+-", "A long body that opens at the end of its range."),
    Pattern("cdlbreakaway", "breakaway", 14, "+-", "A gap that three bars follow, and a bar that closes back within it."),
    Pattern("cdlclosingmarubozu", "closing marubozu", 10, "+-", "A long body that closes at the end of its range."),
    Pattern("cdlconcealbabyswall", "concealing baby swallow", 13, "+", "Two falls without shadows, a third with an upper one, and a fourth that engulfs it."),
    Pattern("cdlcounterattack", "counterattack", 11, "+-", "Two long bodies of opposite colours that close at about the same price."),
    Pattern("cdldarkcloudcover", "dark cloud cover", 11, "-", "After a long rise an open above its high, and a close deep in its body.", 0.5),
    Pattern("cdldoji", "doji", 10, "+", "Open and close are about equal. It says nothing about the direction."),
    Pattern("cdldojistar", "doji star", 11, "+-", "A doji beyond a gap after a long body."),
    Pattern("cdldragonflydoji", "dragonfly doji", 10, "+", "A doji at the top of its range, with a long lower shadow."),
    Pattern("cdlengulfing", "engulfing", 2, "+-", "A body that holds all of the opposite one before; 80 where they share an end."),
    Pattern("cdleveningdojistar", "evening doji star", 12, "-", "A long rise, a doji beyond a gap, and a fall deep into the first body.", 0.3),
    Pattern("cdleveningstar", "evening star", 12, "-", "A long rise, a small body beyond a gap, and a fall deep into the first body.", 0.3),
    Pattern("cdlgapsidesidewhite", "side-by-side white lines", 7, "+-", "Beyond a gap two rises of about the same size, from about the same open."),
    Pattern("cdlgravestonedoji", "gravestone doji", 10, "+", "A doji at the bottom of its range, with a long upper shadow."),
    Pattern("cdlhammer", "hammer", 11, "+", "A small body near the low of the bar before, with a long lower shadow and next to no upper one."),
    Pattern("cdlhangingman", "hanging man", 11, "-", "A small body near the high of the bar before, with a long lower shadow and next to no upper one."),
    Pattern("cdlharami", "harami", 11, "+-", "A short body within the long one before; 80 where they share an end."),
    Pattern("cdlharamicross", "harami cross", 11, "+-", "A doji within the long body before; 80 where they share an end."),
    Pattern("cdlhighwave", "high wave", 10, "+-", "A short body with very long shadows on both sides."),
    Pattern("cdlhikkake", "hikkake", 5, "+-", "An inside bar and a false break from it; 200 where a bar soon after confirms it.", None, 200),
    Pattern("cdlhikkakemod", "modified hikkake", 10, "+-", "A hikkake whose inside bar stands within another one, near its end; 200 where it is confirmed.", None, 200),
    Pattern("cdlhomingpigeon", "homing pigeon", 11, "+", "A short fall within the body of the long fall before."),
    Pattern("cdlidentical3crows", "identical three crows", 12, "-", "Three falls in a row, each opening at about the close before."),
    Pattern("cdlinneck", "in-neck", 11, "-", "After a long fall an open below its low, and a close barely into its body."),
    Pattern("cdlinvertedhammer", "inverted hammer", 11, "+", "A small body below a gap, with a long upper shadow and next to no lower one."),
    Pattern("cdlkicking", "kicking", 11, "+-", "Two long bodies without shadows, of opposite colours, with a gap between."),
    Pattern("cdlkickingbylength", "kicking by length", 11, "+-", "A kicking whose side is that of the longer body."),
    Pattern("cdlladderbottom", "ladder bottom", 14, "+", "Three falls, a fourth with an upper shadow, and a rise that opens above it."),
    Pattern("cdllongleggeddoji", "long-legged doji", 10, "+", "A doji with a long shadow."),
    Pattern("cdllongline", "long line", 10, "+-", "A long body with short shadows."),
    Pattern("cdlmarubozu", "marubozu", 10, "+-", "A long body with next to no shadows."),
    Pattern("cdlmatchinglow", "matching low", 6, "+", "Two falls that close at about the same price."),
    Pattern("cdlmathold", "mat hold", 14, "+", "A long rise, small bars that hold most of it, and a new high.", 0.5),
    Pattern("cdlmorningdojistar", "morning doji star", 12, "+", "A long fall, a doji beyond a gap, and a rise deep into the first body.", 0.3),
    Pattern("cdlmorningstar", "morning star", 12, "+", "A long fall, a small body beyond a gap, and a rise deep into the first body.", 0.3),
    Pattern("cdlonneck", "on-neck", 11, "-", "After a long fall an open below its low, and a close at about that low."),
    Pattern("cdlpiercing", "piercing", 11, "+", "After a long fall an open below its low, and a close above the middle of its body."),
    Pattern("cdlrickshawman", "rickshaw man", 10, "+", "A long-legged doji with its body near the middle of the range."),
    Pattern("cdlrisefall3methods", "rising and falling three methods", 14, "+-", "A long bar, three small ones within its range, and a long one that goes on."),
    Pattern("cdlseparatinglines", "separating lines", 11, "+-", "Opposite colours from about the same open, the second long and without a shadow behind it."),
    Pattern("cdlshootingstar", "shooting star", 11, "-", "A small body above a gap, with a long upper shadow and next to no lower one."),
    Pattern("cdlshortline", "short line", 10, "+-", "A short body with short shadows."),
    Pattern("cdlspinningtop", "spinning top", 10, "+-", "A short body with shadows longer than it."),
    Pattern("cdlstalledpattern", "stalled", 12, "-", "Two long rises, and a small one that gets no farther."),
    Pattern("cdlsticksandwich", "stick sandwich", 7, "+", "A fall, a rise above it, and a fall that closes at about the first close."),
    Pattern("cdltakuri", "takuri", 10, "+", "A dragonfly doji with a very long lower shadow."),
    Pattern("cdltasukigap", "tasuki gap", 7, "+-", "A gap, and an opposite bar that opens in the body and closes in the gap."),
    Pattern("cdlthrusting", "thrusting", 11, "-", "After a long fall an open below its low, and a close in its body, below the middle."),
    Pattern("cdltristar", "tristar", 12, "+-", "Three dojis, the middle one beyond a gap."),
    Pattern("cdlunique3river", "unique three river", 12, "+", "A long fall, a body within it with a new low, and a short rise below that."),
    Pattern("cdlupsidegap2crows", "upside gap two crows", 12, "-", "A long rise, and beyond a gap two falls, the second of which engulfs the first."),
    Pattern("cdlxsidegap3methods", "gap three methods", 2, "+-", "Two bars with a gap between, and an opposite one that closes it."),
)  # fmt: skip


def _warmup(bars: int) -> Callable[[Params], int]:
    return lambda _: bars


def _entry(pattern: Pattern) -> Entry:
    depth: tuple[Param, ...] = ()
    if pattern.depth is not None:
        doc = "how deep the last bar reaches into the first body, as a share of it"
        depth = (Param("depth", doc, 0, 1, pattern.depth, integer=False),)
    words = f"the {pattern.title} pattern" + (" ({depth})" if depth else "")
    low = -pattern.top if "-" in pattern.sides else 0
    high = pattern.top if "+" in pattern.sides else 0
    return Entry(
        pattern.name,
        "candles",
        pattern.doc,
        (Output("value", Unit.NONE, "how strongly, and its side", low=low, high=high),),
        _warmup(pattern.warmup),
        none,
        params=depth,
        prices=_PRICES,
        words=words,
        source=f"TA-Lib's {pattern.name.upper()}, on prices rounded to 12 digits",
    )


CANDLES = tuple(map(_entry, PATTERNS))
