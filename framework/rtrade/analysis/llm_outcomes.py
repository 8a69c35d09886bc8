"""What came of decisions: what they did, how prices moved after them, and whether they were right.

A decision at the close of a bar acts from the open of the next one. It is judged from that open to
the open at which the next decision of the same signal acts. Where a model is asked on a condition,
when it is asked again depends on the price, and judging until then would favour one side; such
decisions are judged over a number of bars. The last close of the run ends all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rtrade.analysis.llm_decisions import DecisionRecord
from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.results import Trade

BINS = 10


@dataclass(frozen=True)
class Outcome:
    """What came of a decision.

    `points` is which way its answer points: +1 up, -1 down, 0 neither or abstained. `moved` is how
    far the price went over its time (a fraction), None where no bar followed. `entered` and `left`
    number (from 1) the trades that began in its time, and those that a rule then closed. `held` is
    the side of the position at the close of the first bar on which it acted, None without one.
    """

    points: int
    moved: float | None
    entered: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    held: int | None = None

    @property
    def right(self) -> bool | None:
        """Whether the price went where the answer points; None where either is neither way."""
        if not self.points or not self.moved:
            return None
        return self.points * self.moved > 0


@dataclass(frozen=True)
class Judge:
    """How answers of a signal are judged: by which field they point, and how sure they are.

    `points` is the way of each choice of `field` (`llm_rules.directions`); `confidence` is a field
    of whole numbers in `low..high`, None where the answer has none. `horizon` is over how many
    bars they are judged, None: until the next decision.
    """

    field: str | None
    points: Mapping[str, int]
    confidence: str | None = None
    low: int = 0
    high: int = 100
    horizon: int | None = None

    def way(self, one: DecisionRecord) -> int:
        """Return which way a decision points."""
        if one.values is None or self.field is None:
            return 0
        return self.points.get(str(one.values.get(self.field)), 0)

    def sure(self, one: DecisionRecord) -> float | None:
        """Return how sure an answer says it is, as a fraction of the range of the field."""
        if one.values is None or self.confidence is None or self.high == self.low:
            return None
        return (float(one.values[self.confidence]) - self.low) / (self.high - self.low)


def outcomes(
    decisions: Sequence[DecisionRecord],
    judges: Mapping[str, Judge],
    bars: Bars,
    position: FloatArray,
    trades: Sequence[Trade],
) -> tuple[Outcome, ...]:
    """Return the outcome of each decision; `bars` and `position` are those of the run."""
    times = np.array([one.time for one in decisions], dtype=np.int64)
    places = np.searchsorted(bars.time, times, side="right") - 1
    ends = _ends(decisions, places.tolist(), len(bars) - 1)
    entries = np.array([trade.entry_bar for trade in trades], dtype=np.int64)
    ruled = [
        trade.exit_bar if trade.exit_reason == "rule" and trade.exit_bar is not None else -1
        for trade in trades
    ]
    exits = np.array(ruled, dtype=np.int64)
    return tuple(
        Outcome(
            points=judges[one.signal].way(one),
            moved=_moved(bars, at, _judged_until(judges[one.signal], at, end, len(bars) - 1)),
            entered=_within(entries, at, end),
            left=_within(exits, at, end),
            held=int(np.sign(position[at + 1])) if 0 <= at + 1 < len(bars) else None,
        )
        for one, at, end in zip(decisions, places.tolist(), ends, strict=True)
    )


def _ends(decisions: Sequence[DecisionRecord], places: list[int], last: int) -> list[int]:
    """Return for each decision the bar of the next one of its signal, or the last bar."""
    ends, following = [last] * len(places), dict[str, int]()
    for number in range(len(places) - 1, -1, -1):
        ends[number] = following.get(decisions[number].signal, last)
        following[decisions[number].signal] = places[number]
    return ends


def _judged_until(judge: Judge, at: int, end: int, last: int) -> int:
    return end if judge.horizon is None else min(at + judge.horizon, last)


def _moved(bars: Bars, at: int, end: int) -> float | None:
    if at + 1 >= len(bars) or at < -1:
        return None
    last = bars.open[end + 1] if end + 1 < len(bars) else bars.close[-1]
    return float(last / bars.open[at + 1]) - 1


def _within(bars: IntArray, at: int, end: int) -> tuple[int, ...]:
    """Return the numbers of the trades with a fill decided at closes from `at` to before `end`."""
    return tuple((np.flatnonzero((bars > at) & (bars <= end)) + 1).tolist())


@dataclass(frozen=True)
class Bin:
    """Decisions that said to be about as sure: `low..high` as fractions, `sure` is their mean."""

    low: float
    high: float
    count: int
    right: int
    sure: float | None

    @property
    def share(self) -> float | None:
        """The share of them that was right."""
        return self.right / self.count if self.count else None


@dataclass(frozen=True)
class Reliability:
    """How sure a model said to be, and how often it was right.

    `brier` is the mean squared distance between the two (0 perfect; 0.25 that of always saying
    one half), `guess` that of always saying the share that was right. `between` is the 95 %
    interval (Wilson) of the share.
    """

    signal: str
    field: str
    bins: tuple[Bin, ...]
    count: int
    right: int
    brier: float
    guess: float
    between: tuple[float, float]


def reliability(
    signal: str,
    judge: Judge,
    decisions: Sequence[DecisionRecord],
    found: Sequence[Outcome],
) -> Reliability | None:
    """Return how the confidence of `signal` met outcomes; None where there is none to meet.

    Counted are decisions that point a way and were followed by a move.
    """
    pairs = [
        (sure, outcome.right)
        for one, outcome in zip(decisions, found, strict=True)
        if one.signal == signal
        and outcome.right is not None
        and (sure := judge.sure(one)) is not None
    ]
    if not pairs or judge.confidence is None:
        return None
    right = sum(hit for _, hit in pairs)
    share = right / len(pairs)
    return Reliability(
        signal=signal,
        field=judge.confidence,
        bins=_bins(pairs),
        count=len(pairs),
        right=right,
        brier=sum((sure - hit) ** 2 for sure, hit in pairs) / len(pairs),
        guess=share * (1 - share),
        between=wilson(right, len(pairs)),
    )


def _bins(pairs: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    placed: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for sure, hit in pairs:
        # The highest of all belongs to the last bin.
        placed[min(int(sure * BINS + 1e-9), BINS - 1)].append((sure, hit))
    return tuple(
        Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            count=len(group),
            right=sum(hit for _, hit in group),
            sure=sum(sure for sure, _ in group) / len(group) if group else None,
        )
        for place, group in enumerate(placed)
    )


def wilson(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` > 0 (E. B. Wilson, 1927)."""
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * (share * (1 - share) / count + (z / (2 * count)) ** 2) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)
