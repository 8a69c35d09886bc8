"""What goes on, on stderr: on a terminal as it happens, else a line where something is fetched."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from rtrade.core.series import SeriesKey
    from rtrade.data.syncing import Step
    from rtrade.workflow.markets import Fetching


class Display:
    """Tells of stages and of series being fetched; this one, and where nobody looks, of nothing."""

    def tell(self, stage: str) -> None:
        """Say which stage begins."""

    def say(self, text: str) -> None:
        """Print a line that stays."""

    def watch(self, step: Step) -> None:
        """Show how far a series has come. May be called from several threads."""

    def decided(self, signal: str, done: int, total: int) -> None:
        """Show how many decisions of a signal there are, of how many."""


class _Lines(Display):
    """For a pipe or a file: only lines that stay."""

    def say(self, text: str) -> None:
        click.echo(text, err=True)


class _Live(Display):
    """For a terminal: a spinner for the stage, a bar for each series."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage: TaskID | None = None
        self._series: dict[SeriesKey, TaskID] = {}
        self._signals: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def tell(self, stage: str) -> None:
        with self._lock:
            if self._stage is None:
                self._stage = self._progress.add_task(stage, total=None, note="")
            self._progress.update(self._stage, description=stage)

    def say(self, text: str) -> None:
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def watch(self, step: Step) -> None:
        with self._lock:
            if step.key not in self._series:
                label = f"{step.key.symbol} {step.key.timeframe}"
                self._series[step.key] = self._progress.add_task(label, note="")
            task = self._series[step.key]
            elapsed = self._progress.tasks[task].elapsed
            rate = f", {step.added / elapsed:,.0f}/s" if elapsed else ""
            note = f"{step.added:,} bars{rate}"
            self._progress.update(task, completed=step.done, total=step.total, note=note)

    def decided(self, signal: str, done: int, total: int) -> None:
        with self._lock:
            if signal not in self._signals:
                self._signals[signal] = self._progress.add_task(signal, note="")
            note = f"{done:,} of {total:,} decisions"
            self._progress.update(self._signals[signal], completed=done, total=total, note=note)


@contextmanager
def display(*, shown: bool) -> Iterator[Display]:
    """Yield what to tell what happens; it says nothing unless `shown`."""
    if not shown:
        yield Display()
        return
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Live(progress)


def fetching(shown: Display, *, offline: bool) -> Fetching:
    """Return how a command may fetch, with what hears of it."""
    from rtrade.workflow.markets import Fetching

    return Fetching(offline, shown.say, shown.watch, shown.decided)
