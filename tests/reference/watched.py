"""The reference model, counting which branches and ties a run meets."""

from __future__ import annotations

import math
from collections import Counter

from reference import sizes
from reference.account import NAMES, Position
from reference.model import Reference
from rtrade.core.bars import Bars
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REFUSALS, RunResult
from rtrade.core.timeframes import DAY
from rtrade.execution.program import Program

SIDES = ("long", "short")
LEVELS = ("stop_loss", "trailing_stop", "take_profit")
SIZINGS = ("equity", "quote", "base", "risk", "volatility")

# What a set of random programs has to meet before its agreement means anything. A long pays for
# itself, so that it is never the position that is ruined.
BRANCHES = (
    *(f"refused: {name}" for name in REFUSALS),
    *(f"fill: {name}" for name in ENTRY_REASONS),
    *(f"long: {name}" for name in (*CLOSE_EXITS, *BAR_EXITS) if name != "ruin"),
    *(f"short: {name}" for name in (*CLOSE_EXITS, *BAR_EXITS)),
    *(f"{side}: {what} at the open" for side in SIDES for what in ("stop", "target")),
    *(f"{side}: {name} by ATR" for side in SIDES for name in LEVELS),
    *(f"{side}: exit in the entry bar" for side in SIDES),
    *(f"{side}: trail moved" for side in SIDES),
    *(f"{side}: trail overtakes the stop" for side in SIDES),
    *(f"{side}: stop and target in one bar" for side in SIDES),
    *(f"{side}: open beyond the target and the stop touched" for side in SIDES),
    *(f"{side}: reversal" for side in SIDES),
    *(f"sizing: {kind}" for kind in SIZINGS),
    *(f"capped: {kind}" for kind in SIZINGS),
    *("risk: the trail is tighter", "risk: nothing to lose", "risk: no money at risk"),
    *("volatility: full share", "volatility: less", "scaled", "scaled to nothing"),
    *("risk level", "risk level and scale"),
    *(f"warming up: {what}" for what in ("ATR", "deviation", "no deviation", "scale", "level")),
    *(
        f"tie: {name}"
        for name in ("level", "stop and trail", "limit", "cash is 0", "budget", "minimum")
    ),
    *("level at or under 0", "a trail rises above 0", "stop nearer than the slippage"),
    *("exit of a refused reversal", "same side ignored", "entry at the close of a stop"),
    *("time_exit in the entry bar", "cooldown forbids a reversal", "cooldown after a stop"),
    *("several exits at one close", "several refusals at one close"),
    *("decided at the last close", "open at the end", "entry in the last bar"),
    *("halted", "halted while flat", "ruined", "day stopped while held", "day begins anew"),
    *("flat bar", "gap", "new day", "no bars", "one bar"),
    *("lot from the slack", "lot taken off", "coarser lots", "maker differs"),
)


