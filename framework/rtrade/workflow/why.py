"""Say why a run did what it did at a bar: run it again from its folder up to there, and look."""

from __future__ import annotations

from pathlib import Path

from rtrade.analysis.why import Why
from rtrade.core.errors import UsageError


def why(folder: Path, at: str | int) -> Why:
    """Explain the bar of a run that holds the moment `at`.

    `folder` is the run's (`analysis.stored.find_run` makes one of an id). `at` is an ISO time, ms
    since 1970, or `entry:3`, `exit:3` (by the number of a trade, from 1: the close that decided it,
    or the bar in which a level was touched) or `last`. `report.why` has `summary`, `as_text`,
    `document` (for JSON) and `as_html` (a fragment for a page) of what is returned; `differs` is
    not empty where the run does not come out again as it was. Raises UsageError where the run has
    no such bar, InvalidInput and WorldError where its strategy or its bars cannot be had any more.
    """
    raise UsageError("why is not available yet")
