"""The events of one YAML document, counted before anything is built.

In: text. Out: `Events`, or one finding as `Refused`: what is not YAML, what a strategy has no use
for (tags, directives, several documents), and what would grow too large. Depth and values are
counted as if every alias were written out, so a bomb costs no more than its own bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from rtrade.config.document import Document
from rtrade.core.diagnostics import Diagnostic, Span

MAX_DEPTH = 50
MAX_ALIASES = 100
MAX_NODES = 100_000

# PyYAML's parser in C where the wheel has it; the one in Python yields the same events.
PARSER: Any = getattr(yaml, "CLoader", yaml.SafeLoader)

# `close[1]` in a flow mapping: YAML takes the bracket for the start of a list.
_INDEXED = re.compile(r"[\w)]\[")
_FLOW = "put a value after the last bracket, brace or comma"
_STARS = "put the value in quotes: `*` and `&` have a meaning of their own"
_LINES = "write the file as `key: value`, one below the other"
_QUOTES = "put the value in quotes"
# What git writes around two versions that it could not bring together.
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")
_ONE_SIDE = (
    "keep one of the two versions, and remove the lines that begin with `<<<<<<<`, `=======` and "
    "`>>>>>>>`"
)
# What the parser says, in words of what was written, and what to do.
_WORDS = {
    "could not find expected ':'": (
        "a key without its colon", "write `key: value`, and check the indentation"),
    "did not find expected key": (
        "this cannot stand here", "check the indentation, and the quotes of the line before"),
    "expected <block end>": (
        "this cannot stand here", "check the indentation, and the quotes of the line before"),
    "did not find expected ',' or": (
        "a comma or the closing bracket is missing", "close the bracket or brace, or add a comma"),
    "expected ',' or": (
        "a comma or the closing bracket is missing", "close the bracket or brace, or add a comma"),
    "did not find expected alphabetic": ("a name is missing", _STARS),
    "expected alphabetic": ("a name is missing", _STARS),
    "did not find expected node content": ("a value is missing", _FLOW),
    "did not find expected <document start>": (
        "this does not go on with what stands above", _LINES),
    "expected '<document start>'": (
        "this does not go on with what stands above", _LINES),
    "invalid Unicode character escape code": (
        "found invalid Unicode character escape code",
        "write the character itself instead of its escape"),
    "exceeded maximum nesting depth": ("exceeded maximum nesting depth", "write fewer brackets"),
}  # fmt: skip
_OPEN = {"'": "quote", '"': "quote", "[": "bracket `[`", "{": "brace `{`"}


class Refused(Exception):
    """The text cannot be read, and `finding` says why; `read_text` maps it to InvalidInput."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass
class Events:
    """Node events in order; `targets` leads from an alias's index to that of what it names."""

    nodes: list[Any] = field(default_factory=list)
    targets: dict[int, int] = field(default_factory=dict)


@dataclass
class _Open:
    """A collection whose end has not been met yet."""

    index: int
    values: int = 1
    height: int = 1


def collect(text: str, file: str) -> Events:
    """Return the events of `text`; raise `Refused`."""
    return _Collector(text, file).events()


def span_of(file: str, start: Any, end: Any) -> Span:
    """Return the span between two marks of PyYAML, at least one character wide."""
    line, column = start.line + 1, start.column + 1
    end_line, end_column = end.line + 1, end.column + 1
    if (end_line, end_column) <= (line, column):
        end_line, end_column = line, column + 1
    return Span(file, line, column, end_line, end_column)


def _never(fault: yaml.MarkedYAMLError) -> bool:
    """Whether a bracket is missed on a later line than the one that opens it."""
    opens, missed = fault.context_mark, fault.problem_mark
    later = opens is not None and missed is not None and missed.line > opens.line
    return later and "expected ',' or" in (fault.problem or "")


