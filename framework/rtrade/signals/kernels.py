"""Kernels by the names of their catalog entries, safe with NaN.

What sums or remembers is computed on the stretches between NaNs, each as if the series began
there: a window is unknown while a NaN is in it, and an average that remembers starts anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rtrade.catalog.registry import Entry, Kind, Number, Output
from rtrade.core.bars import UNKNOWN, FloatArray, TriArray
from rtrade.core.errors import EngineFault, PluginFault
from rtrade.signals import (
    candles,
    indicators,
    language,
    momentum,
    overlays,
    statistics,
    volumes,
    windows,
)
from rtrade.signals.language import Kernel
from rtrade.signals.together import TOGETHER, Asked

Array = FloatArray | TriArray

_MODULES = (language, indicators, momentum, overlays, statistics, volumes, candles)
_BARWISE: dict[str, Kernel] = {name: one for part in _MODULES for name, one in part.BARWISE.items()}
_RESTARTED: dict[str, Kernel] = {
    name: one for part in _MODULES for name, one in part.RESTARTED.items()
}


# Entries of windows, each value of which depends on the bars of its warm-up and on no others, that
# make many arrays on the way.
IN_BLOCKS = frozenset(
    {
        "ac",
        "accbands",
        "ao",
        "aroon",
        "aroonosc",
        "beta",
        "cci",
        "cmf",
        "cmou",
        "correl",
        "donchian",
        "er",
        "fractal",
        "imi",
        "stoch",
        "stochf",
        "ultosc",
        "vhf",
        "vortex",
        "vwap",
        "willr",
    }
)


def names() -> tuple[str, ...]:
    """Return the names of all entries that there is a kernel for, sorted."""
    return tuple(sorted([*_BARWISE, *_RESTARTED]))


def compute(
    entry: Entry, inputs: Sequence[Array], params: Mapping[str, Number]
) -> dict[str, Array]:
    """Compute all outputs of an entry, one value per bar, by output name.

    `inputs` are the declared inputs and then the prices, all of one length: numbers as float64
    that may hold NaN, conditions as int8. Numbers come back as float64, finite or NaN.
    """
    with np.errstate(all="ignore"):
        if entry.kernel is not None:
            arrays = _restarted(entry, _guarded(entry), inputs, params)
        elif entry.name in _BARWISE:
            found = _BARWISE[entry.name](*inputs, **params)
            arrays = tuple(map(finite, found if isinstance(found, tuple) else (found,)))
        elif entry.name in _RESTARTED:
            arrays = _restarted(entry, _RESTARTED[entry.name], inputs, params)
        else:
            raise EngineFault(f"there is no kernel for `{entry.name}`")
    return {output.name: values for output, values in zip(entry.outputs, arrays, strict=True)}


def compute_together(
    entry: Entry, inputs: Sequence[Array], asked: Sequence[Asked]
) -> list[dict[str, Array]]:
    """Compute an entry with the same inputs and several params, each as `compute` does.

    What nobody asked for may be missing.
    """
    warmups, bars = [entry.warmup(one.params) for one in asked], len(inputs[0])
    if not sharing(entry) or not bars > max(warmups) or not _whole(inputs):
        return [compute(entry, inputs, one.params) for one in asked]
    kinds = {output.name: output for output in entry.outputs}
    with np.errstate(all="ignore"):
        return [
            {
                name: _after(warmup, finite(values), kinds[name], inputs)
                for name, values in found.items()
            }
            for warmup, found in zip(
                warmups, TOGETHER[entry.name](*inputs, asked=asked), strict=True
            )
        ]


def sharing(entry: Entry) -> bool:
    """Tell whether calls of an entry with the same inputs are cheaper together."""
    return entry.kernel is None and entry.name in TOGETHER


def _guarded(entry: Entry) -> Kernel:
    """Return the kernel of a plug-in, such that what it does wrong is told as its own."""
    kernel, wanted = entry.kernel, len(entry.outputs)
    assert kernel is not None

    def guarded(*inputs: Array, **params: Number) -> tuple[Array, ...]:
        try:
            found = kernel(*inputs, **params)
        except Exception as fault:
            raise PluginFault(
                f"`{entry.name}` failed: {type(fault).__name__}: {fault}",
                hint="it comes from a plug-in; `rtrade doctor` lists them",
            ) from fault
        arrays = tuple(map(np.asarray, found if isinstance(found, tuple) else (found,)))
        bars, after = len(inputs[0]), len(inputs[0]) - entry.warmup(params)
        if len(arrays) != wanted or any(one.shape not in {(bars,), (after,)} for one in arrays):
            raise PluginFault(
                f"`{entry.name}` must return {wanted} arrays of {bars:,} values, but returned "
                f"{len(arrays)} of shapes {', '.join(str(one.shape) for one in arrays)}",
                hint="it comes from a plug-in; `rtrade doctor` lists them",
            )
        return tuple(one[-after:] for one in arrays)

    return guarded


def _restarted(
    entry: Entry, kernel: Kernel, inputs: Sequence[Array], params: Mapping[str, Number]
) -> tuple[Array, ...]:
    warmup, bars, stretches = entry.warmup(params), len(inputs[0]), _stretches(inputs)
    if stretches == [(0, bars)] and warmup < bars:
        if entry.kernel is None and entry.name in IN_BLOCKS:
            arrays = _in_blocks(kernel, inputs, params, [warmup] * len(entry.outputs))
        else:
            found = kernel(*inputs, **params)
            arrays = found if isinstance(found, tuple) else (found,)
        # What a plug-in gives may be its own to keep.
        kept = (*inputs, *arrays) if entry.kernel is not None else inputs
        return tuple(
            _after(warmup, finite(values), output, kept)
            for output, values in zip(entry.outputs, arrays, strict=True)
        )
    results = tuple(_unknown(output, bars) for output in entry.outputs)
    for start, stop in stretches:
        if stop - start <= warmup:
            continue
        found = kernel(*(values[start:stop] for values in inputs), **params)
        arrays = found if isinstance(found, tuple) else (found,)
        for result, values in zip(results, arrays, strict=True):
            result[start + warmup : stop] = finite(values)
    return results


def _in_blocks(
    kernel: Kernel,
    inputs: Sequence[Array],
    params: Mapping[str, Number],
    warmups: Sequence[int],
) -> tuple[Array, ...]:
    """Compute a kernel of windows on some bars at a time, so that its arrays stay in the cache."""

    def outputs(*part: Array) -> tuple[Any, ...]:
        found = kernel(*part, **params)
        return found if isinstance(found, tuple) else (found,)

    return tuple(windows.in_blocks(outputs, inputs, warmups))


def _after(warmup: int, values: Array, output: Output, kept: Sequence[Array]) -> Array:
    """Return values with what is unknown before them: where there is room for it, in place.

    Many kernels make an array of a value per bar and return the end of it; it is taken whole,
    unless it is one that must be `kept`.
    """
    bars, whole = len(values) + warmup, values.base if values.dtype == np.float64 else None
    if (
        isinstance(whole, np.ndarray)
        and whole.shape == (bars,)
        and output.kind is not Kind.BOOLEAN
        and whole[warmup:].__array_interface__ == values.__array_interface__
        and not any(np.may_share_memory(whole, other) for other in kept)
    ):
        whole[:warmup] = np.nan
        return whole
    result = _unknown(output, bars, warmup)
    result[warmup:] = values
    return result


def _unknown(output: Output, bars: int, first: int | None = None) -> Array:
    """Return an array of which the `first` values (all) are unknown, and others not written."""
    if output.kind is Kind.BOOLEAN:
        answers = np.empty(bars, dtype=np.int8)
        answers[:first] = UNKNOWN
        return answers
    values = np.empty(bars)
    values[:first] = np.nan
    return values


def _stretches(inputs: Sequence[Array]) -> list[tuple[int, int]]:
    """Return where all inputs are numbers, as (start, stop)."""
    if len(inputs[0]) and _whole(inputs):
        return [(0, len(inputs[0]))]
    known = ~np.isnan(inputs[0])
    for values in inputs[1:]:
        known &= ~np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _whole(inputs: Sequence[Array]) -> bool:
    """Tell whether there is no NaN in inputs of at least one bar."""
    return not any(np.isnan(values.min()) for values in inputs)


def finite(values: Array) -> Array:
    """Return numbers with NaN for the infinite; conditions as they are."""
    if values.dtype.kind != "f" or not values.size:
        return values
    # Looked at first, because it takes no room.
    if np.isfinite(values.min()) and np.isfinite(values.max()):
        return values
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values
