"""The reference model with one rule broken in each: what a comparison has to notice."""

from __future__ import annotations

import math

from reference import sizes
from reference.account import LONG, Position
from reference.model import Reference


class TouchedExcludesEqual(Reference):
    def reached(self, price: float, level: float, way: int) -> bool:
        return price != level and super().reached(price, level, way)


class LevelUnderZeroIsReached(Reference):
    def reached(self, price: float, level: float, way: int) -> bool:
        return level <= 0 or super().reached(price, level, way)


class TargetBeforeStop(Reference):
    def protective_levels(self, i: int) -> None:
        p = self.position
        if (
            p is not None
            and p.target is not None
            and not self.target_at_open(i, p)
            and self.reached(self.best(i, p.side), p.target, p.side)
        ):
            self.leave(i, p.target, p.target, self.costs.maker, "take_profit")
        super().protective_levels(i)


class StopBeforeTargetAtTheOpen(Reference):
    def target_at_open(self, i: int, p: Position) -> bool:
        stop = self.stop_level(p)
        touched = stop is not None and self.reached(self.worst(i, p.side), stop[0], -p.side)
        return super().target_at_open(i, p) and not touched


class TargetAtTheOpenFillsAtItsLevel(Reference):
    def target_at_open(self, i: int, p: Position) -> bool:
        return False


class TargetSlips(Reference):
    def leave(self, i: int, price: float, reference: float, rate: float, why: str) -> None:
        if why == "take_profit" and self.position is not None:
            price = self.worsened(i, price, -self.position.side)
        super().leave(i, price, reference, rate, why)


class TargetPaysTaker(Reference):
    def leave(self, i: int, price: float, reference: float, rate: float, why: str) -> None:
        super().leave(i, price, reference, self.costs.taker, why)


class StopFillsAtItsLevelAfterAGap(Reference):
    def stopped(self, i: int, reference: float, reason: str) -> None:
        assert self.position is not None
        stop = self.stop_level(self.position)
        assert stop is not None
        super().stopped(i, stop[0], reason)


class LevelsSleepInTheEntryBar(Reference):
    def protective_levels(self, i: int) -> None:
        if self.position is not None and self.position.bar < i:
            super().protective_levels(i)


class SlippageStaysInTheBar(Reference):
    def worsened(self, i: int, price: float, direction: int) -> float:
        return min(max(super().worsened(i, price, direction), self.low[i]), self.high[i])


class TrailFollowsExtremes(Reference):
    def trail_price(self, i: int, side: int) -> float:
        return self.best(i, side)


class TrailWaitsForTheEntryBar(Reference):
    def move_trail(self, i: int) -> None:
        if self.position is not None and self.position.bar < i:
            super().move_trail(i)


class TrailMovesBack(Reference):
    def move_trail(self, i: int) -> None:
        if self.position is not None:
            far = -math.inf if self.position.side == LONG else math.inf
            self.position.trail = None if self.position.trail is None else far
        super().move_trail(i)


class TieNamesTheTrail(Reference):
    def fixed_stop_leads(self, side: int, stop: float, trail: float) -> bool:
        return stop != trail and super().fixed_stop_leads(side, stop, trail)


class AtrOfTheEntryBar(Reference):
    def frozen_atr(self, i: int) -> dict[int, float]:
        known, later = super().frozen_atr(i), super().frozen_atr(i + 1)
        return {n: known[n] if math.isnan(later[n]) else later[n] for n in known}


class TimeExitOneBarLate(Reference):
    def bars_held(self, i: int, p: Position) -> int:
        return i - p.bar


class CooldownOneBarLonger(Reference):
    def cooling(self, i: int, *, leaves: bool) -> bool:
        return super().cooling(i, leaves=leaves) or super().cooling(i - 1, leaves=leaves)


class CooldownAllowsReversals(Reference):
    def cooling(self, i: int, *, leaves: bool) -> bool:
        return super().cooling(i, leaves=False)


class LimitsExcludeEqual(Reference):
    def at_most(self, equity: float, base: float, limit: float) -> bool:
        return equity < base * (1 - limit)


class PeakForgetsTheStart(Reference):
    def account_rules(self, i: int) -> None:
        self.peak = max(self.equity_at[1:], default=self.equity_at[0])
        super().account_rules(i)


class DailyLossIsTakenBack(Reference):
    def daily_loss(self, i: int, equity: float) -> None:
        self.day_blocked = False
        super().daily_loss(i, equity)


class DailyLossCountsFromTheStart(Reference):
    def day_reference(self, i: int) -> float:
        return float(self.program.cash)


