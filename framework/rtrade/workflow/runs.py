"""The runs of a workspace: list, find, tag, annotate and delete them.

The folders are the truth. The store keeps a summary of each, by the time at which its result was
written, so that a list need not read them all; a folder that is new, was replaced or has gone is
noticed when the list is next asked for, whoever made the change. That index makes itself anew where
it is gone or holds what cannot be read, and without a store runs are listed from their folders.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

from rtrade.analysis.run_folder import remove
from rtrade.analysis.run_summary import RunSummary, read_summary, summarise
from rtrade.catalog.metrics import METRICS
from rtrade.core.errors import DataUnavailable, StoreError, UsageError, WorldError
from rtrade.workflow.running import output_root

if TYPE_CHECKING:
    from rtrade.store.documents import Run
    from rtrade.store.store import Store
    from rtrade.workflow.holding import HeldStore

log = logging.getLogger("rtrade.runs")

RUN_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}-[0-9a-f]{10}"
MOST_TAGS, LONGEST_TAG, LONGEST_NOTE = 20, 40, 4000
_RUN_ID = re.compile(RUN_ID)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TAG = re.compile(r"[^\s\x00-\x1f\x7f,]+")
# File systems stamp folders a few ms late: a stamp as fresh as this may stand for two changes.
_FRESH_NS = 2_000_000_000
_MS = 1_000_000

_METRICS = tuple(metric.name for metric in METRICS)
ORDERS = ("started", "strategy", "symbol", "run_id", *_METRICS)


@dataclass(frozen=True)
class ListedRun:
    """A run with what its user says of it; `unmarked` is why that is not known, None: it is."""

    summary: RunSummary
    tags: tuple[str, ...] = ()
    note: str = ""
    unmarked: StoreError | None = None


@dataclass(frozen=True)
class RunQuery:
    """Which runs to list, and how. Times are ms; `text` is looked for in id, tags and note.

    `bounds` are metrics with the least and the greatest value that they may have, both included;
    a run that lacks the metric is left out.
    """

    strategy: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    tag: str | None = None
    text: str | None = None
    since: int | None = None
    until: int | None = None
    bounds: tuple[tuple[str, float, float], ...] = ()
    order: str = "started"
    descending: bool = True
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True)
class RunPage:
    """A stretch of the runs that a query means, of `total` in all.

    `strategies` and `symbols` are those of all runs; `broken` are folders that cannot be read, with
    the reason. `unmarked` is why tags and notes are not known, None: they are.
    """

    runs: tuple[ListedRun, ...]
    total: int
    strategies: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()
    unmarked: StoreError | None = None


@dataclass(frozen=True)
class _Known:
    """What was seen in the folder of runs: by id, the stamp of result.json (ns) and what it says.

    `stamp` is that of the folder; None: it was too fresh to be believed.
    """

    stamp: int | None = None
    runs: Mapping[str, tuple[int, RunSummary]] = field(default_factory=dict)
    broken: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Marks:
    """Tags and notes by run id, or why they are not known."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    unknown: StoreError | None = None

    def of(self, one: RunSummary) -> ListedRun:
        name = one.run_id
        return ListedRun(one, self.tags.get(name, ()), self.notes.get(name, ""), self.unknown)


