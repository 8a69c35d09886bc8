"""The catalog that ships: the language's functions and the technical indicators."""

from __future__ import annotations

import functools

from rtrade.catalog.candles import CANDLES
from rtrade.catalog.functions import FUNCTIONS
from rtrade.catalog.indicators import INDICATORS
from rtrade.catalog.momentum import MOMENTUM
from rtrade.catalog.overlays import OVERLAYS
from rtrade.catalog.registry import Registry
from rtrade.catalog.statistics import CYCLES, ELEMENTS, STATISTICS
from rtrade.catalog.volumes import MOVEMENT, VOLATILITY, VOLUMES

# Part of every fingerprint: a kernel that gives other values gets another version.
KERNELS_VERSION = "1"


@functools.cache
def builtin() -> Registry:
    """Return the registry of everything that ships; the same object at every call."""
    return Registry(
        (
            *FUNCTIONS,
            *INDICATORS,
            *MOMENTUM,
            *OVERLAYS,
            *STATISTICS,
            *ELEMENTS,
            *CYCLES,
            *VOLUMES,
            *VOLATILITY,
            *MOVEMENT,
            *CANDLES,
        )
    )
