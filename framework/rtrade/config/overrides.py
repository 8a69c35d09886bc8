"""What the command line says instead of a strategy file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Overrides:
    """Options as given: `sets` are `key.path=value`, `last` a length such as `30d`."""

    sets: tuple[str, ...] = ()
    source: str | None = None
    symbol: str | None = None
    start: str | None = None
    end: str | None = None
    last: str | None = None


NO_OVERRIDES = Overrides()
