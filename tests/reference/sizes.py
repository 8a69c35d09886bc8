"""Sizes of the reference model: budgets, the loss at the stop, and whole lots."""

from __future__ import annotations

import math

from rtrade.core.bars import Filters

LARGEST_EXACT = 2**53


def buyers_cash(cash: float, size: float, price: float, fee: float) -> float:
    """Return the ledger's cash after buying; the lot check takes this form for shorts too."""
    notional = size * price
    return (cash - notional) - notional * fee


def loss_per_unit(fill: float, stopped_at: float, fee: float) -> float:
    """Return what one unit loses from the fill to the stop, both commissions included."""
    return abs(fill - stopped_at) + fee * (fill + stopped_at)


def volatility_share(target: float, deviation: float, bars_per_year: float) -> float:
    """Return the share of equity that brings a yearly volatility down to the target."""
    return min(1.0, target / (deviation * math.sqrt(bars_per_year)))


def slack(x: float) -> float:
    """Return how far below a whole number still counts as that number."""
    return max(1e-9, 1e-15 * x)


def lots(amount: float, filters: Filters) -> tuple[int, float, int]:
    """Return (n, m, d): n whole lots of m * 10^-d, on a coarser step where n is not exact.

    A step that is made coarser than its whole digits is a float.
    """
    m: float
    m, d = filters.lot_step()
    while True:
        x = amount / (m / 10**d)
        n = math.floor(x + slack(x))
        if n <= LARGEST_EXACT:
            return n, m, d
        m, d = (m, d - 1) if d > 0 else (m * 10.0, 0)


def size_of(n: int, m: float, d: int) -> float:
    """Return the size of n lots: whole numbers, divided once."""
    return n * m / 10**d
