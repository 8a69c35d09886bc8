"""The numbers that a run takes. Beyond them its arithmetic would overflow, or miscount lots.

No market that is known comes near. Who reads numbers refuses others in words, and engines refuse
them once more, so that none has to say what becomes of them.
"""

from __future__ import annotations

from decimal import Decimal

# Prices, in quote units for one base unit.
LEAST_PRICE, MOST_PRICE = 1e-12, 1e15
# Amounts of money, and of the base currency.
MOST_MONEY = MOST_UNITS = 1e24
LEAST_LOT, MOST_LOT = Decimal("1e-15"), Decimal("1e15")
# Digits of a lot that a float64 holds, and digits after the point of which 64 bits do.
LOT_DIGITS, LOT_DECIMALS = 15, 18


def wrong_lot(lot: Decimal) -> str | None:
    """Say what is wrong with a lot, None where sizes can be counted in it."""
    if not LEAST_LOT <= lot <= MOST_LOT:
        return f"lies beyond {LEAST_LOT:e} to {MOST_LOT:e}"
    parts = lot.normalize().as_tuple()
    assert isinstance(parts.exponent, int)
    if len(parts.digits) > LOT_DIGITS or -parts.exponent > LOT_DECIMALS:
        return f"has more than {LOT_DIGITS} digits, or {LOT_DECIMALS} after the point"
    return None
