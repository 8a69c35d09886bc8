"""Set two runs beside each other on a page of their own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rtrade import __version__
from rtrade.analysis.comparison import Comparison, compare
from rtrade.analysis.run_folder import replace_file
from rtrade.analysis.stored import find_run, read_run
from rtrade.core.errors import UsageError
from rtrade.report.comparison import render_comparison

FOLDER = "comparisons"


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison and where its page is."""

    found: Comparison
    page: Path


def compare_runs(first: str, second: str, root: Path) -> Compared:
    """Compare two runs of `root`, or by path, and write a page into `root/comparisons`.

    Raises UsageError where a name means no run, or both mean the same one.
    """
    folders = [find_run(name, root) for name in (first, second)]
    if folders[0] == folders[1]:
        raise UsageError(
            f"`{first}` and `{second}` are the same run, {folders[0].name}",
            hint="a run has no other result than its own; change something, and run again",
        )
    found = compare(*(read_run(folder) for folder in folders))
    place = root.resolve() / FOLDER
    pages = [folder / "report.html" for folder in folders]
    a, b = (Path(os.path.relpath(p, place)).as_posix() if p.is_file() else "" for p in pages)
    html = render_comparison(found, (a, b), __version__)
    name = "--".join(folder.name for folder in folders)
    return Compared(found, replace_file(place, f"{name}.html", html.encode()))
