"""The catalog of this installation: what ships, and what plug-ins add through the same door.

A plug-in is a distribution with an entry point in the group `rtrade.plugins`: a function that is
given a `Registry` and adds entries to it. One that fails, or takes a name that is taken, is left
out whole, and told by `rtrade doctor`; it never keeps anything else from working.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtrade.catalog.builtin import KERNELS_VERSION, builtin
from rtrade.catalog.declaring import problems_of
from rtrade.catalog.registry import Entry, Registry

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "rtrade.plugins"


@dataclass(frozen=True)
class Plugin:
    """An entry point that was found; `problem` says why it is left out, None where it is in."""

    name: str
    distribution: str
    version: str
    entries: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def identity(self) -> str:
        """Distribution and version, as `name==version`."""
        return f"{self.distribution}=={self.version}"


@dataclass(frozen=True)
class Installed:
    """The registry with all that works, and every plug-in that was found."""

    registry: Registry
    plugins: tuple[Plugin, ...]


@functools.cache
def installed() -> Installed:
    """Return the catalog with plug-ins; they are looked for once in a process."""
    from importlib.metadata import entry_points

    everything = Registry(builtin().entries())
    found = sorted(entry_points(group=GROUP), key=lambda point: (_distribution(point), point.name))
    return Installed(everything, tuple(_take_in(point, everything) for point in found))


def registry() -> Registry:
    """Return what can be called in an expression on this installation."""
    return installed().registry


def kernels_version(used: Iterable[str]) -> str:
    """Return the version of the kernels behind the entries called `used`, for the fingerprint.

    It is that of the built-in ones, and `name==version` of each plug-in that has one of them.
    """
    names = set(used)
    others = {one.identity for one in installed().plugins if names.intersection(one.entries)}
    return "+".join([KERNELS_VERSION, *sorted(others)])


def _take_in(point: EntryPoint, everything: Registry) -> Plugin:
    own = Registry()
    plugin = Plugin(point.name, _distribution(point), point.dist.version if point.dist else "")
    try:
        point.load()(own)
        entries = own.entries()
        for entry in entries:
            _refuse(entry, everything)
    except Exception as fault:  # noqa: BLE001  it is not our code; doctor shows what it said
        return Plugin(plugin.name, plugin.distribution, plugin.version, (), _said(fault))
    for entry in entries:
        everything.add(entry)
    names = tuple(entry.name for entry in entries)
    return Plugin(plugin.name, plugin.distribution, plugin.version, names)


def _refuse(entry: Entry, everything: Registry) -> None:
    """Raise ValueError where an entry cannot be taken in."""
    if everything.get(entry.name) is not None:
        raise ValueError(f"`{entry.name}` is the name of another function")
    if entry.kernel is None:
        raise ValueError(f"`{entry.name}` has no kernel")
    problems = problems_of(entry)
    if problems:
        raise ValueError(f"`{entry.name}`: {problems[0]}")


def _said(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else ""
