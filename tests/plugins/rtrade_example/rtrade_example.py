"""A plug-in for rtrade: one indicator, declared and computed in one place."""

from rtrade.catalog.registry import Entry, Input, Output, Param, Registry, Unit

CHOPPINESS = Entry(
    name="choppiness",
    group="oscillators",
    doc="Choppiness index: the way gone in n bars against the range, 0 in a trend to 100.",
    outputs=(Output("value", Unit.PERCENT, low=0, high=100),),
    warmup=lambda params: int(params["n"]),
    settle=lambda params: 0,
    params=(Param("n", "bars to look back", 2, 1000, 14),),
    prices=("high", "low", "close"),
    words="the {n}-bar choppiness",
    source="100 log10(sum of trange / (highest - lowest)) / log10(n)",
    kernel=lambda high, low, close, n: _choppiness(high, low, close, n),
)
SCALED = Entry(
    name="scaled",
    group="arithmetic",
    doc="The value times two, for no reason.",
    outputs=(Output("value", Unit.INPUT),),
    warmup=lambda params: 0,
    settle=lambda params: 0,
    inputs=(Input("x", "a number series"),),
    words="{x} times two",
    source="2 x",
    kernel=lambda x: 2 * x,
)


def _choppiness(high, low, close, n):
    import numpy as np

    before = np.concatenate((close[:1], close[:-1]))
    span = np.maximum(high, before) - np.minimum(low, before)
    windows = np.lib.stride_tricks.sliding_window_view
    way = windows(span, n).sum(axis=1)
    reach = windows(high, n).max(axis=1) - windows(low, n).min(axis=1)
    values = 100 * np.log10(way / reach) / np.log10(n)
    return np.concatenate((np.full(n - 1, np.nan), np.clip(values, 0, 100)))


def register(registry: Registry) -> None:
    """Add what this plug-in has to the catalog."""
    registry.add(CHOPPINESS)
    registry.add(SCALED)