class RuinOnlyBelowZero(Reference):
    def account_rules(self, i: int) -> None:
        equity = self.equity_at[i]
        self.equity_at[i] = math.ulp(1.0) if equity == 0 else equity
        super().account_rules(i)
        self.equity_at[i] = equity


class RuleNamesTheExitFirst(Reference):
    def exit_at_close(self, i: int) -> str | None:
        reason = super().exit_at_close(i)
        p = self.position
        return "rule" if reason and p is not None and self.rule("exit", p.side, i) else reason


class ConflictBeforeInPosition(Reference):
    def refusals(self, i: int, wanted: list[int]) -> dict[str, bool]:
        holds = super().refusals(i, wanted)
        holds["in_position"] = holds["in_position"] and not holds["conflict"]
        return holds


class CooldownBeforeDailyLoss(Reference):
    def refusals(self, i: int, wanted: list[int]) -> dict[str, bool]:
        holds = super().refusals(i, wanted)
        holds["daily_loss"] = holds["daily_loss"] and not holds["cooldown"]
        return holds


class LastCloseCounts(Reference):
    def decide(self, i: int) -> None:
        self.time.append(0)
        super().decide(i)
        self.time.pop()


class RefusedReversalKeepsThePosition(Reference):
    def decide(self, i: int) -> None:
        refused = sum(self.counts.values())
        super().decide(i)
        if sum(self.counts.values()) > refused and self.decided_exit == "rule":
            self.decided_exit = None


class LotsWithoutSlack(Reference):
    def lots(self, amount: float) -> tuple[int, float, int]:
        m, d = self.program.filters.lot_step()
        return math.floor(amount / (m / 10**d)), m, d


class LotsOverdraw(Reference):
    def whole_lots(self, amount: float, fill: float) -> float:
        return sizes.size_of(*self.lots(amount))


class LotsTimesStep(Reference):
    def whole_lots(self, amount: float, fill: float) -> float:
        m, d = self.program.filters.lot_step()
        return round(super().whole_lots(amount, fill) / (m / 10**d)) * (m / 10**d)


class ShortsCheckTheSellersCash(Reference):
    def market_entry(self, i: int) -> None:
        self.entering = self.decided_entry
        super().market_entry(i)

    def cash_after(self, size: float, fill: float) -> float:
        return super().cash_after(size, fill) if self.entering == LONG else self.cash


class MinimumBeforeSlippage(Reference):
    def minimum_value(self, i: int, size: float, fill: float) -> float:
        return size * self.open[i]


class SizeFromEquityAtTheOpen(Reference):
    def budget(self, i: int, fill: float) -> float:
        kept, self.equity_at[i - 1] = self.equity_at[i - 1], self.cash
        value = super().budget(i, fill)
        self.equity_at[i - 1] = kept
        return value


class BudgetForgetsTheCommission(Reference):
    def budget(self, i: int, fill: float) -> float:
        return super().budget(i, fill) * (1 + self.costs.taker)


class RiskWithoutCosts(Reference):
    def loss_per_unit(self, i: int, fill: float, stop: float, side: int) -> float:
        return abs(fill - stop)


class RiskByTheLooserStop(Reference):
    def first_stop(self, i: int, side: int, fill: float) -> float:
        forms = (self.risk.stop_loss, self.risk.trailing_stop)
        levels = [self.level(form, fill, -side, self.frozen_atr(i)) for form in forms]
        known = [level for level in levels if level is not None]
        return min(known) if side == LONG else max(known)


class LedgerInOneSum(Reference):
    def book(self, i, direction, size, price, reference, rate, why):
        before = self.cash
        fee = super().book(i, direction, size, price, reference, rate, why)
        self.cash = before - direction * size * price * (1 + direction * rate)
        return fee


class StillMarketTrades(Reference):
    still = 1e-300


class ScaleAfterTheDivision(Reference):
    def risk_amount(self, i: int, side: int, fill: float) -> float:
        at_risk = self.program.sizing.value * self.equity_at[i - 1]
        loss = self.loss_per_unit(i, fill, self.first_stop(i, side, fill), side)
        return math.inf if loss == 0 else self.scaled(i, at_risk / loss)


class CappedCountsRefusals(Reference):
    def size(self, i: int, side: int, fill: float) -> tuple[float, bool, str | None]:
        size, capped, refusal = super().size(i, side, fill)
        if refusal == "below_minimum":
            self.capped += self.amount(i, side, fill)[1]
        return size, capped, refusal


MUTANTS = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Reference) and value is not Reference
)