class _Collector:
    def __init__(self, text: str, file: str) -> None:
        self._place = Document(file, text, None)
        self._events = Events()
        self._stack: list[_Open] = []
        # Of each complete node that has an anchor: its values and its height.
        self._sizes: dict[int, tuple[int, int]] = {}
        self._anchors: dict[str, int] = {}

    def events(self) -> Events:
        documents = 0
        for event in self._parse():
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                self._check_document(event, documents)
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                self._take(event)
                self._events.nodes.append(event)
        return self._events

    def _parse(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self._place.text, Loader=PARSER)
        except yaml.MarkedYAMLError as fault:
            raise Refused(self._syntax(fault)) from None
        except yaml.YAMLError as fault:
            raise Refused(self._place.finding("RT006", f"not valid YAML: {fault}", None)) from None

    def _take(self, event: Any) -> None:
        index = len(self._events.nodes)
        if isinstance(event, yaml.CollectionEndEvent):
            closed = self._stack.pop()
            self._sizes[closed.index] = closed.values, closed.height
            self._count(closed.values, closed.height, event)
        elif isinstance(event, yaml.AliasEvent):
            target = self._target(event)
            self._events.targets[index] = target
            self._count(*self._sizes[target], event)
        else:
            self._check_tag(event)
            if event.anchor is not None:
                self._anchors[event.anchor] = index
            if isinstance(event, yaml.ScalarEvent):
                self._sizes[index] = 1, 0
                self._count(1, 0, event)
            else:
                self._stack.append(_Open(index))
                self._check_depth(len(self._stack), event)

    def _target(self, event: Any) -> int:
        if len(self._events.targets) >= MAX_ALIASES:
            raise self._refusal("RT009", f"more than {MAX_ALIASES} aliases", event)
        target = self._anchors.get(event.anchor)
        if target is None:
            message = f"`*{event.anchor}` names no anchor before it"
            help_text = "`*` starts an alias: put a text that starts so in quotes"
            raise self._refusal("RT006", message, event, help_text)
        if target not in self._sizes:
            message = f"`*{event.anchor}` stands inside what it names"
            raise self._refusal("RT009", message, event, "write the value out")
        return target

    def _count(self, values: int, height: int, event: Any) -> None:
        self._check_depth(len(self._stack) + height, event)
        if not self._stack:
            return
        parent = self._stack[-1]
        parent.values += values
        parent.height = max(parent.height, height + 1)
        if parent.values > MAX_NODES:
            message = f"more than {MAX_NODES:,} values, counting what aliases stand for"
            raise self._refusal("RT009", message, event)

    def _check_depth(self, depth: int, event: Any) -> None:
        if depth > MAX_DEPTH:
            raise self._refusal("RT009", f"nested more than {MAX_DEPTH} levels deep", event)

    def _check_document(self, event: Any, documents: int) -> None:
        if documents > 1:
            message = "a second document starts here"
            raise self._refusal("RT008", message, event, "keep one document in a file")
        if event.tags or (event.version and tuple(event.version) != (1, 2)):
            message = "YAML directives are not allowed"
            raise self._refusal("RT008", message, event, "remove the lines that start with `%`")

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            message = f"the YAML tag `{event.tag}` is not allowed"
            help_text = "write the value without a tag; put text in quotes"
            raise self._refusal("RT008", message, event, help_text)

    def _syntax(self, fault: yaml.MarkedYAMLError) -> Diagnostic:
        problem = fault.problem or fault.context or "it cannot be parsed"
        mark = fault.problem_mark or fault.context_mark
        # What is never closed is noticed at the end of the file, or where the next line cannot go
        # on with it; show where it opens.
        end = len(self._place.text.rstrip())
        opens = fault.context_mark
        keyless = "could not find expected ':'" in problem
        if mark and opens and (mark.index >= end or _never(fault) or keyless):
            mark = opens
        if mark is None:
            return self._place.finding("RT006", f"not valid YAML: {problem}", None)
        message, help_text = self._words(problem, mark.index)
        span = span_of(self._place.file, mark, mark)
        if mark.index >= end:
            span = self._last_character()
        return self._place.finding("RT006", f"not valid YAML: {message}", span, help=help_text)

    def _words(self, problem: str, at: int) -> tuple[str, str | None]:
        """Say what is wrong at a place of the text, and what to do."""
        text = self._place.text
        letter = text[at : at + 1]
        if text.startswith(_CONFLICT, text.rfind("\n", 0, at) + 1):
            return "git left a conflict here", _ONE_SIDE
        if letter == "\t":
            return "a tab begins this line", "indent with spaces: YAML allows no tabs there"
        if _INDEXED.match(text, max(at - 1, 0)):
            help_text = "inside { } or [ ], put an expression that has [ ] in quotes"
            return "a bracket cannot stand here", help_text
        if "that cannot start any token" in problem:
            what = "a backquote" if letter == "`" else f"`{letter}`"
            fence = text.startswith("```", at)
            help_text = "remove the lines of backquotes around the file" if fence else _QUOTES
            return f"a value cannot begin with {what}", help_text
        if "end of stream" in problem or (letter in _OPEN and "expected ',' or" in problem):
            what = _OPEN.get(letter, "quote")
            comma = ", or add a comma" if letter in "[{" else ""
            help_text = f"close the {what.split()[0]}{comma}"
            return f"the {what} that opens here is never closed", help_text
        before = text[text.rfind("\n", 0, at) + 1 : at]
        if "mapping values are not allowed" in problem:
            if ": " in before:
                return "a second `: ` in one line", "put the value in quotes if it holds `: `"
            help_text = "give it as many spaces as its neighbours, or close the quotes before it"
            return "this line is indented as if it belonged to the value above", help_text
        if before.rstrip()[-1:] in ("'", '"') and "expected key" in problem:
            return "text after the closing quote", "put the whole value in quotes"
        known = next((words for part, words in _WORDS.items() if part in problem), None)
        return known or (problem, None)

    def _last_character(self) -> Span:
        lines = self._place.text.rstrip().splitlines() or [""]
        column = max(len(lines[-1]), 1)
        return Span(self._place.file, len(lines), column, len(lines), column + 1)

    def _refusal(
        self, code: str, message: str, event: Any, help_text: str | None = None
    ) -> Refused:
        span = span_of(self._place.file, event.start_mark, event.end_mark)
        return Refused(self._place.finding(code, message, span, help=help_text))