class Watched(Reference):
    """Counts into `seen`; what it returns is the model's."""

    exits = (*CLOSE_EXITS, *BAR_EXITS)

    def __init__(self, program: Program, bars: Bars) -> None:
        super().__init__(program, bars)
        self.seen: Counter[str] = Counter()
        self.step = bars.timeframe.ms

    def run(self) -> RunResult:
        result = super().run()
        self.seen.update({f"refused: {name}": n for name, n in result.refused.items()})
        self.seen.update(f"fill: {fill.reason}" for fill in result.fills)
        self.note("halted", times=result.halted_at is not None)
        self.note("ruined", times=result.ruined_at is not None)
        self.note("open at the end", times=self.position is not None)
        self.note("no bars", times=len(self.time) == 0)
        self.note("one bar", times=len(self.time) == 1)
        return result

    def note(self, what: str, *, times: int = 1) -> None:
        if times:
            self.seen[what] += int(times)

    # Entries.

    def market_entry(self, i: int) -> None:
        left = bool(self.fills) and self.fills[-1].bar == i
        decided, refused = self.decided_entry, sum(self.counts.values())
        super().market_entry(i)
        if decided is None:
            return
        was_refused = sum(self.counts.values()) > refused
        self.note("exit of a refused reversal", times=left and was_refused)
        if not was_refused:
            self.note(f"{NAMES[decided]}: reversal", times=left)
            self.note(f"sizing: {self.program.sizing.kind}")
            self.note("entry in the last bar", times=i == len(self.time) - 1)

    def amount(self, i: int, side: int, fill: float) -> tuple[float, bool]:
        kind = self.program.sizing.kind
        if kind != "risk":
            self.note("tie: budget", times=self.budget(i, fill) == self.cash)
        amount, capped = super().amount(i, side, fill)
        scale, factor = (
            self.factor(values, i - 1) for values in (self.program.scale, self.program.risk_factor)
        )
        self.note(f"capped: {kind}", times=capped)
        self.note("scaled", times=0 < scale < 1)
        self.note("scaled to nothing", times=scale == 0)
        self.note("risk level", times=0 < factor < 1)
        self.note("risk level and scale", times=0 < factor < 1 and 0 < scale < 1)
        return amount, capped

    def budget(self, i: int, fill: float) -> float:
        budget = super().budget(i, fill)
        if self.program.sizing.kind == "volatility":
            full = budget == self.equity_at[i - 1]
            self.note("volatility: full share" if full else "volatility: less")
        return budget

    def risk_amount(self, i: int, side: int, fill: float) -> float:
        amount = super().risk_amount(i, side, fill)
        self.note("risk: nothing to lose", times=amount == math.inf)
        self.note("risk: no money at risk", times=amount == 0)
        return amount

    def first_stop(self, i: int, side: int, fill: float) -> float:
        level, atr = super().first_stop(i, side, fill), self.frozen_atr(i)
        stop = self.level(self.risk.stop_loss, fill, -side, atr)
        self.note("risk: the trail is tighter", times=stop is not None and level != stop)
        return level

    def minimum_value(self, i: int, size: float, fill: float) -> float:
        value = super().minimum_value(i, size, fill)
        self.note("tie: minimum", times=value == self.program.filters.min_notional)
        return value

    def lots(self, amount: float) -> tuple[int, float, int]:
        n, m, d = super().lots(amount)
        self.note("lot from the slack", times=n > math.floor(amount / (m / 10**d)))
        self.note("coarser lots", times=(m, d) != self.program.filters.lot_step())
        return n, m, d

    def whole_lots(self, amount: float, fill: float) -> float:
        size = super().whole_lots(amount, fill)
        n, m, d = super().lots(amount)
        self.note("lot taken off", times=size != sizes.size_of(n, m, d))
        self.note("tie: cash is 0", times=self.cash_after(size, fill) == 0)
        return size

    # Levels.

    def protective_levels(self, i: int) -> None:
        p = self.position
        if p is not None:
            self.watch_levels(i, p)
        super().protective_levels(i)
        if p is not None and self.position is None:
            self.watch_exit(i, p)

    def watch_levels(self, i: int, p: Position) -> None:
        side, stop = NAMES[p.side], self.stop_level(p)
        touched = stop is not None and super().reached(self.worst(i, p.side), stop[0], -p.side)
        if touched and p.target is not None:
            both = super().reached(self.best(i, p.side), p.target, p.side)
            self.note(f"{side}: stop and target in one bar", times=both)
            gone = self.target_at_open(i, p)
            self.note(f"{side}: open beyond the target and the stop touched", times=gone)
        if p.bar == i and stop is not None:
            passed = super().reached(self.open[i], stop[0], -p.side)
            self.note("stop nearer than the slippage", times=passed)

    def watch_exit(self, i: int, p: Position) -> None:
        side, fill = NAMES[p.side], self.fills[-1]
        self.note(f"{side}: {fill.reason}")
        self.note(f"{side}: exit in the entry bar", times=p.bar == i)
        form = getattr(self.risk, fill.reason)
        self.note(f"{side}: {fill.reason} by ATR", times=form.kind == "atr")
        what = "target" if fill.reason == "take_profit" else "stop"
        self.note(f"{side}: {what} at the open", times=fill.reference == self.open[i])
        different = what == "target" and self.costs.maker != self.costs.taker
        self.note("maker differs", times=different)

    def reached(self, price: float, level: float, way: int) -> bool:
        self.note("tie: level", times=price == level)
        self.note("level at or under 0", times=level <= 0)
        return super().reached(price, level, way)

    def fixed_stop_leads(self, side: int, stop: float, trail: float) -> bool:
        self.note("tie: stop and trail", times=stop == trail)
        return super().fixed_stop_leads(side, stop, trail)

    def move_trail(self, i: int) -> None:
        p = self.position
        before = None if p is None else p.trail
        super().move_trail(i)
        if p is None or before is None or p.trail == before or p.trail is None:
            return
        self.note(f"{NAMES[p.side]}: trail moved")
        self.note("a trail rises above 0", times=before <= 0 < p.trail)
        if p.stop is not None:
            leads = super().fixed_stop_leads
            overtakes = leads(p.side, p.stop, before) and not leads(p.side, p.stop, p.trail)
            self.note(f"{NAMES[p.side]}: trail overtakes the stop", times=overtakes)

    # The account.

    def at_most(self, equity: float, base: float, limit: float) -> bool:
        self.note("tie: limit", times=equity == base * (1 - limit))
        return super().at_most(equity, base, limit)

    def account_rules(self, i: int) -> None:
        halted, stopped = self.halted_bar, self.day_blocked
        super().account_rules(i)
        flat = self.position is None
        self.note("halted while flat", times=flat and halted is None and self.halted_bar == i)
        self.note("day begins anew", times=stopped and not self.day_blocked)
        self.note("day stopped while held", times=not stopped and self.day_blocked and not flat)
        self.note("flat bar", times=self.high[i] == self.low[i])
        self.note("new day", times=i > 0 and self.time[i] // DAY > self.time[i - 1] // DAY)
        if i > 0:
            step = self.time[i] - self.time[i - 1]
            self.note("gap", times=step > self.step)

    # Decisions.

    def decide(self, i: int) -> None:
        p = self.position
        wanted = [side for side in NAMES if self.rule("enter", side, i)]
        if i == len(self.time) - 1:
            self.note("decided at the last close", times=bool(wanted))
            return super().decide(i)
        super().decide(i)
        ignored = p is not None and self.decided_exit is None and wanted == [p.side]
        self.note("same side ignored", times=ignored)
        stopped = bool(self.fills) and self.fills[-1].bar == i and self.fills[-1].reason in LEVELS
        self.note("entry at the close of a stop", times=stopped and self.decided_entry is not None)
        return None

    def exit_at_close(self, i: int) -> str | None:
        reason, p = super().exit_at_close(i), self.position
        if p is None or reason is None:
            return reason
        n = self.risk.time_exit
        holds = (
            self.ruined_bar is not None,
            self.halted_bar is not None,
            self.rule("exit", p.side, i),
            n is not None and self.bars_held(i, p) >= n,
        )
        self.note("several exits at one close", times=sum(holds) > 1)
        self.note("time_exit in the entry bar", times=reason == "time_exit" and p.bar == i)
        self.note(f"{NAMES[p.side]}: {reason}")
        return reason

    def refusals(self, i: int, wanted: list[int]) -> dict[str, bool]:
        holds = super().refusals(i, wanted)
        self.note("several refusals at one close", times=sum(holds.values()) > 1)
        first = next((name for name in REFUSALS if holds.get(name)), None)
        if first == "cooldown":
            leaves = self.decided_exit is not None
            self.note("cooldown forbids a reversal", times=leaves)
            by_level = bool(self.fills) and self.fills[-1].reason in LEVELS
            self.note("cooldown after a stop", times=not leaves and by_level)
        if first == "warming_up":
            self.watch_unknown(i)
        return holds

    def watch_unknown(self, i: int) -> None:
        program = self.program
        forms = (self.risk.stop_loss, self.risk.take_profit, self.risk.trailing_stop)
        atrs = [program.atr[form.period][i] for form in forms if form and form.kind == "atr"]
        self.note("warming up: ATR", times=any(math.isnan(value) for value in atrs))
        self.note("warming up: scale", times=math.isnan(self.factor(program.scale, i)))
        self.note("warming up: level", times=math.isnan(self.factor(program.risk_factor, i)))
        if program.sizing.kind == "volatility":
            deviation = self.factor(program.volatility, i)
            self.note("warming up: deviation", times=math.isnan(deviation))
            self.note("warming up: no deviation", times=deviation < self.still)
