"""Sizing, protective levels, limits and costs in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from rtrade.catalog.registry import Registry
from rtrade.config.definitions import Distance
from rtrade.core.timeframes import DAY, iso
from rtrade.plan.consistency import percent
from rtrade.plan.names import number
from rtrade.plan.nodes import Field, choices_of, walk
from rtrade.plan.plan import Plan
from rtrade.plan.words import in_words


def sizing(plan: Plan, registry: Registry, names: Mapping[int, str]) -> tuple[str, ...]:
    """Say how large an entry is; `names` says by id what the signals are called."""
    base, quote = currencies(plan.symbol)
    rule, value = plan.sizing, plan.sizing.value
    said = {
        "equity": f"Each entry uses {percent(value)} of equity.",
        "quote": f"Each entry is worth {number(value)} {quote}.",
        "base": f"Each entry is {number(value)} {base}.",
        "risk": f"Each entry is sized to lose {percent(value)} of equity, costs included, if it is "
        "closed at its first stop.",
        "volatility": f"Each entry uses equity x {percent(value)} / the yearly volatility of the "
        f"last {rule.lookback} bars, at most all of equity.",
    }
    lines = [said[rule.kind]]
    if plan.scale is not None:
        words = in_words([plan.scale], registry, names)
        lines.append(f"That is scaled by {words[id(plan.scale)]}.")
    if plan.risk_level is not None:
        words = in_words([plan.risk_level], registry, names)
        lines.append(_levels(plan, words[id(plan.risk_level)]))
    lines.append("An entry is cut down to the cash at hand; there is no leverage.")
    return tuple(lines)


def _levels(plan: Plan, level: str) -> str:
    assert plan.risk_level is not None
    pairs = list(zip(choices_of(plan.risk_level), plan.risk_factors, strict=True))
    kept = [
        f"{number(factor)} where {level if place == 0 else 'it'} is {name}"
        for place, (name, factor) in enumerate((name, factor) for name, factor in pairs if factor)
    ]
    vetoed = [name for name, factor in pairs if not factor]
    said = f"That is multiplied by {', '.join(kept)}; " if kept else ""
    refused = [*vetoed, "unknown"]
    listed = f"{', '.join(refused[:-1])} or unknown" if vetoed else "unknown"
    return f"{said or f'That goes by {level}; '}no entry is made where it is {listed}."


def currencies(symbol: str) -> tuple[str, str]:
    """Return the base and quote currency of a symbol such as `BTC/USDT`."""
    base, _, quote = symbol.partition("/")
    return base, quote.partition(":")[0] or "in quote currency"


def risk(plan: Plan) -> tuple[str, ...]:
    """Say what closes a position besides the rules, and what stops trading."""
    rules, lines = plan.risk, []
    if rules.stop_loss is not None:
        lines.append(f"Stop loss {_distance(rules.stop_loss)} from the entry's fill.")
    if rules.trailing_stop is not None:
        lines.append(
            f"Trailing stop {_distance(rules.trailing_stop)} from the entry's fill, then behind "
            "the best close since. It follows closes, not highs and lows; a venue's trailing "
            "order may differ."
        )
    if rules.stop_loss is not None and rules.trailing_stop is not None:
        lines.append("Of the two stops the tighter one counts.")
    if rules.take_profit is not None:
        lines.append(f"Take profit {_distance(rules.take_profit)} from the entry's fill.")
        if rules.stop_loss is not None or rules.trailing_stop is not None:
            lines.append("A bar that touches both the stop and the target counts as stopped.")
    levels = (rules.stop_loss, rules.trailing_stop, rules.take_profit)
    if any(level is not None and level.kind == "atr" for level in levels):
        lines.append("ATR distances are those of the close that decides the entry, then fixed.")
    return (*lines, *_limits(plan)) or ("No stop, target or limit is set.",)


def _limits(plan: Plan) -> list[str]:
    rules, lines = plan.risk, []
    if rules.time_exit is not None:
        lines.append(
            f"Time exit: decided at the close of the position's bar {rules.time_exit}, the entry "
            "bar being the first; out at the next open."
        )
    if rules.cooldown is not None:
        lines.append(
            f"Cooldown: no entry is decided at the {rules.cooldown} closes from the bar of an exit "
            "on, nor at the close that decides the exit."
        )
    if rules.max_drawdown is not None:
        lines.append(
            f"Trading ends for good once equity closes {percent(rules.max_drawdown)} or more below "
            "its highest close."
        )
    if rules.daily_loss is not None:
        lines.append(
            f"No entry for the rest of a UTC day once equity closes {percent(rules.daily_loss)} or "
            "more below the last close of the day before; an open position stays."
        )
    return lines


def _distance(distance: Distance) -> str:
    if distance.kind == "percent":
        return percent(distance.value)
    return f"{number(distance.value)} x the {distance.period}-bar ATR"


def costs(plan: Plan) -> tuple[str, ...]:
    """Say what a fill costs."""
    taker, maker, slippage = plan.costs.taker, plan.costs.maker, plan.costs.slippage
    commission = f"Commission: {percent(taker)} of every fill"
    if maker != taker:
        commission += f", {percent(maker)} of targets"
    return (
        f"{commission}.",
        f"Slippage: market orders and stops fill {percent(slippage)} worse; targets never slip.",
    )


def timing(plan: Plan) -> tuple[str, ...]:
    """Say when decisions are taken and what they rest on."""
    lines = [
        f"Rules are judged at each close of a {plan.timeframe} bar and act at the next open.",
        "A rule acts only where it is true: what is not known yet is not true.",
    ]
    if "enter_long" in plan.rules and "enter_short" in plan.rules:
        lines.append("An entry rule does not close the opposite position; an exit must hold too.")
    coarser = [need for need in plan.needs[1:] if need.timeframe != plan.timeframe]
    if coarser:
        names = ", ".join(need.name for need in coarser)
        lines.append(f"Of {names} only bars that have closed are seen.")
    roots = [*plan.rules.values()]
    if any(isinstance(node, Field) and node.name == "time" for node in walk(*roots)):
        lines.append("Hours and weekdays are UTC, of the bar's open.")
    return tuple(lines)


def period(plan: Plan) -> str:
    """Say which bars the run covers."""
    end = "the last closed bar" if plan.end is None else f"{iso(plan.end)} (exclusive)"
    if plan.last is not None:
        days = plan.last / DAY
        return f"over the {days:g} days before {end}"
    start = "the first bar there is" if plan.start is None else iso(plan.start)
    return f"from {start} to {end}"
