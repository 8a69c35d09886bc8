"""Where each character of a YAML scalar stands in the file.

In: the text of a scalar as written, its style and its first line and column. Out: the anchors of
a `SourceText`. The scalar is read a second time, character by character, by the rules of its
style:

1. plain, single-quoted, double-quoted: line breaks fold, `''` and escapes stand for one character;
2. literal and folded blocks: the header, then content lines without their indentation.

What was read must equal the value that the YAML parser found; where it does not, the only anchor
is the scalar's first character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Anchor = tuple[int, int, int]
# Parts of the value, each with the offset in the raw text that its first character came from.
Part = tuple[str, int]

_FOLD = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t\r\n]*")
_BLANKS = re.compile(r"[ \t]*")
_BREAK = re.compile(r"\r\n|\r|\n")
_HEADER = re.compile(r"[|>](?P<hints>[-+0-9]*)[^\r\n]*(?:\r\n|\r|\n|$)")
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|(?:\r\n|.))", re.DOTALL)
_SIMPLE_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85",
    "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def anchors(raw: str, value: str, style: str, line: int, column: int) -> tuple[Anchor, ...]:
    """Return the anchors of `value`, written as `raw` from `line` and `column` (both from 1)."""
    inside = raw[1:-1] if style else raw
    if inside == value and value and _BREAK.search(raw) is None and style not in ("|", ">"):
        # As most are: one line, and nothing in it stands for something else.
        return ((0, line, column + len(style)),)
    if style in ("|", ">"):
        parts = _block_parts(raw, value, folded=style == ">")
    else:
        parts = list(_flow_parts(raw, style))
        if "".join(text for text, _ in parts) != value:
            parts = []
    return _placed(parts, raw, line, column) or ((0, line, column),)


def _placed(parts: list[Part], raw: str, line: int, column: int) -> tuple[Anchor, ...]:
    starts = [0, *(match.end() for match in _BREAK.finditer(raw))]
    found: list[Anchor] = []
    offset, row = 0, 0
    follows = -1
    for text, at in parts:
        if at != follows:
            while row + 1 < len(starts) and starts[row + 1] <= at:
                row += 1
            first = column if row == 0 else 1
            found.append((offset, line + row, first + at - starts[row]))
        offset += len(text)
        follows = at + len(text)
    return tuple(found)


def _flow_parts(raw: str, style: str) -> Iterator[Part]:
    at, end = (1, len(raw) - 1) if style in ("'", '"') else (0, len(raw))
    plain_from = at
    while at < end:
        special = _special(raw, at, end, style)
        if special is None:
            at += 1
            continue
        text, after = special
        if plain_from < at:
            yield raw[plain_from:at], plain_from
        if text:
            yield text, at
            # What follows a fold or an escape is not its neighbour in the file.
            if after - at != len(text) and after < end:
                yield "", after
        at = plain_from = after
    if plain_from < end:
        yield raw[plain_from:end], plain_from


def _special(raw: str, at: int, end: int, style: str) -> tuple[str, int] | None:
    """Return what stands at `at` for something else: its text and the offset after it."""
    character = raw[at]
    if character in " \t\r\n":
        blanks = _BLANKS.match(raw, at, end)
        assert blanks is not None
        if blanks.end() == end or raw[blanks.end()] not in "\r\n":
            return blanks[0], blanks.end()
        fold = _FOLD.match(raw, at, end)
        assert fold is not None
        return _folded(len(_BREAK.findall(fold[0]))), fold.end()
    if style == "'" and character == "'":
        return "'", at + 2
    if style == '"' and character == "\\":
        return _escape(raw, at, end)
    return None


def _folded(breaks: int) -> str:
    return " " if breaks == 1 else "\n" * (breaks - 1)


def _escape(raw: str, at: int, end: int) -> tuple[str, int]:
    match = _ESCAPE.match(raw, at, end)
    if match is None:
        return "", end
    body = match[0][1:]
    if body in ("\r\n", "\n", "\r"):
        fold = _FOLD.match(raw, at + 1, end)
        assert fold is not None
        return "\n" * (len(_BREAK.findall(fold[0])) - 1), fold.end()
    if len(body) > 1:
        code = int(body[1:], 16)
        return (chr(code) if code <= 0x10FFFF else "\ufffd"), match.end()
    return _SIMPLE_ESCAPES.get(body, body), match.end()


def _block_parts(raw: str, value: str, *, folded: bool) -> list[Part]:
    header = _HEADER.match(raw)
    if header is None:
        return []
    hints = header["hints"]
    lines = _lines(raw, header.end())
    for indent in _indents(lines, explicit=any(hint.isdigit() for hint in hints)):
        parts = list(_block(lines, indent, hints, folded=folded))
        if "".join(text for text, _ in parts) == value:
            return parts
    return []


def _lines(raw: str, start: int) -> list[tuple[str, int]]:
    found, at = [], start
    for match in _BREAK.finditer(raw, start):
        found.append((raw[at : match.start()], at))
        at = match.end()
    if at < len(raw):
        found.append((raw[at:], at))
    return found


def _indents(lines: list[tuple[str, int]], *, explicit: bool) -> range:
    """Return the indentations that the content may have; an explicit one counts from the parent."""
    widths = [len(text) - len(text.lstrip(" ")) for text, _ in lines if text.strip(" ")]
    if not widths:
        return range(max((len(text) for text, _ in lines), default=0), -1, -1)
    return range(min(widths), -1, -1) if explicit else range(widths[0], widths[0] + 1)


def _block(
    lines: list[tuple[str, int]], indent: int, hints: str, *, folded: bool
) -> Iterator[Part]:
    """Yield the parts of a block scalar, by the algorithm of YAML's reference scanner."""
    leading: Part | None = None
    blanks: list[Part] = []
    was_blank = False
    for text, at in lines:
        content = text[indent:]
        if not content and not text.strip(" "):
            blanks.append(("\n", at + len(text)))
            continue
        is_blank = content[0] in " \t"
        if leading is not None:
            if folded and not was_blank and not is_blank:
                if not blanks:
                    yield " ", leading[1]
            else:
                yield leading
        yield from blanks
        yield content, at + indent
        leading, blanks, was_blank = ("\n", at + len(text)), [], is_blank
    if leading is not None and "-" not in hints:
        yield leading
    if "+" in hints:
        yield from blanks
