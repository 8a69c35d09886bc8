"""The reference model, counting which branches and ties a run meets."""

from __future__ import annotations

import math
from collections import Counter

from reference import sizes
from reference.account import Position
from reference.model import Reference
from rtrade.core.bars import Bars
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REFUSALS, RunResult
from rtrade.core.timeframes import DAY
from rtrade.execution.program import Program

# What a set of random programs has to meet before its agreement means anything.
BRANCHES = (
    *(f"refused: {name}" for name in REFUSALS),
    *(f"fill: {name}" for name in (*ENTRY_REASONS, *CLOSE_EXITS, *BAR_EXITS)),
    *(f"sizing: {kind}" for kind in ("equity", "quote", "base", "risk", "volatility")),
    *(f"exit {where}" for where in ("at the open by a level", "in the entry bar")),
    *(
        f"tie: {name}"
        for name in ("level", "stop and trail", "limit", "cash is 0", "budget", "minimum")
    ),
    *("reversal", "exit of a refused reversal", "stop and target in one bar", "trail moved"),
    *("capped", "halted", "ruined", "open at the end", "flat bar", "gap", "new day"),
    *("lot from the slack", "lot taken off", "coarser lots", "level at or under 0"),
    *("no bars", "one bar", "open beyond the target and the stop touched"),
)


class Watched(Reference):
    """Counts into `seen`; what it returns is the model's."""

    def __init__(self, program: Program, bars: Bars) -> None:
        super().__init__(program, bars)
        self.seen: Counter[str] = Counter()

    def run(self) -> RunResult:
        result = super().run()
        self.seen.update({f"refused: {name}": n for name, n in result.refused.items()})
        self.seen.update(f"fill: {fill.reason}" for fill in result.fills)
        self.note("capped", times=result.capped)
        self.note("halted", times=result.halted_at is not None)
        self.note("ruined", times=result.ruined_at is not None)
        self.note("open at the end", times=self.position is not None)
        self.note("no bars", times=len(self.time) == 0)
        self.note("one bar", times=len(self.time) == 1)
        return result

    def note(self, what: str, *, times: int = 1) -> None:
        self.seen[what] += int(times)

    def market_entry(self, i: int) -> None:
        left = bool(self.fills) and self.fills[-1].bar == i
        decided, refused = self.decided_entry, sum(self.counts.values())
        super().market_entry(i)
        if decided is not None:
            was_refused = sum(self.counts.values()) > refused
            self.note("exit of a refused reversal", times=left and was_refused)
            self.note("reversal", times=left and not was_refused)
            self.note(f"sizing: {self.program.sizing.kind}", times=not was_refused)

    def protective_levels(self, i: int) -> None:
        p = self.position
        if p is not None:
            self.watch_levels(i, p)
        super().protective_levels(i)
        if p is not None and self.position is None:
            self.note("exit in the entry bar", times=p.bar == i)
            at_open = self.fills[-1].reference == self.open[i]
            self.note("exit at the open by a level", times=at_open)

    def watch_levels(self, i: int, p: Position) -> None:
        stop = self.stop_level(p)
        touched = stop is not None and super().reached(self.worst(i, p.side), stop[0], -p.side)
        if touched and p.target is not None:
            both = super().reached(self.best(i, p.side), p.target, p.side)
            self.note("stop and target in one bar", times=both)
            self.note(
                "open beyond the target and the stop touched", times=self.target_at_open(i, p)
            )

    def reached(self, price: float, level: float, way: int) -> bool:
        self.note("tie: level", times=price == level)
        self.note("level at or under 0", times=level <= 0)
        return super().reached(price, level, way)

    def fixed_stop_leads(self, side: int, stop: float, trail: float) -> bool:
        self.note("tie: stop and trail", times=stop == trail)
        return super().fixed_stop_leads(side, stop, trail)

    def move_trail(self, i: int) -> None:
        before = None if self.position is None else self.position.trail
        super().move_trail(i)
        after = None if self.position is None else self.position.trail
        self.note("trail moved", times=before != after)

    def at_most(self, equity: float, base: float, limit: float) -> bool:
        self.note("tie: limit", times=equity == base * (1 - limit))
        return super().at_most(equity, base, limit)

    def account_rules(self, i: int) -> None:
        super().account_rules(i)
        self.note("flat bar", times=self.high[i] == self.low[i])
        self.note("new day", times=i > 0 and self.time[i] // DAY > self.time[i - 1] // DAY)
        steps = [b - a for a, b in zip(self.time, self.time[1 : i + 1], strict=False)]
        self.note("gap", times=bool(steps) and steps[-1] > min(steps))

    def amount(self, i: int, side: int, fill: float) -> tuple[float, bool]:
        if self.program.sizing.kind != "risk":
            self.note("tie: budget", times=self.budget(i, fill) == self.cash)
        return super().amount(i, side, fill)

    def minimum_value(self, i: int, size: float, fill: float) -> float:
        value = super().minimum_value(i, size, fill)
        self.note("tie: minimum", times=value == self.program.filters.min_notional)
        return value

    def lots(self, amount: float) -> tuple[int, int, int]:
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
