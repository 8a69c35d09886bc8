"""An open position with its protective levels, and how large and how protected the next is."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

from rtrade.config.definitions import Distance
from rtrade.core.bars import FloatArray
from rtrade.core.errors import EngineFault
from rtrade.core.results import Cut
from rtrade.execution import core
from rtrade.execution.program import Program
from rtrade.execution.tape import check_numbers, machine_floats


@dataclass(slots=True)
class Position:
    """A position, `bar` its entry bar, `price` its fill; a level of NaN is not there."""

    side: int
    size: float
    bar: int
    price: float
    stop_loss: float
    trail: float
    trail_kind: int
    trail_far: float
    target: float

    @property
    def stop(self) -> float:
        """The one stop level: the tighter of stop_loss and trailing_stop."""
        return core.tighter(self.side, self.stop_loss, self.trail)

    def follow(self, close: float) -> None:
        """Move the trail after a close."""
        self.trail = core.trailed(self.side, self.trail, close, self.trail_kind, self.trail_far)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a protective level is: its kind, its value, and the ATR per bar where it counts."""

    kind: int
    value: float
    atr: array[float] | None

    def at(self, bar: int) -> float:
        """Return the distance as of the close of `bar`; NaN where absent or not ready."""
        atr = core.NAN if self.atr is None else self.atr[bar]
        return core.distance(self.kind, self.value, atr)


def reach_of(distance: Distance | None, program: Program) -> Reach:
    """Return a distance with the ATR that it is measured in; EngineFault where that is missing."""
    if distance is None:
        return Reach(core.ABSENT, core.NAN, None)
    if distance.kind == "percent":
        return Reach(core.PERCENT, distance.value, None)
    if distance.period not in program.atr:
        raise EngineFault(f"the program has no ATR of period {distance.period}")
    return Reach(core.ATR, distance.value, machine_floats(program.atr[distance.period]))


class Protection:
    """The protective levels of a program: whether they are ready, and those of an entry."""

    def __init__(self, program: Program) -> None:
        self.stop_loss = reach_of(program.risk.stop_loss, program)
        self.trailing_stop = reach_of(program.risk.trailing_stop, program)
        self.take_profit = reach_of(program.risk.take_profit, program)
        reaches = (self.stop_loss, self.trailing_stop, self.take_profit)
        self._measured = tuple(reach for reach in reaches if reach.kind == core.ATR)

    @property
    def stops(self) -> bool:
        """Whether a position has a stop at all."""
        return self.stop_loss.kind != core.ABSENT or self.trailing_stop.kind != core.ABSENT

    def ready(self, bar: int) -> bool:
        """Tell whether every ATR that an entry needs is known at the close of `bar`."""
        return all(core.known(reach.kind, reach.at(bar)) for reach in self._measured)

    def position(self, bar: int, side: int, fill: float) -> Position:
        """Return a position of no size yet, entered at `bar` for `fill`, with its first levels.

        ATRs are those at the close before.
        """
        stop, trail, goal = self.stop_loss, self.trailing_stop, self.take_profit
        trail_far = trail.at(bar - 1)
        return Position(
            side=side,
            size=0.0,
            bar=bar,
            price=fill,
            stop_loss=core.level(fill, -side, stop.kind, stop.at(bar - 1)),
            trail=core.level(fill, -side, trail.kind, trail_far),
            trail_kind=trail.kind,
            trail_far=trail_far,
            target=core.level(fill, side, goal.kind, goal.at(bar - 1)),
        )


