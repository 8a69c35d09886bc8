"""What the command line says instead of a strategy file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Overrides:
    """Options as given: `sets` are `key.path=value`, `last` a length such as `30d`."""

    sets: tuple[str, ...] = ()
    source: str | None = None
    symbol: str | None = None
    start: str | None = None
    end: str | None = None
    last: str | None = None

    def given(self) -> dict[str, Any]:
        """Return what was given, as plain data; `read` makes the same of it again."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Overrides:
        """Return what `given()` was made of; raise ValueError for what it cannot have been."""
        sets = given.get("sets", ())
        texts = {name: value for name, value in given.items() if name != "sets"}
        known = texts.keys() <= {"source", "symbol", "start", "end", "last"}
        if not known or not all(isinstance(one, str) for one in (*sets, *texts.values())):
            raise ValueError("the arguments of the run are not understood")
        return cls(sets=tuple(sets), **texts)


NO_OVERRIDES = Overrides()
