"""The ways to say how much to buy: a closed set, declared here and computed in the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.core.limits import MOST_MONEY, MOST_UNITS


@dataclass(frozen=True)
class Sizer:
    """One way to size an entry: `value` is written next to its name, or with `parameters`.

    A sizer has parameters where one number does not say it all; the first is then its value.
    """

    name: Literal["equity", "quote", "base", "risk", "volatility"]
    doc: str
    value: Quantity
    parameters: tuple[Quantity, ...] = ()


SIZERS = (
    Sizer(
        "equity",
        "A share of the account's equity at the last close.",
        Quantity(
            "equity", "Share of equity to put into an entry.", Measure.FRACTION, "95%", high=1
        ),
    ),
    Sizer(
        "quote",
        "A fixed budget in quote currency.",
        Quantity(
            "quote",
            "Budget of an entry in quote currency.",
            Measure.MONEY,
            "1000",
            high=MOST_MONEY,
        ),
    ),
    Sizer(
        "base",
        "A fixed amount of the base currency.",
        Quantity(
            "base",
            "Amount to buy or sell, in base currency.",
            Measure.AMOUNT,
            "0.5",
            high=MOST_UNITS,
        ),
    ),
    Sizer(
        "risk",
        "The amount that loses this share of equity if stopped at its first level, costs included. "
        "Needs a stop.",
        Quantity("risk", "Share of equity that an entry may lose.", Measure.FRACTION, "1%", high=1),
    ),
    Sizer(
        "volatility",
        "A share of equity that shrinks as the asset's yearly volatility rises above a target.",
        Quantity("target", "Yearly volatility to aim at.", Measure.FRACTION, "20%", high=10),
        (
            Quantity(
                "lookback",
                "Bars of log returns that the volatility is measured on.",
                Measure.BARS,
                "30",
                low=2,
                high=100_000,
                low_open=False,
            ),
        ),
    ),
)

SCALE_BY = (
    "A signal that scales the budget: an expression in 0..1, or in 0..100 if it is a percentage."
)