class RunIndex:
    """The runs in a workspace's folder of runs; safe to use from any thread."""

    def __init__(self, workspace: Path, held: HeldStore) -> None:
        self.root = output_root(workspace)
        self._held = held
        self._lock = threading.Lock()
        self._known = _Known()

    def page(self, query: RunQuery) -> RunPage:
        """Return the runs that a query means; raise StoreError for a tag where none are known."""
        known = self._refreshed()
        marks = self._marks()
        if marks.unknown is not None and query.tag is not None:
            raise marks.unknown
        every = [summary for _, summary in known.runs.values()]
        found = _ordered([one for one in every if _is_meant(one, marks, query)], query)
        shown = found[query.offset : query.offset + query.limit]
        return RunPage(
            tuple(marks.of(one) for one in shown),
            len(found),
            tuple(sorted({one.strategy for one in every})),
            tuple(sorted({one.symbol for one in every})),
            tuple(sorted((run_id, reason) for run_id, (_, reason) in known.broken.items())),
            marks.unknown,
        )

    def find(self, run_id: str) -> Path:
        """Return the folder of a run; raise DataUnavailable where there is none."""
        root = self.root.resolve()
        folder = root / run_id
        # The id is checked first: without that, it could be a path.
        known = _RUN_ID.fullmatch(run_id) and folder.resolve().is_relative_to(root)
        if not known or not (folder / "result.json").is_file():
            raise DataUnavailable(f"there is no run `{run_id[:80]}`")
        return folder

    def file(self, run_id: str, name: str) -> tuple[Path, int]:
        """Return a file of a run and its stamp (ns); raise DataUnavailable where it is missing."""
        path = self.find(run_id) / name
        try:
            return path, path.stat().st_mtime_ns
        except OSError:
            raise DataUnavailable(
                f"run `{run_id}` has no {name}", hint="run the strategy again to have it whole"
            ) from None

    def one(self, run_id: str) -> ListedRun:
        """Return a run as lists show it; raise DataUnavailable, WorldError where it is broken."""
        folder = self.find(run_id)
        known = self._refreshed()
        summary = known.runs[run_id][1] if run_id in known.runs else summarise(folder)
        return self._marks().of(summary)

    def mark(
        self, run_id: str, *, tags: tuple[str, ...] | None = None, note: str | None = None
    ) -> ListedRun:
        """Give a run these tags and this note, None: as they are; return it."""
        self.find(run_id)
        if tags is not None:
            _check_tags(tags)
        if note is not None:
            _check_note(note)
        with self._held.opened() as store:
            if tags is not None:
                store.tag_run(run_id, tags)
            if note is not None:
                store.note_run(run_id, note)
        return self.one(run_id)

    def delete(self, run_id: str) -> None:
        """Delete a run: its tags, its note, its folder."""
        self.find(run_id)
        # A store that is not there just now is told before anything is gone.
        with self._held.opened() as store:
            store.forget_run(run_id)
        remove(self.root, run_id)

    def _marks(self) -> _Marks:
        try:
            with self._held.opened() as store:
                return _Marks(*store.run_marks())
        except StoreError as fault:
            return _Marks(unknown=fault)

    def _refreshed(self) -> _Known:
        with self._lock:
            stamp = _stamp_of(self.root)
            if stamp != self._known.stamp:
                self._known = _settled(self._looked(), stamp)
            return self._known

    def _looked(self) -> _Known:
        """Look at the folder again; what is new in it goes into the store's index."""
        try:
            with self._held.opened() as store:
                # Whoever has seen the folder before knows more than the index.
                indexed = {} if self._known.runs else {run.run_id: run for run in store.runs()}
                known = _scan(self.root, self._known, indexed)
                self._index(store, known, indexed)
                return known
        except StoreError as fault:
            log.warning("runs are listed without their index", extra={"error": fault.message})
            return _scan(self.root, self._known, {})

    def _index(self, store: Store, known: _Known, indexed: Mapping[str, Run]) -> None:
        """Have the index say what is known; runs that are gone leave it, their tags stay."""
        rows = {run_id: _row(at, one) for run_id, (at, one) in known.runs.items()}
        if indexed.keys() - rows.keys():
            store.rebuild_runs(rows.values())
            return
        before = self._known.runs
        store.put_runs(
            [
                row
                for run_id, row in rows.items()
                if run_id not in before or before[run_id][0] != known.runs[run_id][0]
                if run_id not in indexed or _differ(indexed[run_id], row)
            ]
        )


def _settled(known: _Known, stamp: int) -> _Known:
    return replace(known, stamp=stamp if time_ns() - stamp > _FRESH_NS else None)


