"""A YAML file as read: its text, its data, and the place of every key and value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rtrade.core.diagnostics import Diagnostic, Severity, SourceText, Span

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """`data` is plain dicts, lists and scalars; the maps lead from a path in it to a place.

    `keys` holds the span of each mapping key under the path of its value; `texts` the string
    scalars with the anchors of their characters.
    """

    file: str
    text: str
    data: Any
    values: dict[Path, Span] = field(default_factory=dict, repr=False)
    keys: dict[Path, Span] = field(default_factory=dict, repr=False)
    texts: dict[Path, SourceText] = field(default_factory=dict, repr=False)

    def line(self, number: int) -> str:
        """Return the text of line `number` (from 1), empty beyond the end."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def value_span(self, path: Path) -> Span | None:
        """Return the place of the value at `path`, or of the nearest parent that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return None

    def key_span(self, path: Path) -> Span | None:
        """Return the place of the key at `path`, else of its value."""
        return self.keys.get(path) or self.value_span(path)

    def finding(
        self,
        code: str,
        message: str,
        span: Span | None,
        *,
        help: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Make a diagnostic that carries the source line of its span."""
        source = self.line(span.line) if span is not None and span.file == self.file else None
        return Diagnostic(code, message, span, help, severity, source)
