"""Which sources a workspace has, and which of them a symbol is asked of.

Over HTTP a source is meant by its name alone. Where none is named, the one that has the symbol is
taken; where several have it, which one is meant has to be said.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from rtrade.config.definitions import FileSeries, SyntheticSeries
from rtrade.config.loading import find_source, load_source, source_names
from rtrade.core.errors import DataUnavailable, InvalidInput, UsageError
from rtrade.core.resources import data_folder

if TYPE_CHECKING:
    from rtrade.config.definitions import SourceDef
    from rtrade.core.series import SeriesKey
    from rtrade.workflow.holding import HeldStore

# The exchange that is asked where a workspace has none of its own.
_SHIPPED = "binance"
# Seconds.
_FRESH = 1.0


@dataclass(frozen=True)
class Source:
    """A source file that was read; `version` is another one whenever the file is."""

    definition: SourceDef
    version: str
    own: bool

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.definition.name

    @property
    def venue(self) -> str | None:
        """What its series are called in the store; None: it is no exchange."""
        exchange = self.definition.exchange
        return None if exchange is None else exchange.venue

    @property
    def series(self) -> list[SyntheticSeries | FileSeries]:
        """The series that the file states, but for those whose own file is not there."""
        return [
            one
            for one in self.definition.series
            if isinstance(one, SyntheticSeries) or one.path.is_file()
        ]


class StoredKeys:
    """What names the stored series, read anew each second and where a symbol is not found."""

    def __init__(self, store: HeldStore) -> None:
        self._store = store
        self._known: tuple[float, list[SeriesKey]] | None = None

    def of(self, symbol: str) -> list[SeriesKey]:
        """Return what names the series of bars of a symbol."""
        known = self._known
        if known is not None and monotonic() - known[0] < _FRESH:
            found = [one for one in known[1] if one.symbol == symbol]
            if found:
                return found
        with self._store.opened() as store:
            keys = store.all_keys()
        self._known = (monotonic(), keys)
        return [one for one in keys if one.symbol == symbol]


class Sources:
    """The sources of a workspace that have bars; a file is read again once it has changed."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self._lock = threading.Lock()
        self._read: dict[str, Source] = {}
        self._all: tuple[float, list[Source]] | None = None

    def all(self) -> list[Source]:
        """Return every source that can be read, by name; models have no bars and are not there.

        A new file, or a change, is seen within a second.
        """
        known = self._all
        if known is not None and monotonic() - known[0] < _FRESH:
            return known[1]
        found = self._every()
        self._all = (monotonic(), found)
        return found

    def _every(self) -> list[Source]:
        found = []
        for name in source_names(self.workspace):
            try:
                found.append(self._load(name))
            except InvalidInput:
                # Whoever asks for this one by name is told what is wrong with it.
                continue
        return [one for one in found if one.definition.kind != "llm"]

    def named(self, name: str) -> Source:
        """Return a source; raise UsageError where there is none, InvalidInput for its file."""
        try:
            source = self._load(name)
        except InvalidInput:
            if name in source_names(self.workspace):
                raise
            known = ", ".join(one.name for one in self.all())
            raise UsageError(f"there is no source `{name}`", hint=f"there are {known}") from None
        if source.definition.kind == "llm":
            raise UsageError(f"the source `{name}` is a model: it has no market data")
        return source

    def _load(self, name: str) -> Source:
        path = find_source(name, self.workspace)
        try:
            facts = path.stat()
        except OSError:
            # The reader says what is wrong with it.
            return Source(load_source(path), "", own=True)
        version = f"{path}|{facts.st_mtime_ns}|{facts.st_size}"
        with self._lock:
            known = self._read.get(name)
        if known is not None and known.version == version:
            return known
        own = path.parent != data_folder("datasources")
        source = Source(load_source(path), version, own)
        with self._lock:
            self._read[name] = source
        return source

    def of_venue(self, venue: str) -> Source | None:
        """Return the first source whose series a venue's are, None where no file has it now."""
        return next((one for one in self.all() if one.venue == venue), None)

    def stating(self, symbol: str) -> Source:
        """Return the source of files or of a generator that has a symbol, those shipped last.

        Raises DataUnavailable where there is none, UsageError where there are several.
        """
        having = [one for one in self.all() if any(s.symbol == symbol for s in one.series)]
        own = [one for one in having if one.own] or having
        if not own:
            raise DataUnavailable(
                f"nothing is stored of {symbol}, and no source of files has it",
                hint="`rtrade data sync` fetches bars; /api/v1/symbols lists what there is",
            )
        return _only(own, symbol)

    def asked_of(self, symbol: str, name: str | None, venues: Iterable[str]) -> Source:
        """Return the exchange that a symbol is asked of; `venues` have something stored of it.

        Raises UsageError where several come into question, or where `name` is no exchange.
        """
        if name is not None:
            source = self.named(name)
            if source.venue is None:
                raise DataUnavailable(
                    f"the source `{name}` is no exchange: it has bars alone",
                    hint="name a source of kind `exchange`",
                )
            return source
        stored = set(venues)
        exchanges = [one for one in self.all() if one.venue is not None]
        storing = [one for one in exchanges if one.venue in stored]
        own = [one for one in exchanges if one.own]
        shipped = [one for one in exchanges if one.name == _SHIPPED]
        return _only(storing or own or shipped, symbol)


def _only(sources: Sequence[Source], symbol: str) -> Source:
    """Return the one source; two files that name one venue are the same."""
    if not sources:
        raise DataUnavailable(f"there is no exchange to ask for {symbol}")
    if len({one.venue or one.name for one in sources}) > 1:
        names = ", ".join(one.name for one in sources)
        raise UsageError(
            f"several sources have {symbol}: which one is meant?",
            hint=f"name one with `source`: {names}",
        )
    return sources[0]
