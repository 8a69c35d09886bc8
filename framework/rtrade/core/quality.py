"""What is known of the bars of a series besides their prices: flags bar by bar, and the counts.

A flag says how a bar came about, or that it is unlike others; the prices stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FlagArray = NDArray[np.uint8]

# The source has no such bar: open, high, low and close are the close before it, the volume is 0.
FILLED = 1
# The source has the bar, and nothing was traded: one price, no volume.
HALT = 2
# Its close or one of its extremes is far from what the bars before it were like.
OUTLIER = 4
# It is put together from finer bars, and some of those are missing or filled.
PARTIAL = 8
# The exchange has changed it after it was stored.
CORRECTED = 16
# High or low were moved to hold the other prices.
REPAIRED = 32

FLAGS: Mapping[str, int] = {
    "filled": FILLED,
    "halts": HALT,
    "outliers": OUTLIER,
    "partial": PARTIAL,
    "corrected": CORRECTED,
    "repaired": REPAIRED,
}


@dataclass(frozen=True)
class QualitySummary:
    """Counts over a stretch of bars.

    `gaps` counts the holes that are left, `missing` the bars in them, `longest_gap` those of the
    longest; `dropped` the rows that were left out; the rest the bars with a flag. `examples` has
    the open times (ms) of the first few of each, under the names of the counts; of a hole, that of
    the bar after it.
    """

    gaps: int = 0
    missing: int = 0
    longest_gap: int = 0
    filled: int = 0
    halts: int = 0
    outliers: int = 0
    partial: int = 0
    corrected: int = 0
    repaired: int = 0
    dropped: int = 0
    examples: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
