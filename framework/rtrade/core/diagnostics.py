"""What is wrong with an input: a code, a message, a place in a file and a way out.

A `Diagnostic` is a value: stages return lists of them and never print. `Span` columns count
characters, not bytes; lines and columns start at 1, and the end is exclusive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops the run, a warning is printed."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of text in a file; lines and columns from 1, the end exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `source` is the text of the line that the span starts on, for the caret."""

    code: str
    message: str
    span: Span | None = None
    help: str | None = None
    severity: Severity = Severity.ERROR
    source: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class SourceText:
    """A string out of a file that knows where each of its characters stands.

    `anchors` are `(offset, line, column)` in ascending order, the first at offset 0: from
    `offset` on, characters follow one another on `line` from `column`.
    """

    text: str
    file: str
    anchors: tuple[tuple[int, int, int], ...] = field(default=((0, 1, 1),), compare=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of the character at `offset`."""
        at, line, column = self.anchors[0]
        for anchor in self.anchors:
            if anchor[0] > offset:
                break
            at, line, column = anchor
        return line, column + offset - at

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """Return the place of `text[start:end]` in the file; at least one character wide."""
        stop = len(self.text) if end is None else end
        line, column = self.position(start)
        end_line, end_column = self.position(max(stop - 1, start))
        return Span(self.file, line, column, end_line, end_column + 1)


def errors_of(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the findings that stop a run."""
    return [found for found in diagnostics if found.severity is Severity.ERROR]
