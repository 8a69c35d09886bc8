"""The text of a strategy with its findings at the lines that they are about."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rtrade.core.diagnostics import Diagnostic, Severity, Span

# Lines that are shown: a file may have as many as a megabyte holds.
MOST_LINES = 3000
_LONGEST = 400
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


@dataclass(frozen=True)
class Finding:
    """A finding: what stands before its place in the line, and the place itself."""

    code: str
    severity: str
    message: str
    help: str
    before: str
    width: int
    place: str


@dataclass(frozen=True)
class Line:
    """A line of the text, from 1, with what was found in it."""

    number: int
    text: str
    findings: tuple[Finding, ...]


def lines_of(text: str, file: str, found: Sequence[Diagnostic]) -> tuple[Line, ...]:
    """Return the lines of a file, with the findings that point into it."""
    here: dict[int, list[Finding]] = {}
    lines = text.splitlines()
    for one in found:
        if one.span is not None and one.span.file == file and one.span.line <= len(lines):
            here.setdefault(one.span.line, []).append(_at(one, one.span, lines))
    return tuple(
        Line(number, visible(line[:_LONGEST]), tuple(here.get(number, ())))
        for number, line in enumerate(lines[:MOST_LINES], start=1)
    )


def elsewhere(file: str, count: int, found: Sequence[Diagnostic]) -> Iterator[Finding]:
    """Yield the findings that point nowhere, or into another file."""
    for one in found:
        if one.span is None:
            yield _finding(one, "", 0, "")
        elif one.span.file != file or one.span.line > count:
            yield _finding(one, "", 0, f"{one.span.file}:{one.span.line}:{one.span.column}")


def _at(found: Diagnostic, span: Span, lines: Sequence[str]) -> Finding:
    line = lines[span.line - 1]
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    start = min(span.column - 1, _LONGEST)
    width = max(1, min(end, len(line), _LONGEST) - start)
    return _finding(found, visible(line[:start]), width, f"line {span.line}, column {span.column}")


def _finding(found: Diagnostic, before: str, width: int, place: str) -> Finding:
    severity = "error" if found.severity is Severity.ERROR else "warning"
    return Finding(found.code, severity, visible(found.message), visible(found.help or ""), before,
                   width, place)  # fmt: skip


def visible(text: str) -> str:
    """Return text in which characters that are not seen, or turn its direction, are escapes."""
    return "".join(_shown(one) for one in text)


def _shown(one: str) -> str:
    if one in "\t\n" or unicodedata.category(one) not in _HIDDEN:
        return one
    return f"\\u{ord(one):04x}" if ord(one) <= 0xFFFF else f"\\U{ord(one):08x}"