class Sizing:
    """The size of an entry: the program's sizing, scaled, in whole lots that cash pays for.

    What makes an entry smaller is noted in `cuts`.
    """

    def __init__(self, program: Program, protection: Protection, cuts: list[Cut]) -> None:
        check_numbers(program)
        self.cuts = cuts
        self._kind = core.SIZINGS.index(program.sizing.kind)
        self._value = program.sizing.value
        self._fee = program.costs.taker
        self._slip = program.costs.slippage
        self._year = math.sqrt(program.bars_per_year)
        multiple, digits = program.filters.lot_step()
        self._multiple, self._power = multiple, 10**digits
        self._minimum = program.filters.min_notional or 0.0
        self._volatility = _optional(program.volatility)
        self._scale = _optional(program.scale)
        self._risk_factor = _optional(program.risk_factor)
        if self._kind == core.RISK and not protection.stops:
            raise EngineFault("sizing by risk needs a stop")
        if self._kind == core.VOLATILITY and self._volatility is None:
            raise EngineFault("the program has no volatility")

    def ready(self, bar: int) -> bool:
        """Tell whether volatility, scale and risk factor are known at the close of `bar`."""
        if self._kind == core.VOLATILITY:
            assert self._volatility is not None
            if not core.moving(self._volatility[bar]):
                return False
        return not any(
            values is not None and values[bar] != values[bar]
            for values in (self._scale, self._risk_factor)
        )

    def vetoed(self, bar: int) -> bool:
        """Tell whether the risk level at the close of `bar` forbids an entry."""
        return self._risk_factor is not None and self._risk_factor[bar] == 0.0

    def fit(self, position: Position, cash: float, equity: float) -> tuple[int, bool]:
        """Set the size of a position from the cash at its open and the equity at the close before.

        Returns why it is refused (an index in REFUSALS, or NO) and whether cash cut it down.
        """
        if not cash > 0.0:
            return core.size_refusal(cash, 0.0, position.price, self._minimum), False
        before = position.bar - 1
        scale = 1.0 if self._scale is None else self._scale[before]
        factor = 1.0 if self._risk_factor is None else self._risk_factor[before]
        units, cut = self._amount(position, cash, equity, scale, factor)
        size = core.lots(units, self._multiple, self._power, cash, position.price, self._fee)
        position.size = size
        if cut or scale != 1.0 or factor != 1.0:
            self.explain(position, cash, equity)
        return core.size_refusal(cash, size, position.price, self._minimum), cut

    def explain(self, position: Position, cash: float, equity: float) -> None:
        """Note what made an entry smaller, of those with this cash and equity at hand."""
        before = position.bar - 1
        scale = 1.0 if self._scale is None else self._scale[before]
        factor = 1.0 if self._risk_factor is None else self._risk_factor[before]
        self._note(position, cash, equity, scale, factor)

    def veto(self, position: Position, equity: float) -> None:
        """Note that the risk level forbids an entry, and how large it would have been."""
        scale = 1.0 if self._scale is None else self._scale[position.bar - 1]
        self._note(position, math.inf, equity, scale, 0.0)

    def _amount(
        self, position: Position, cash: float, equity: float, scale: float, factor: float
    ) -> tuple[float, bool]:
        volatility = core.NAN
        if self._volatility is not None:
            volatility = self._volatility[position.bar - 1] * self._year
        return core.amount(
            self._kind,
            self._value,
            cash,
            equity,
            position.side,
            position.price,
            self._fee,
            position.stop,
            self._slip,
            volatility,
            scale,
            factor,
        )

    def _note(
        self, position: Position, cash: float, equity: float, scale: float, factor: float
    ) -> None:
        """Note step by step what made an entry smaller."""
        last, _ = self._amount(position, math.inf, equity, 1.0, 1.0)
        for by, *step in (
            ("scale_by", math.inf, scale, 1.0),
            ("risk_levels", math.inf, scale, factor),
            ("cash", cash, scale, factor),
        ):
            units, _ = self._amount(position, step[0], equity, step[1], step[2])
            if units != last and math.isfinite(last):
                self.cuts.append(Cut(position.bar - 1, by, last, units))
            last = units


def _optional(values: FloatArray | None) -> array[float] | None:
    return None if values is None else machine_floats(values)
