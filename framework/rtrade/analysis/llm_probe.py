"""Does a model judge the market that it is shown, or what it remembers of it?

The same decision points are shown under several disguises, and answers are compared point by point:

- `anonymised`: no symbol, no dates, prices rebased; what the others are compared with,
- `repeated`: the same once more, with another seed: how steady answers are by themselves,
- `named`: with symbol, dates and prices,
- `shifted`: named, with dates some years earlier,
- `flipped`: anonymised, prices mirrored: every rise is a fall of the same size,
- `shuffled`: anonymised, the same bars in another order: the same market without its course.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField
from rtrade.core.bars import Bars, IntArray, MarketData
from rtrade.core.timeframes import WEEK

Disguise = Literal["anonymised", "repeated", "named", "shifted", "flipped", "shuffled"]

# What each is compared with.
COMPARED: Mapping[Disguise, Disguise] = {
    "repeated": "anonymised",
    "named": "anonymised",
    "shifted": "named",
    "flipped": "anonymised",
    "shuffled": "anonymised",
}
# Those that change nothing but what the market can be recognised by.
NAMING: tuple[Disguise, ...] = ("named", "shifted")
# Four years of whole weeks, so that days of the week stay; months stay months.
_WEEKS, _MONTHS = 208, 48
# Numbers agree that are no further apart than this share of their range.
NEAR = 0.1

Value = str | int | None


@dataclass(frozen=True)
class Shown:
    """What a model made of one disguise: its answer at each point, None for an abstention.

    `prompts` are the last messages of the questions, to tell disguises apart that change nothing.
    """

    values: tuple[Value, ...]
    prompts: tuple[str, ...]


@dataclass(frozen=True)
class Agreement:
    """One disguise beside what it is compared with.

    `points` have an answer in both, `agreed` of them the same; `changed` prompts differ at all.
    """

    points: int
    agreed: int
    changed: int

    @property
    def rate(self) -> float | None:
        """The share of points that agree; None where there are none."""
        return self.agreed / self.points if self.points else None


@dataclass(frozen=True)
class Verdict:
    """What the comparisons come to; fractions, None where too much went unanswered.

    `steady` is the agreement of the repetition. `leak` = max(0, steady - min(named, shifted)):
    how much less answers agree when only the name or the dates change. `reaction` =
    max(0, steady - min(flipped, shuffled)): how much less they agree when the market changes.
    `most` is the most frequent answer to `anonymised`, with its share.
    """

    agreements: Mapping[Disguise, Agreement]
    steady: float | None
    leak: float | None
    reaction: float | None
    most: tuple[str | int, float] | None

    @property
    def reacts(self) -> bool | None:
        """Whether the model reacts to what it is shown at all; None: cannot be told."""
        return None if self.reaction is None else self.reaction > 0


def deciding_field(fields: Sequence[AnswerField]) -> EnumField | IntegerField:
    """Return the field that answers are compared by: the first choice, else the first number.

    A model that is asked has one of the two: text decides nothing.
    """
    choices = [one for one in fields if isinstance(one, EnumField)]
    return choices[0] if choices else next(one for one in fields if isinstance(one, IntegerField))


def judge(shown: Mapping[Disguise, Shown], form: EnumField | IntegerField) -> Verdict:
    """Compare the disguises and return what follows from it."""
    found = {name: _compared(shown[name], shown[other], form) for name, other in COMPARED.items()}
    steady = found["repeated"].rate
    given = Counter(value for value in shown["anonymised"].values if value is not None)
    most = None
    if given:
        # Of equals, the one that was answered first.
        value, count = given.most_common(1)[0]
        most = (value, count / given.total())
    return Verdict(
        agreements=found,
        steady=steady,
        leak=_lost(steady, found["named"].rate, found["shifted"].rate),
        reaction=_lost(steady, found["flipped"].rate, found["shuffled"].rate),
        most=most,
    )


def _lost(steady: float | None, first: float | None, second: float | None) -> float | None:
    if steady is None or first is None or second is None:
        return None
    return max(0.0, steady - min(first, second))


def _compared(one: Shown, other: Shown, form: EnumField | IntegerField) -> Agreement:
    pairs = [
        (left, right)
        for left, right in zip(one.values, other.values, strict=True)
        if left is not None and right is not None
    ]
    return Agreement(
        points=len(pairs),
        agreed=sum(_agree(left, right, form) for left, right in pairs),
        changed=sum(a != b for a, b in zip(one.prompts, other.prompts, strict=True)),
    )


def _agree(left: str | int, right: str | int, form: EnumField | IntegerField) -> bool:
    if isinstance(form, EnumField):
        return left == right
    return abs(int(left) - int(right)) <= NEAR * (form.high - form.low)


def mirrored(market: MarketData) -> MarketData:
    """Return the market upside down: each price p is c^2 / p, c the first close of its series."""
    return _each(market, _mirrored)


def moved(market: MarketData) -> MarketData:
    """Return the market with its dates 208 weeks (bars of months: 48 months) earlier."""
    return _each(market, _moved)


def reordered(market: MarketData, order: Callable[[int], IntArray]) -> MarketData:
    """Return the market with the bars of each series in another order, times as they are.

    `order(n)` is a permutation of 0 .. n - 1. A bar keeps its shape relative to the close before
    it, and its volume; the first bar's open and the last close stay where they were.
    """
    return _each(market, lambda bars: _reordered(bars, order(len(bars))))


def _each(market: MarketData, change: Callable[[Bars], Bars]) -> MarketData:
    others = {name: change(bars) for name, bars in market.others.items()}
    return replace(market, base=change(market.base), others=others)


def _mirrored(bars: Bars) -> Bars:
    square = bars.close[0] ** 2 if len(bars) else 1.0
    return replace(
        bars,
        open=square / bars.open,
        high=square / bars.low,
        low=square / bars.high,
        close=square / bars.close,
    )


def _moved(bars: Bars) -> Bars:
    frame = bars.timeframe
    if frame.months:
        return replace(bars, time=frame.opens(frame.numbers(bars.time) - _MONTHS // frame.months))
    return replace(bars, time=bars.time - _WEEKS * WEEK)


def _reordered(bars: Bars, order: IntArray) -> Bars:
    if not len(bars):
        return bars
    before = np.concatenate([bars.open[:1], bars.close[:-1]])
    close = bars.open[0] * np.cumprod((bars.close / before)[order])
    start = np.concatenate([bars.open[:1], close[:-1]])
    return replace(
        bars,
        open=start * (bars.open / before)[order],
        high=start * (bars.high / before)[order],
        low=start * (bars.low / before)[order],
        close=close,
        volume=bars.volume[order],
    )
