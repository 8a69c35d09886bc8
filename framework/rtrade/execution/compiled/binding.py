"""Machine code from the very functions that the reference engine calls.

A function is compiled from its own code object; only the names that it calls by are bound to the
compiled ones, so that no rule is written twice. Compiled code is kept in a folder for each state
of the package, interpreter and compiler, since numba looks only at the file of what it compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numba
from numba.core import config, types
from numba.extending import intrinsic

from rtrade.execution import core, leaping
from rtrade.execution.compiled import bits, filling, walker
from rtrade.execution.compiled.place import kernel_folder

Function = Callable[..., Any]


@intrinsic
def _lowest(typing: Any, word: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Return the place of the lowest bit that is set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001 - numba's signature
        return builder.cttz(args[0], context.get_constant(types.boolean, True))  # noqa: FBT003 - a constant

    return types.int64(types.int64), generate


# Where compiled code is kept is a setting of all threads, and nothing is to be bound twice.
_BINDING = RLock()


@cache
def _bound() -> dict[Function, Any]:
    bound: dict[Function, Any] = {bits.lowest: _lowest}
    for module in (core, leaping, filling, walker):
        bind(module, bound, kept=("walk",))
    return bound


def compiled_walk() -> Function:
    """Return `walker.walk` as machine code; it is compiled, or loaded, by its first call."""
    with _BINDING:
        walk: Function = _bound()[walker.walk]
    return walk


class Kernels(NamedTuple):
    """What a sweep calls, as machine code."""

    work_numbers: Function
    work_planes: Function
    walk_all: Function


def sweep_kernels() -> Kernels:
    """Return the kernels of a sweep; each is compiled, or loaded, by its first call."""
    with _BINDING:
        return _sweep_kernels()


@cache
def _sweep_kernels() -> Kernels:
    from rtrade.execution.compiled import batch, machine, statistics
    from rtrade.signals import exact_loops, loops, windows

    bound = _bound()
    bind(machine, bound, kept=("work_numbers", "work_planes"))
    bind(statistics, bound)
    bind(batch, bound, kept=("walk_all",), allocates=True)
    # Windows are what most rows are made of: from now on by loops, which give the same numbers.
    by_name = {}
    for module in (loops, exact_loops):
        bind(module, bound, kept=module.LOOPS)
        by_name.update({name: bound[getattr(module, name)] for name in module.LOOPS})
    windows.use(by_name)
    return Kernels(bound[machine.work_numbers], bound[machine.work_planes], bound[batch.walk_all])


def bind(
    module: ModuleType,
    bound: dict[Function, Any],
    kept: tuple[str, ...] = (),
    *,
    allocates: bool = False,
) -> None:
    """Compile the functions of a module; what they call of `bound` is called compiled.

    The compiled functions are added to `bound`. Those named in `kept` are kept on disk. Unless
    they make arrays, no references to arrays are counted, which would take as long as the rest.
    """
    names = dict(vars(module))
    own = {
        name: value
        for name, value in names.items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }
    for name, value in names.items():
        if isinstance(value, FunctionType) and value in bound:
            names[name] = bound[value]
    for name, function in own.items():
        again = FunctionType(function.__code__, names, name, function.__defaults__)
        names[name] = bound[function] = _compiled(again, keep=name in kept, counts=allocates)


def _compiled(function: FunctionType, *, keep: bool, counts: bool) -> Any:
    # Dividing by 0 gives what it gives to arrays; the rules never do. What only compiled code
    # calls needs no way in from Python, which would take as long to compile as the rest.
    options: Any = {
        "nogil": True,
        "error_model": "numpy",
        "cache": keep,
        "no_cpython_wrapper": not keep,
        "no_cfunc_wrapper": True,
        "_nrt": counts,
        "forceinline": not keep,
    }
    with _kept_in(kernel_folder() if keep else None):
        return numba.njit(**options)(function)


@contextmanager
def _kept_in(folder: Path | None) -> Iterator[None]:
    """Have numba keep in `folder` what it compiles meanwhile; None: where it would."""
    settings: Any = config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = before if folder is None else str(folder)
    try:
        yield
    finally:
        settings.CACHE_DIR = before
