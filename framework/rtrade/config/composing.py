"""From counted YAML events to a `Document`: plain data, and the place of every key and value.

Findings are collected, not raised: keys given twice, keys that are no text, merge keys, numbers
and characters that nothing here has a use for.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from rtrade.config.anchors import anchors
from rtrade.config.document import Document, Path
from rtrade.config.events import Events, collect, span_of
from rtrade.config.scalars import resolve
from rtrade.core.diagnostics import Diagnostic, SourceText, Span

_THOUSANDS = re.compile(r"(?<![0-9])[0-9]{1,3}(?:,[0-9]{3})*,\Z")
_GROUPS = re.compile(r"[0-9]{3}(?:,[0-9]{3})*(?![0-9])")
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def compose(text: str, file: str) -> tuple[Document, list[Diagnostic]]:
    """Return the document that `text` holds and what is wrong in it; raise `Refused`."""
    composer = _Composer(text, file, collect(text, file))
    return composer.document(), composer.findings


class _Composer:
    def __init__(self, text: str, file: str, events: Events) -> None:
        self.findings: list[Diagnostic] = []
        self._file = file
        self._text = text
        self._place = Document(file, text, None)
        self._events = events.nodes
        self._targets = events.targets
        self._at = 0
        self._values: dict[Path, Span] = {}
        self._keys: dict[Path, Span] = {}
        self._texts: dict[Path, SourceText] = {}

    def document(self) -> Document:
        data = self._node(()) if self._events else None
        return Document(self._file, self._text, data, self._values, self._keys, self._texts)

    def _node(self, path: Path) -> Any:
        index = self._at
        event = self._events[index]
        self._at += 1
        if isinstance(event, yaml.AliasEvent):
            after, self._at = self._at, self._targets[index]
            data = self._node(path)
            self._at = after
            # What is said of the value is said of where it is used.
            self._values[path] = span_of(self._file, event.start_mark, event.end_mark)
            return data
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        build = self._mapping if isinstance(event, yaml.MappingStartEvent) else self._sequence
        data = build(path)
        self._values[path] = span_of(self._file, event.start_mark, self._end_mark(self._at - 1))
        return data

    def _end_mark(self, index: int) -> Any:
        """Return where a collection ends: with its last value, not with the next token."""
        while (event := self._events[index]).start_mark.index == event.end_mark.index:
            if not isinstance(event, yaml.CollectionEndEvent):
                break
            index -= 1
        return event.end_mark

    def _mapping(self, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(self._events[self._at], yaml.MappingEndEvent):
            event = self._events[self._at]
            span = span_of(self._file, event.start_mark, event.end_mark)
            key = self._key(event, span)
            if key in data:
                message = f"`{key}` is given twice; the first is on line {self._first(path, key)}"
                self._find("RT007", message, span, "remove one of the two")
                key = None
            if key is None:
                self._skip()
                self._skip()
                continue
            self._at += 1
            self._keys[(*path, key)] = span
            data[key] = self._node((*path, key))
        self._at += 1
        return data

    def _first(self, path: Path, key: str | None) -> int:
        assert key is not None
        return self._keys[(*path, key)].line

    def _sequence(self, path: Path) -> list[Any]:
        data: list[Any] = []
        while not isinstance(self._events[self._at], yaml.SequenceEndEvent):
            data.append(self._node((*path, len(data))))
        self._at += 1
        return data

    def _skip(self) -> None:
        """Step over one node."""
        depth = 0
        while True:
            event = self._events[self._at]
            self._at += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return

    def _key(self, event: Any, span: Span) -> str | None:
        help_text = "put the key in quotes if it is meant as text"
        if not isinstance(event, yaml.ScalarEvent):
            self._find("RT010", "a key must be text", span, "write one word before the colon")
            return None
        if not event.value:
            self._find("RT010", "a key is missing here", span, "write a key before the colon")
            return None
        if event.style:
            return self._checked(event.value, span)
        if event.value == "<<":
            self._find("RT008", "merge keys (`<<`) are not allowed", span, "write the keys out")
            return None
        try:
            is_text = isinstance(resolve(event.value), str)
        except ValueError:
            is_text = False
        if not is_text:
            start: Any = event.start_mark
            grouped = self._grouped(start.index)
            if grouped is not None:
                help_text = f"between `{{` and `}}` a comma starts a new key: write `{grouped}`"
            self._find("RT010", f"a key must be text, not `{event.value[:40]}`", span, help_text)
            return None
        return self._checked(event.value, span)

    def _grouped(self, at: int) -> str | None:
        """Return the number that a comma cuts at `at`, as it is in `{cash: 10,000}`."""
        before, after = _THOUSANDS.search(self._text, 0, at), _GROUPS.match(self._text, at)
        return f"{before[0]}{after[0]}".replace(",", "") if before and after else None

    def _scalar(self, event: Any, path: Path) -> Any:
        style = event.style or ""
        start, end = event.start_mark, event.end_mark
        span = span_of(self._file, start, end)
        self._values[path] = span
        value: Any = event.value
        if not style:
            try:
                value = resolve(event.value)
            except ValueError as fault:
                self._find("RT011", f"{fault} is not readable", span, "write fewer digits")
                return None
        if not isinstance(value, str):
            return value
        raw = self._text[start.index : end.index]
        text = SourceText(
            value, self._file, anchors(raw, value, style, start.line + 1, start.column + 1)
        )
        self._texts[path] = text
        if style in ("|", ">") and value:
            last = text.span()
            self._values[path] = Span(
                self._file, span.line, span.column, last.end_line, last.end_column
            )
        return self._checked(value, span)

    def _checked(self, value: str, span: Span) -> str:
        """Return a text, noting characters (written as escapes) that no file has a use for."""
        odd = _ODD.search(value)
        if odd is not None:
            message = f"the character U+{ord(odd[0]):04X} has no place in a text"
            self._find("RT011", message, span, "remove the escape")
        return value

    def _find(self, code: str, message: str, span: Span, help_text: str) -> None:
        self.findings.append(self._place.finding(code, message, span, help=help_text))
