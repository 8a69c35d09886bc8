"""Kernels of several calls with the same inputs, which share what the calls have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rtrade.catalog.registry import Number
from rtrade.core.bars import FloatArray
from rtrade.signals import windows
from rtrade.signals.language import log_return_deviations
from rtrade.signals.volumes import money_flows


class Asked(NamedTuple):
    """A call: its params, and the names of the outputs that somebody reads."""

    params: Mapping[str, Number]
    outputs: frozenset[str]


# For each call the values of the outputs asked for, by name, from the end of the warm-up on.
Found = list[dict[str, FloatArray]]


def _by_length(several: Callable[..., list[FloatArray]]) -> Callable[..., Found]:
    """Return the kernel of an entry with one output and one param, the length of its windows."""

    def kernel(*inputs: FloatArray, asked: Sequence[Asked]) -> Found:
        found = several(*inputs, [int(one.params["n"]) for one in asked])
        return [{"value": values} for values in found]

    return kernel


def _bbands(x: FloatArray, *, asked: Sequence[Asked]) -> Found:
    """Return the bands: of windows of one length, the mean and the deviation are found once."""
    found: Found = [{} for _ in asked]
    places: dict[int, list[int]] = {}
    for place, one in enumerate(asked):
        places.setdefault(int(one.params["n"]), []).append(place)
    for n, alike in places.items():
        middle, away = windows.mean(x, n), [p for p in alike if asked[p].outputs - {"middle"}]
        for place in alike:
            found[place] = {"middle": middle} if "middle" in asked[place].outputs else {}
        if away:
            spread = windows.deviation(x, middle, n, 0)
        for place in away:
            width = spread if place == away[-1] else windows.with_room(x, n - 1)
            np.multiply(spread, asked[place].params["k"], out=width)
            found[place] |= _bands(x, n, middle, width, asked[place].outputs)
    return found


def _bands(
    x: FloatArray, n: int, middle: FloatArray, width: FloatArray, outputs: frozenset[str]
) -> dict[str, FloatArray]:
    """Return the bands asked for, above and below; the width is written over."""
    found = {}
    if "upper" in outputs:
        out = windows.with_room(x, n - 1) if "lower" in outputs else width
        found["upper"] = np.add(middle, width, out=out)
    if "lower" in outputs:
        found["lower"] = np.subtract(middle, width, out=width)
    return found


TOGETHER: dict[str, Callable[..., Found]] = {
    "bbands": _bbands,
    "log_return_deviation": _by_length(log_return_deviations),
    "mfi": _by_length(money_flows),
    "percent_rank": _by_length(windows.shares_below),
    "sma": _by_length(windows.means),
    "wma": _by_length(windows.weighted_means),
}