def _scan(root: Path, known: _Known, indexed: Mapping[str, Run]) -> _Known:
    """Return what is in the folder of runs; only what is neither known nor indexed is read."""
    runs: dict[str, tuple[int, RunSummary]] = {}
    broken: dict[str, tuple[int, str]] = {}
    for run_id, stamp in _results(root):
        if run_id in known.runs and known.runs[run_id][0] == stamp:
            runs[run_id] = known.runs[run_id]
        elif run_id in known.broken and known.broken[run_id][0] == stamp:
            broken[run_id] = known.broken[run_id]
        else:
            try:
                kept = _of_index(indexed.get(run_id), stamp)
                runs[run_id] = stamp, kept or summarise(root / run_id)
            except WorldError as fault:
                broken[run_id] = stamp, fault.message
    return _Known(None, runs, broken)


def _of_index(run: Run | None, stamp: int) -> RunSummary | None:
    if run is None or run.created != stamp // _MS:
        return None
    return read_summary(run.document)


def _results(root: Path) -> Iterator[tuple[str, int]]:
    """Yield the ids of runs with the stamps of their results (ns)."""
    try:
        entries = list(os.scandir(root))
    except FileNotFoundError:
        return
    for entry in entries:
        if _RUN_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            try:
                yield entry.name, (Path(entry) / "result.json").stat().st_mtime_ns
            except OSError:
                # No run, or one that goes at this moment.
                continue


def _stamp_of(root: Path) -> int:
    try:
        return root.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _row(stamp: int, summary: RunSummary) -> Run:
    from rtrade.store.documents import Run

    return Run(
        summary.run_id, summary.strategy, summary.symbol, summary.timeframe, stamp // _MS,
        summary.as_text(),
    )  # fmt: skip


def _differ(kept: Run, row: Run) -> bool:
    """Tell whether the index says something else of a run than what its folder says."""
    return (kept.created, kept.document) != (row.created, row.document)


def _is_meant(one: RunSummary, marks: _Marks, query: RunQuery) -> bool:
    tags = marks.tags.get(one.run_id, ())
    equal = (
        query.strategy in (None, one.strategy)
        and query.symbol in (None, one.symbol)
        and query.timeframe in (None, one.timeframe)
        and (query.tag is None or query.tag in tags)
    )
    if not equal or not _is_in(one.started, query.since, query.until):
        return False
    if query.text is not None:
        text = " ".join((one.run_id, *tags, marks.notes.get(one.run_id, ""))).casefold()
        if query.text.casefold() not in text:
            return False
    return all(
        (value := one.metrics.get(name)) is not None and low <= value <= high
        for name, low, high in query.bounds
    )


def _is_in(moment: int, since: int | None, until: int | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment < until)


def _ordered(runs: list[RunSummary], query: RunQuery) -> list[RunSummary]:
    """Return runs in the order of a query; those that lack the value come last either way."""
    value: Callable[[RunSummary], Any] = attrgetter(query.order)
    if query.order in _METRICS:
        value = _by_metric(query.order)
    # Two stable sorts: equal values stand by id, whichever way the values go.
    runs = sorted(runs, key=attrgetter("run_id"))
    there = [run for run in runs if value(run) is not None]
    there.sort(key=value, reverse=query.descending)
    return there if len(there) == len(runs) else there + [r for r in runs if value(r) is None]


def _by_metric(name: str) -> Callable[[RunSummary], Any]:
    return lambda run: run.metrics[name]


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"a note has {LONGEST_NOTE:,} characters at most")
    if _CONTROL.search(note):
        raise UsageError("a note holds a control character", hint="write text, in lines or not")


def _check_tags(tags: Sequence[str]) -> None:
    if len(tags) > MOST_TAGS:
        raise UsageError(f"a run has {MOST_TAGS} tags at most")
    for tag in tags:
        if len(tag) > LONGEST_TAG or not _TAG.fullmatch(tag):
            raise UsageError(
                f"`{tag[:LONGEST_TAG]}` is no tag",
                hint=f"tags have 1 to {LONGEST_TAG} characters, no space and no comma",
            )
