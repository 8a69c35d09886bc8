"""Findings as people and machines see them."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.codes import CODES
from rtrade.core.diagnostics import Diagnostic, Severity, Span
from rtrade.core.rendering import WIDTH, as_dict, render

MESSAGE = "unknown key `perod` in indicator `sma`"


def finding(source: str | None, column: int, end: int, **more) -> Diagnostic:
    given = {"code": "RT021", "message": MESSAGE, "help": "did you mean `period`?", **more}
    line = given.pop("line", 6)
    span = Span("strategies/sma_btc.yaml", line, column, given.pop("end_line", line), end)
    return Diagnostic(span=span, source=source, **given)


def test_the_shape():
    assert render(finding("    sma: {perod: 10}", 11, 16)) == (
        "error[RT021]: unknown key `perod` in indicator `sma`\n"
        " --> strategies/sma_btc.yaml:6:11\n"
        "  |\n"
        "6 |     sma: {perod: 10}\n"
        "  |           ^^^^^ help: did you mean `period`?"
    )


def test_a_warning_with_a_long_line_number_and_no_help():
    found = finding("x: 1", 1, 2, line=123, help=None, severity=Severity.WARNING)
    assert render(found) == (
        "warning[RT021]: unknown key `perod` in indicator `sma`\n"
        "   --> strategies/sma_btc.yaml:123:1\n"
        "    |\n"
        "123 | x: 1\n"
        "    | ^"
    )


def test_help_of_several_lines():
    assert render(finding("abc", 2, 3, help="one\ntwo")).splitlines()[-2:] == [
        "  |  ^ help: one",
        "  |          two",
    ]


def test_without_a_source_line():
    assert render(finding(None, 1, 2)) == (
        "error[RT021]: unknown key `perod` in indicator `sma`\n"
        " --> strategies/sma_btc.yaml:6:1\n"
        "  = help: did you mean `period`?"
    )


def test_without_a_place():
    assert render(Diagnostic("RT001", "there is no file", None, "look again")) == (
        "error[RT001]: there is no file\n = help: look again"
    )


@pytest.mark.parametrize(
    ("source", "column", "end", "line", "carets"),
    [
        ("\tx: 1", 2, 3, "    x: 1", "    ^"),
        ("漢字: x", 5, 6, "漢字: x", "      ^"),
        ("漢字: x", 1, 3, "漢字: x", "^^^^"),
        ("e\u0301: x", 5, 6, "e\u0301: x", "   ^"),
        ("a\x1b[0m: x", 1, 2, "a\\x1b[0m: x", "^"),
        ("\u202eabc", 2, 3, "\\u202eabc", "      ^"),
        ("a\u200bb", 3, 4, "a\\u200bb", "       ^"),
        ("a\u00a0b", 3, 4, "a b", "  ^"),
        ("ab", 3, 4, "ab", "  ^"),
        ("ab", 9, 12, "ab", "  ^"),
        ("ab\ud800", 1, 2, "ab\\ud800", "^"),
    ],
)
def test_carets_stand_under_what_they_mean(source, column, end, line, carets):
    shown = render(finding(source, column, end, help=None)).splitlines()
    assert shown[3] == f"6 | {line}"
    assert shown[4] == f"  | {carets}"


def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first():
    shown = render(finding("a: {b: 1,  ", 4, 3, end_line=8, help=None)).splitlines()
    assert shown[3:] == ["6 | a: {b: 1,", "  |    ^^^^^^"]


@pytest.mark.parametrize("column", [1, 40, 500, 999])
def test_a_long_line_is_cut_around_the_caret(column):
    source = "".join(chr(97 + n % 26) for n in range(1000))
    shown = render(finding(source, column, column + 3, help=None)).splitlines()
    line, carets = shown[3][4:], shown[4][4:]
    assert len(line) <= WIDTH + 2
    assert line[carets.index("^")] == source[column - 1]
    assert line.startswith("…") == (column > 31)


def test_a_line_of_a_megabyte_is_no_trouble():
    assert len(render(finding("x" * 2**20, 2**19, 2**20))) < 1000


def test_messages_and_paths_cannot_write_to_the_terminal():
    span = Span("a\x1b[2J\n.yaml", 1, 1, 1, 2)
    shown = render(Diagnostic("RT001", "no \x1b[31m\nfile\x07", span, "\x9b1m"))
    assert shown == (
        "error[RT001]: no \\x1b[31m\\nfile\\x07\n --> a\\x1b[2J\\n.yaml:1:1\n  = help: \\x9b1m"
    )


def test_as_plain_data():
    assert as_dict(finding("x", 11, 16)) == {
        "code": "RT021",
        "severity": "error",
        "message": MESSAGE,
        "file": "strategies/sma_btc.yaml",
        "line": 6,
        "column": 11,
        "end_line": 6,
        "end_column": 16,
        "help": "did you mean `period`?",
    }
    plain = as_dict(Diagnostic("RT001", "x\ud800"))
    assert plain["file"] is None
    assert plain["help"] is None
    json.dumps(plain, ensure_ascii=False).encode()


@given(st.text(max_size=300), st.integers(1, 400), st.integers(1, 400), st.text(max_size=20))
def test_anything_can_be_shown(source, column, end, message):
    found = finding(source, column, end, message=message, help=message)
    shown = render(found)
    shown.encode()
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cf") and one != "\n"]
    json.dumps(as_dict(found)).encode()


def test_codes_are_documented_and_in_order():
    assert list(CODES) == sorted(CODES)
    for code in CODES.values():
        assert code.title
        assert code.doc.endswith(".")
