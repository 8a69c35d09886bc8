"""How long a recursive average remembers where it started."""

from __future__ import annotations

import functools
import math

# Powers of ten by which the start must have faded, so that 1e-9 of the value is left. Levels can
# have stood ten times higher than now; ranges and gains, ten thousand times; and the difference
# of two averages is itself a small part of either.
LEVEL = 10
RANGE = 13
DIFFERENCE = 13


@functools.cache
def fade(weight: float, digits: int, *, chain: int = 1) -> int:
    """Return the bars until the start weighs less than 10**-digits.

    `weight` is that of the newest value in each of `chain` exponential averages, one fed by the
    other. What is left of the start after k bars is the chance of fewer than `chain` successes
    in k draws of probability `weight`: sum of C(k, j) weight^j (1 - weight)^(k - j), j < chain.
    """
    if weight >= 1:
        return 0
    low, high = chain - 1, chain
    while _left(weight, high, chain) >= -digits:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _left(weight, middle, chain) >= -digits:
            low = middle
        else:
            high = middle
    return high


def exponential(n: float) -> float:
    """Return the weight of the newest value in an exponential average of n bars."""
    return 2 / (n + 1)


def wilder(n: float) -> float:
    """Return the weight of the newest value in Wilder's average of n bars."""
    return 1 / n


def _left(weight: float, bars: int, chain: int) -> float:
    """Return the decimal logarithm of the start's share after `bars`."""
    odds = weight / (1 - weight)
    share = sum(math.comb(bars, j) * odds**j for j in range(chain))
    return bars * math.log10(1 - weight) + math.log10(share)
