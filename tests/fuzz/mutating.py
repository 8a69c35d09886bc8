"""Texts that are nearly right: shipped files and the gallery's, changed a little."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
STRATEGIES = [
    path.read_text(encoding="utf-8")
    for path in [*sorted((ROOT / "strategies").glob("*.yaml")),
                 ROOT / "docs" / "diagnostics" / "base" / "example.yaml"]
]  # fmt: skip
SOURCES = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "datasources").glob("*.yaml"))]
EXPRESSIONS = sorted({
    line.split(": ", 1)[1].strip("'\"")
    for text in STRATEGIES
    for line in text.splitlines()
    if re.match(r"  [a-z_]+: .*[(<>]", line) and not line.lstrip().startswith("#")
})  # fmt: skip

_FILE = Path(__file__).with_name("words.txt")
WORDS = [
    *_FILE.read_text(encoding="utf-8").splitlines(),
    *("", "\t", "\n", "\r\n", "\x00", "\ufeff", "\u2028", "\x85"),
]


def pieces(text: str) -> list[str]:
    """Split a text into words, numbers, spaces and single marks."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)


@st.composite
def changed(draw, texts: list[str]) -> str:
    """Return one of the texts after a few changes to its lines, words and letters."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 5))):
        text = draw(st.sampled_from((_word, _line, _letters, _splice)))(draw, text, texts)
    return text


def _word(draw, text: str, _texts: list[str]) -> str:
    parts = pieces(text) or [""]
    at = draw(st.integers(0, len(parts) - 1))
    new = draw(st.sampled_from(WORDS))
    how = draw(st.integers(0, 3))
    parts[at : at + 1] = [[new], [], [parts[at], new], [parts[at], parts[at]]][how]
    return "".join(parts)


def _line(draw, text: str, _texts: list[str]) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.integers(0, 3)):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = " " * draw(st.integers(0, 4)) + lines[at].lstrip(" ")
    return "".join(lines)


def _letters(draw, text: str, _texts: list[str]) -> str:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.text(max_size=4)) + text[at + draw(st.integers(0, 6)) :]


def _splice(draw, text: str, texts: list[str]) -> str:
    other = draw(st.sampled_from(texts))
    at, start = draw(st.integers(0, len(text))), draw(st.integers(0, len(other)))
    return text[:at] + other[start : start + draw(st.integers(0, 80))] + text[at:]
