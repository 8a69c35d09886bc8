"""What a run filled, held and decided at a bar that was watched, as plain facts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rtrade.analysis.why import (
    TRUE,
    AccountWhy,
    Condition,
    CutWhy,
    DecisionWhy,
    FillWhy,
    LevelWhy,
    PositionWhy,
    RuleWhy,
)
from rtrade.analysis.why_values import Place, Values
from rtrade.core.bars import Bars
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, Fill
from rtrade.core.timeframes import iso
from rtrade.execution import core
from rtrade.execution.positions import Position
from rtrade.execution.watching import WatchedBar
from rtrade.plan.plan import Plan

_SIDES = {"enter_long": 1, "exit_long": 1, "enter_short": -1, "exit_short": -1}


@dataclass(frozen=True, eq=False)
class Scene:
    """A bar of a run and what was watched of it; `bars` are those of the run."""

    plan: Plan
    bars: Bars
    values: Values
    seen: WatchedBar
    after: WatchedBar | None
    minimum: float | None

    @property
    def bar(self) -> int:
        """The bar, counted from the run's first."""
        return self.seen.bar

    # Fills

    def fills(self) -> tuple[FillWhy, ...]:
        """Return the fills in the bar."""
        return tuple(_fill(fill, self.seen.worked) for fill in self.seen.fills)

    def next(self) -> tuple[FillWhy, ...]:
        """Return the fills at the next open, which were decided at this close."""
        if self.after is None:
            return ()
        decided = (*CLOSE_EXITS, *ENTRY_REASONS)
        return tuple(_fill(one, None) for one in self.after.fills if one.reason in decided)

    # Levels and position

    def worked(self) -> tuple[LevelWhy, ...]:
        """Return the levels that worked in the bar."""
        held, at = self.seen.worked, self.bar
        if held is None:
            return ()
        low, high = float(self.bars.low[at]), float(self.bars.high[at])
        near = {"take_profit": high if held.side > 0 else low}
        stops = low if held.side > 0 else high
        return tuple(_levels(held, {name: near.get(name, stops) for name in BAR_EXITS}))

    def position(self) -> PositionWhy | None:
        """Return the position held at the close."""
        held = self.seen.position
        if held is None:
            return None
        close = float(self.bars.close[self.bar])
        fee = held.size * held.price * self.plan.costs.taker
        return PositionWhy(
            side="long" if held.side > 0 else "short",
            size=held.size,
            entry_time=iso(int(self.bars.time[held.bar])),
            entry_price=held.price,
            bars=self.bar - held.bar + 1,
            profit=core.profit(held.side, held.size, held.price, close, fee),
            levels=tuple(_levels(held, dict.fromkeys(BAR_EXITS, close))),
            time_exit=self.plan.risk.time_exit,
        )

    def account(self) -> AccountWhy:
        """Return the account at the close."""
        seen, risk = self.seen, self.plan.risk
        reference = seen.day_reference
        return AccountWhy(
            equity=seen.equity,
            cash=seen.cash,
            peak=seen.peak,
            drawdown=1.0 - seen.equity / seen.peak,
            day_reference=reference,
            day_return=seen.equity / reference - 1.0 if reference > 0 else None,
            max_drawdown=risk.max_drawdown,
            daily_loss=risk.daily_loss,
            cooldown=risk.cooldown,
            cooldown_left=self._cooldown_left(),
            stopped=self._stopped(),
        )

    def _cooldown_left(self) -> int:
        cooldown, seen = self.plan.risk.cooldown or 0, self.seen
        if not cooldown:
            return 0
        if seen.leaving:
            # The exit is filled in the next bar, from which on it counts.
            return cooldown + 1
        return 0 if seen.exit_bar is None else max(0, seen.exit_bar + cooldown - self.bar)

    def _stopped(self) -> str:
        if self.seen.ruined:
            return "ruin"
        if self.seen.halted:
            return "max_drawdown"
        return "daily_loss" if self.seen.day_stopped else ""

    # Decision and rules

    def decision(self) -> DecisionWhy:
        """Return what follows from the close."""
        seen = self.seen
        return DecisionWhy(
            exit=seen.leaving,
            entry=seen.entering,
            refused=seen.refused,
            carried=self.bar + 1 < len(self.bars),
            waiting=tuple(self._waiting()) if seen.refused == "warming_up" else (),
            minimum=self.minimum,
            cuts=tuple(CutWhy(cut.by, cut.before, cut.after) for cut in seen.cuts),
        )

    def _waiting(self) -> Iterator[str]:
        """Name what an entry needs and is not known, or is 0."""
        plan = self.plan
        place = Place(plan.timeframe, self.values.market.first + self.bar)
        for period, node in plan.atr.items():
            if not self.values.known(node, place):
                yield f"atr({period})"
        if plan.volatility is not None:
            deviation = self.values.scalar(plan.volatility, place)
            if not core.moving(deviation if isinstance(deviation, float) else math.nan):
                yield "volatility"
        named = {"scale_by": plan.scale, "risk_levels": plan.risk_level}
        for name, optional in named.items():
            if optional is not None and not self.values.known(optional, place):
                yield name

    def rules(self, conditions: Mapping[str, Condition | None]) -> tuple[RuleWhy, ...]:
        """Return the four rules and what came of each."""
        found = []
        for name, condition in conditions.items():
            state = "" if condition is None else condition.state
            found.append(RuleWhy(name, state, self._effect(name, state), condition))
        return tuple(found)

    def _effect(self, name: str, state: str) -> str:
        seen = self.seen
        if state != TRUE:
            return "nothing"
        held = 0 if seen.position is None else seen.position.side
        if name.startswith("exit_"):
            acts = held == _SIDES[name] and seen.leaving == "rule"
            return "acts" if acts else "ignored"
        if not seen.refused:
            return "acts" if seen.entering == name else "ignored"
        stays = held == _SIDES[name] and not seen.leaving
        return "ignored" if stays else "refused"


def _fill(fill: Fill, held: Position | None) -> FillWhy:
    level = None
    if held is not None and fill.reason in BAR_EXITS:
        level = held.target if fill.reason == "take_profit" else held.stop
    return FillWhy(
        time=iso(fill.time),
        direction="buy" if fill.direction > 0 else "sell",
        size=fill.size,
        price=fill.price,
        reference=fill.reference,
        slippage=fill.size * abs(fill.price - fill.reference),
        fee=fill.fee,
        reason=fill.reason,
        level=level,
    )


def _levels(held: Position, near: Mapping[str, float]) -> Iterator[LevelWhy]:
    """Yield the levels of a position; `near` are the prices that they are seen from."""
    found = {"stop_loss": held.stop_loss, "trailing_stop": held.trail, "take_profit": held.target}
    both = not (math.isnan(held.stop_loss) or math.isnan(held.trail))
    setting = BAR_EXITS[core.stop_reason(held.side, held.stop_loss, held.trail)]
    for name in BAR_EXITS:
        price = found[name]
        if core.placeable(price):
            counts = name == "take_profit" or not both or name == setting
            seen = near[name]
            beyond = core.beyond_target if name == "take_profit" else core.beyond_stop
            reached = beyond(held.side, seen, price)
            yield LevelWhy(name, price, price / seen - 1.0, counts=counts, reached=reached)
