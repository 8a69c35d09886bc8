"""Run a strategy from file to report.

1. Compile the file to a plan; whatever the engine cannot do is refused here, before data moves.
2. Load the bars, evaluate the signals, prepare the program, run the engine.
3. Measure, record, render, and publish the run folder in one step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger("rtrade.run")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunOutcome:
    """A finished run: the document of result.json, its folder and its report."""

    document: dict[str, Any]
    folder: Path

    @property
    def report(self) -> Path:
        """The report, as an absolute path."""
        return self.folder / "report.html"
