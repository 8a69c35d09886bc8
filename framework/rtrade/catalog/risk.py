"""Protective levels, limits in time and account rules: a closed set, computed in the core."""

from __future__ import annotations

from rtrade.catalog.quantities import Measure, Quantity

RISK_RULES = (
    Quantity(
        "stop_loss",
        "Distance of the stop from the entry's fill: a percentage, or `{atr: 2.0, period: 14}`.",
        Measure.DISTANCE,
        "3%",
        high=1,
        high_open=True,
    ),
    Quantity(
        "take_profit",
        "Distance of the target from the entry's fill: a percentage, or `{atr: 4.0, period: 14}`.",
        Measure.DISTANCE,
        "9%",
        high=100,
    ),
    Quantity(
        "trailing_stop",
        "Distance of a stop that follows the closes: a percentage, or `{atr: 3.0, period: 14}`.",
        Measure.DISTANCE,
        "2%",
        high=1,
        high_open=True,
    ),
    Quantity(
        "time_exit",
        "Leave at the close of this bar of a position, the entry bar being the first.",
        Measure.LENGTH,
        "48 bars",
        low=1,
        low_open=False,
        high=10_000_000,
    ),
    Quantity(
        "cooldown",
        "How long after an exit entries are refused.",
        Measure.LENGTH,
        "6 bars",
        low=1,
        low_open=False,
        high=10_000_000,
    ),
    Quantity(
        "max_drawdown",
        "End all trading once equity has fallen this far below its peak.",
        Measure.FRACTION,
        "25%",
        high=1,
    ),
    Quantity(
        "daily_loss",
        "Refuse entries for the rest of a UTC day once equity has fallen this far in it.",
        Measure.FRACTION,
        "5%",
        high=1,
    ),
)

# The other form of a distance: a number of average true ranges.
ATR_DISTANCE = (
    Quantity("atr", "How many average true ranges.", Measure.AMOUNT, "2.0", high=1000),
    Quantity(
        "period",
        "Bars of the average true range.",
        Measure.INTEGER,
        "14",
        low=1,
        high=100_000,
        low_open=False,
        default=14,
    ),
)
