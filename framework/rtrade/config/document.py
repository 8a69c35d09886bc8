"""A YAML file as read: its text, its data, and the place of every key and value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rtrade.core.diagnostics import Diagnostic, Severity, SourceText, Span

Path = tuple[str | int, ...]

SECRET_KEYS = ("api_key", "secret")
# A secret that was written out where only its name may stand, the key mistyped or not. What
# follows on the line is hidden with it: where a secret ends is not known of a file that is wrong.
_SECRET = re.compile(
    r"""(?i)(?P<key>\b(?:api_?k\w{1,3}|(?:api_?)?secret|passw\w+|passphrase)["']?\s*[:=]\s*+["']?+)"""
    r"""(?!\$\{env:\w+\}["']?\s*(?:[,}#]|$))(?P<value>\S.*)"""
)
_USER = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def masked(line: str) -> str:
    """Return a line of a file with secrets that are written out as asterisks, columns kept."""
    line = _SECRET.sub(lambda found: found["key"] + "*" * len(found["value"]), line)
    return _USER.sub(lambda found: "*" * len(found[0]), line)


@dataclass(frozen=True)
class Document:
    """`data` is plain dicts, lists and scalars; the maps lead from a path in it to a place.

    `keys` holds the span of each mapping key under the path of its value; `texts` the string
    scalars with the anchors of their characters. `overlays` are texts beside the file that values
    came from, such as `--set`; spans and texts name them as their file.
    """

    file: str
    text: str
    data: Any
    values: dict[Path, Span] = field(default_factory=dict, repr=False)
    keys: dict[Path, Span] = field(default_factory=dict, repr=False)
    texts: dict[Path, SourceText] = field(default_factory=dict, repr=False)
    overlays: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        texts = {**self.overlays, self.file: self.text}
        return {file: text.splitlines() for file, text in texts.items()}

    def line(self, number: int, file: str | None = None) -> str:
        """Return line `number` (from 1) of the file or an overlay, empty beyond the end."""
        lines = self._lines.get(self.file if file is None else file, [])
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
        known = span is not None and span.file in self._lines
        source = masked(self.line(span.line, span.file)) if span is not None and known else None
        return Diagnostic(code, message, span, help, severity, source)
