"""Why a run did what it did at a bar: every rule, what was decided, what was filled, what was held.

Plain data of numbers, names and times, for any bar of a run. Times are ISO-8601 UTC; fractions are
fractions (0.12 is 12 %); money is in quote units, sizes in base units. `report.why` words it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# States of a condition, and what a rule comes to at a close.
TRUE, FALSE, UNKNOWN = "true", "false", "unknown"

Scalar = float | str | bool


@dataclass(frozen=True)
class Value:
    """A side of a comparison, or an input of a call, as of a bar; None where it is unknown.

    `text` is what the strategy says, `formula` what that stands for with all params filled in, ""
    where it says that itself. `before` is the value one bar earlier, where the condition looks at
    it. `unit` is that of `catalog.registry.Unit`, "text" for a choice. `time` is the open of the
    bar that the value is of, where that is not the bar asked for: a slower series, or a bar back.
    """

    text: str
    value: Scalar | None
    unit: str
    formula: str = ""
    before: Scalar | None = None
    constant: bool = False
    time: str | None = None


@dataclass(frozen=True)
class Distance:
    """How far a condition is from turning over: in the unit of its sides, and as a fraction.

    `relative` is that of the threshold; None where the threshold is 0.
    """

    absolute: float
    relative: float | None


@dataclass(frozen=True)
class Condition:
    """A condition or a part of one, as of a bar.

    `form` is one of FORMS. `decides` tells whether the state of what it is a part of hangs on it.
    `op` is the operator or the function. `threshold` is the place in `values` of what the other one
    is held against. `count` of `wanted` bars have gone by as a window asks for. `reason` says why
    it is unknown. `note` says of a crossing that is not true whether the value is `short` of the
    threshold, or beyond it `already`; else what there is to know besides.
    """

    text: str
    form: str
    state: str
    decides: bool = True
    op: str = ""
    values: tuple[Value, ...] = ()
    threshold: int | None = None
    distance: Distance | None = None
    count: int | None = None
    wanted: int | None = None
    reason: str = ""
    note: str = ""
    formula: str = ""
    parts: tuple[Condition, ...] = ()

    def leaves(self) -> Iterator[Condition]:
        """Yield what it is made of at the bottom, in the order written."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


# A comparison, a crossing, a function of the catalog, a truth value, a signal by its name, a
# condition some bars ago, and what joins others.
FORMS = ("comparison", "crossing", "call", "constant", "signal", "past", "and", "or", "not")


@dataclass(frozen=True)
class RuleWhy:
    """One of the four rules at a close; `condition` is None where the strategy has no such rule.

    `effect` is one of EFFECTS: it acts, its entry is refused, it is true and there is nothing for
    it to do, or it is not true.
    """

    name: str
    state: str
    effect: str
    condition: Condition | None


EFFECTS = ("acts", "refused", "ignored", "nothing")


@dataclass(frozen=True)
class FillWhy:
    """One execution: `direction` is `buy` or `sell`, `reason` that of an entry or an exit.

    `reference` is the price before slippage, `slippage` what that cost, `level` the protective
    level that was reached.
    """

    time: str
    direction: str
    size: float
    price: float
    reference: float
    slippage: float
    fee: float
    reason: str
    level: float | None = None


@dataclass(frozen=True)
class CutWhy:
    """What made an entry smaller: `by` is `scale_by`, `risk_levels` or `cash`; base units."""

    by: str
    before: float
    after: float


@dataclass(frozen=True)
class DecisionWhy:
    """What follows from a close: why the position leaves, which side is entered, what is refused.

    `exit` is one of CLOSE_EXITS, `entry` one of ENTRY_REASONS, `refused` one of REFUSALS; "" where
    there is none. An entry that was refused at the open has both. `carried` is False at the last
    close of a run, whose decisions come to nothing. `waiting` is what an entry needs and was not
    known, `minimum` the least notional of an entry, `cuts` what made it smaller.
    """

    exit: str = ""
    entry: str = ""
    refused: str = ""
    carried: bool = True
    waiting: tuple[str, ...] = ()
    minimum: float | None = None
    cuts: tuple[CutWhy, ...] = ()


@dataclass(frozen=True)
class LevelWhy:
    """A protective level, and the move of the price that reaches it, as a fraction.

    `name` is one of BAR_EXITS. The move is from the close, or for a level that worked in the bar
    from the low or high that came nearest to it, which `reached` it or not. Of two stops the
    tighter one `counts`.
    """

    name: str
    price: float
    move: float
    counts: bool = True
    reached: bool = False


@dataclass(frozen=True)
class PositionWhy:
    """The position held at a close, with the levels that work from here on.

    `bars` counts those held, the entry bar included; `profit` is net of the entry's commission;
    `time_exit` is the number of bars after which it leaves.
    """

    side: str
    size: float
    entry_time: str
    entry_price: float
    bars: int
    profit: float
    levels: tuple[LevelWhy, ...]
    time_exit: int | None = None


@dataclass(frozen=True)
class AccountWhy:
    """The account at a close, and the limits that are judged on it.

    `drawdown` is a positive fraction of `peak`; `day_reference` is the equity that the day's loss
    is measured from. `cooldown_left` counts the closes, this one included, at which entries are
    still refused. `stopped` is the limit that has ended trading: `ruin`, `max_drawdown` or, for the
    day, `daily_loss`; "" where none has.
    """

    equity: float
    cash: float
    peak: float
    drawdown: float
    day_reference: float
    day_return: float | None
    max_drawdown: float | None
    daily_loss: float | None
    cooldown: int | None
    cooldown_left: int
    stopped: str = ""


@dataclass(frozen=True)
class VoteWhy:
    """One request to a model: what was asked and what came back."""

    prompt: str
    reply: str | None
    answer: Mapping[str, str | int] | None
    why: str
    rejected: tuple[str | None, ...] = ()
    cached: bool = False


@dataclass(frozen=True)
class ModelWhy:
    """The answer of a signal's model that applied at a close.

    `asked_at` is the open of the bar at whose close it was asked, None where no answer applied;
    `here` tells that it was at this close. `answer` None with a time is an abstention.
    """

    signal: str
    provider: str
    model: str
    asked_at: str | None
    here: bool
    bars_ago: int | None
    valid_for: int | None
    answer: Mapping[str, str | int] | None
    why: str
    templates: tuple[str, ...]
    votes: tuple[VoteWhy, ...] = ()


@dataclass(frozen=True)
class CandleWhy:
    """The bar itself."""

    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True)
class Why:
    """All there is to say about a bar of a run, traded or not.

    `at` is the open of the bar, `closes` its close, `bar` its place in the run from 0. `fills` are
    those inside the bar, `worked` the levels of a position that worked in it, `next` the fills at
    the next open that follow from this close. `differs` is empty where the run came out again as
    it was; else what is known of the difference, and all the rest is of the run as it comes out
    now.
    """

    run_id: str
    strategy: str
    symbol: str
    timeframe: str
    at: str
    closes: str
    bar: int
    bars: int
    candle: CandleWhy
    differs: tuple[str, ...]
    rules: tuple[RuleWhy, ...]
    decision: DecisionWhy
    fills: tuple[FillWhy, ...]
    worked: tuple[LevelWhy, ...]
    next: tuple[FillWhy, ...]
    account: AccountWhy
    position: PositionWhy | None
    models: tuple[ModelWhy, ...] = ()
