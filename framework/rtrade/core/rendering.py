"""Show a finding: with its source line and a caret for people, as a dict for machines.

What comes from a file is never trusted on a terminal: control characters, characters that turn
the direction of text and halves of surrogate pairs are written as escapes.
"""

from __future__ import annotations

import unicodedata

from rtrade.core.diagnostics import Diagnostic, Span

TAB = "    "
# Source lines are cut to this many columns, around the caret.
WIDTH = 100
_CUT = "…"
_BEFORE = 30


def render(diagnostic: Diagnostic) -> str:
    """Return a finding as text: code and message, place, source line with carets, help."""
    head = f"{diagnostic.severity}[{diagnostic.code}]: {_clean(diagnostic.message)}"
    help_lines = _help(diagnostic)
    span = diagnostic.span
    if span is None:
        return "\n".join([head, *_alone(help_lines, "")])
    margin = " " * len(str(span.line))
    place = f"{margin}--> {_clean(span.file)}:{span.line}:{span.column}"
    if not diagnostic.source:
        return "\n".join([head, place, *_alone(help_lines, margin)])
    line, start, width = _excerpt(diagnostic.source, span)
    carets = " " * start + "^" * width
    rest = [f"{margin} | {' ' * (start + width)} {text}" for text in help_lines[1:]]
    caret_line = " ".join([carets, *help_lines[:1]])
    shown = f"{margin} |\n{span.line} | {line}\n{margin} | {caret_line}"
    return "\n".join([head, place, shown, *rest])


def as_dict(diagnostic: Diagnostic) -> dict[str, str | int | None]:
    """Return a finding as plain data; lines and columns from 1, the end exclusive."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": _encodable(diagnostic.message),
        "file": None if span is None else _encodable(span.file),
        "line": None if span is None else span.line,
        "column": None if span is None else span.column,
        "end_line": None if span is None else span.end_line,
        "end_column": None if span is None else span.end_column,
        "help": None if diagnostic.help is None else _encodable(diagnostic.help),
    }


def _help(diagnostic: Diagnostic) -> list[str]:
    if not diagnostic.help:
        return []
    first, *more = (_clean(line) for line in diagnostic.help.splitlines())
    return [f"help: {first}", *(f"      {line}" for line in more)]


def _alone(help_lines: list[str], margin: str) -> list[str]:
    return [
        f"{margin} {'=' if number == 0 else ' '} {text}" for number, text in enumerate(help_lines)
    ]


def _excerpt(source: str, span: Span) -> tuple[str, int, int]:
    """Return the line as shown, and the column and width of its carets on the screen."""
    first = min(span.column - 1, len(source))
    last = span.end_column - 1 if span.end_line == span.line else len(source.rstrip())
    # Far from the caret nothing is shown; a line of a megabyte is not measured for it.
    left = max(first - WIDTH, 0)
    text = source[left : first + 2 * WIDTH]
    cells = [_shown(character) for character in text]
    first, last = first - left, max(min(last - left, len(cells)), first - left)
    low, high = _window(cells, first)
    before = _CUT if left or low else ""
    after = _CUT if high < len(cells) or left + len(text) < len(source) else ""
    line = before + "".join(cells[low:high]) + after
    start = sum(map(_width, cells[low:first])) + len(before)
    width = sum(map(_width, cells[first : min(last, high)]))
    return line.rstrip(), start, max(width, 1)


def _window(cells: list[str], first: int) -> tuple[int, int]:
    """Return which cells to show so that the one at `first` is among them."""
    if sum(map(_width, cells)) <= WIDTH:
        return 0, len(cells)
    low, room = first, _BEFORE
    while low > 0 and room >= _width(cells[low - 1]):
        low -= 1
        room -= _width(cells[low])
    high, room = low, WIDTH
    while high < len(cells) and room >= _width(cells[high]):
        room -= _width(cells[high])
        high += 1
    return low, high


def _clean(text: str) -> str:
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    """Return a character as it may be printed: itself, or an escape."""
    if character == "\t":
        return TAB
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    if code <= 0xFF:
        return {"\n": "\\n", "\r": "\\r"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _width(cell: str) -> int:
    """Return how many columns a terminal takes for what is shown of one character."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in cell
    )


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
