"""YAML as rtrade reads it: version 1.2, with places, without surprises and without bombs."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config import events
from rtrade.config.document import Document
from rtrade.config.reader import MAX_BYTES, read, read_text
from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput


def findings(text: str) -> list[Diagnostic]:
    with pytest.raises(InvalidInput) as caught:
        read_text(text, "f.yaml")
    return list(caught.value.diagnostics)


def finding(text: str) -> tuple[str, str, int, int]:
    [found] = findings(text)
    assert found.span is not None
    return found.code, found.message, found.span.line, found.span.column


@pytest.fixture(params=["C", "Python"])
def parser(request, monkeypatch):
    """Both of PyYAML's parsers: a platform without the C one must read the same."""
    if request.param == "Python":
        monkeypatch.setattr(events, "PARSER", yaml.SafeLoader)
    return request.param


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("NO", "NO"),
        ("y", "y"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("false", False),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
        ("nULL", "nULL"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("1e+3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+5", 5),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("2024-13-45", "2024-13-45"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("2%", "2%"),
        ("5 bps", "5 bps"),
        ("=", "="),
        ("'on'", "on"),
        ('"1"', "1"),
        ("'null'", "null"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(parser, written, value):
    read_value = read_text(f"a: {written}\n", "f").data["a"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_not_a_number_is_read():
    assert math.isnan(read_text("a: .nan", "f").data["a"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("RT005", "the file is empty", 1, 1)),
        ("# only a comment\n", ("RT005", "the file holds only comments", 1, 1)),
        ("---\n...\n", ("RT005", "the file is empty", 1, 1)),
        ("a: 1\nb: 2\na: 3\n", ("RT007", "`a` is given twice; the first is on line 1", 3, 1)),
        (
            'data:\n  x: 1\n  "x": 2\n',
            ("RT007", "`x` is given twice; the first is on line 2", 3, 3),
        ),
        ("a: {b: 1, b: 2}", ("RT007", "`b` is given twice; the first is on line 1", 1, 11)),
        ("a: &x {b: 1}\n<<: *x\n", ("RT008", "merge keys (`<<`) are not allowed", 2, 1)),
        (
            'a: !!int "1"\n',
            ("RT008", "the YAML tag `tag:yaml.org,2002:int` is not allowed", 1, 4),
        ),
        ("a: !mine {}\n", ("RT008", "the YAML tag `!mine` is not allowed", 1, 4)),
        ("a: ! x\n", ("RT008", "the YAML tag `!` is not allowed", 1, 4)),
        ("a: 1\n---\nb: 2\n", ("RT008", "a second document starts here", 2, 1)),
        ("%YAML 1.1\n---\na: 1\n", ("RT008", "YAML directives are not allowed", 1, 1)),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", ("RT008", "YAML directives are not allowed", 1, 1)),
        ("1: a\n", ("RT010", "a key must be text, not `1`", 1, 1)),
        ("true: a\n", ("RT010", "a key must be text, not `true`", 1, 1)),
        ("? [a, b]\n: c\n", ("RT010", "a key must be text", 1, 3)),
        ("a: {'': c}\n", ("RT010", "a key is missing here", 1, 5)),
        ("a: &x [*x]\n", ("RT009", "`*x` stands inside what it names", 1, 8)),
        ("a: *x\n", ("RT006", "`*x` names no anchor before it", 1, 4)),
        ("a: " + "9" * 70, ("RT011", "a number of 70 characters is not readable", 1, 4)),
        ('a: "\\0"', ("RT011", "the character U+0000 has no place in a text", 1, 4)),
        ('a: "\\u2028\\x9b"', ("RT011", "the character U+009B has no place in a text", 1, 4)),
        ("a: b\x00", ("RT004", "the character U+0000 has no place in a file", 1, 5)),
        ("ab: 1\nc: \x1b[0m", ("RT004", "the character U+001B has no place in a file", 2, 4)),
        ("\ufeffa: 1", ("RT004", "the character U+FEFF has no place in a file", 1, 1)),
        ("a: b\u2028", ("RT004", "the character U+2028 has no place in a file", 1, 5)),
        ("[" * 60, ("RT009", "nested more than 50 levels deep", 1, 51)),
    ],
)
def test_what_a_strategy_has_no_use_for_is_refused_where_it_stands(parser, text, expected):
    assert finding(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "help"),
    [
        (
            "a: b: c\n",
            1,
            5,
            "put the value in quotes if it holds `: `",
        ),
        ("a:\n\tb: 1\n", 2, 1, "indent with spaces: YAML allows no tabs there"),
        ('a: 1\nb: "x\nc: 2\n', 2, 4, "close the quote"),
        ("a: 1\nb: [1, 2\n", 2, 4, "close the bracket, or add a comma"),
        ("a: %x\n", 1, 4, "put the value in quotes"),
        ("a: `x`\n", 1, 4, "put the value in quotes"),
        ("a: @x\n", 1, 4, "put the value in quotes"),
    ],
)
def test_what_is_not_yaml_is_shown_with_a_way_out(text, line, column, help):
    [found] = findings(text)
    assert found.code == "RT006"
    assert found.message.startswith("not valid YAML: ")
    assert found.span is not None
    assert (found.span.line, found.span.column) == (line, column)
    assert found.help == help


def test_all_keys_at_fault_are_reported_together():
    found = findings("a: 1\na: 2\n1: x\n<<: {}\nb: {c: 1, c: 2}\n")
    assert [one.code for one in found] == ["RT007", "RT010", "RT008", "RT007"]


def nest(opening: str, fan: int) -> str:
    letters = "abcdefghi"
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in itertools.pairwise(letters):
        lines.append(f"{name}: &{name} " + opening.format(",".join([f"*{before}"] * fan)))
    return "\n".join(lines)


@pytest.mark.parametrize("opening", ["[{}]", "{{<<: [{}]}}"])
def test_a_bomb_of_aliases_or_merges_is_refused_before_it_grows(parser, opening):
    text = nest(opening, 9)
    assert len(text) < 400
    started = time.process_time()
    assert finding(text)[0] == "RT009"
    assert time.process_time() - started < 0.1


def test_aliases_count_towards_depth():
    text = "a: &a " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 30 + "*a" + "]" * 30
    assert finding(text)[:2] == ("RT009", "nested more than 50 levels deep")


def test_a_hundred_aliases_are_enough():
    assert len(read_text("a: &a 1\nb: [" + "*a," * 100 + "]", "f").data["b"]) == 100
    assert finding("a: &a 1\nb: [" + "*a," * 101 + "]")[:2] == ("RT009", "more than 100 aliases")


def test_an_alias_stands_for_its_own_copy_of_what_it_names():
    document = read_text("a: &x {k: [1]}\nb: *x\nc: &x 2\nd: *x\n", "f")
    assert document.data == {"a": {"k": [1]}, "b": {"k": [1]}, "c": 2, "d": 2}
    assert document.data["a"] is not document.data["b"]
    assert document.values["b", "k", 0] == document.values["a", "k", 0]


PLACES = """\
# é
näme: "a\\u00e9b😀"   # c
list:
  - x
  - {k: 'it''s', n: 12}

empty:
last: >-
  one
  two
"""


def test_every_key_and_value_has_its_place(parser):
    document = read_text(PLACES, "f")

    def place(span: Span) -> tuple[int, int, int, int]:
        return span.line, span.column, span.end_line, span.end_column

    assert {path: place(span) for path, span in document.keys.items()} == {
        ("näme",): (2, 1, 2, 5),
        ("list",): (3, 1, 3, 5),
        ("list", 1, "k"): (5, 6, 5, 7),
        ("list", 1, "n"): (5, 18, 5, 19),
        ("empty",): (7, 1, 7, 6),
        ("last",): (8, 1, 8, 5),
    }
    values = {path: place(span) for path, span in document.values.items() if path}
    assert values == {
        ("näme",): (2, 7, 2, 18),
        ("list",): (4, 3, 5, 24),
        ("list", 0): (4, 5, 4, 6),
        ("list", 1): (5, 5, 5, 24),
        ("list", 1, "k"): (5, 9, 5, 16),
        ("list", 1, "n"): (5, 21, 5, 23),
        ("empty",): (7, 7, 7, 8),
        ("last",): (8, 7, 10, 6),
    }


def at(document: Document, key: str, part: str) -> tuple[int, int]:
    text = document.texts[key,]
    return text.position(text.text.index(part))


STYLES = """\
plain: close > sma(close, 20) and
  volume > 0

  or x
single: 'it''s  b
    c'
double: "a\\tb \\u0041 \\
   d  e

  f"
literal: |2
     deep
   less

   end
folded: >+

  a
  b

   more
  c

after: x
"""


@pytest.mark.parametrize(
    ("key", "part", "place"),
    [
        ("plain", "sma", (1, 16)),
        ("plain", "volume", (2, 3)),
        ("plain", "or x", (4, 3)),
        ("single", "s  b", (5, 14)),
        ("single", "b", (5, 17)),
        ("single", "c", (6, 5)),
        ("double", "b", (7, 13)),
        ("double", "A", (7, 15)),
        ("double", "d", (8, 4)),
        ("double", "e", (8, 7)),
        ("double", "f", (10, 3)),
        ("literal", "deep", (12, 6)),
        ("literal", "less", (13, 4)),
        ("literal", "end", (15, 4)),
        ("folded", "a", (18, 3)),
        ("folded", "b", (19, 3)),
        ("folded", "more", (21, 4)),
        ("folded", "c", (22, 3)),
    ],
)
def test_each_character_of_a_text_knows_its_place(parser, key, part, place):
    assert at(read_text(STYLES, "f"), key, part) == place


TEXTS = st.text(st.sampled_from("ab'\"\\#:,[]{}%&*!|>-?@`é😀漢 \t\n"), min_size=1, max_size=40)


@given(TEXTS, st.sampled_from(["'", '"', "|", ">", None]), st.integers(20, 200), st.booleans())
def test_places_hold_for_any_text_in_any_style(text, style, width, unicode):
    written = yaml.dump({"z": {"a": text}}, default_style=style, width=width, allow_unicode=unicode)
    document = read_text(written, "f")
    source = document.texts["z", "a"]
    assert source.text == text
    for offset, character in enumerate(text):
        line, column = source.position(offset)
        rest = document.line(line)[column - 1 :]
        if character not in "\n \t":
            assert rest.startswith((character, "\\", "''")), (offset, character, rest)
        if style in ("|", None) and character not in "\n" and "\\" not in written:
            assert rest.startswith((character, "''")) or not rest.strip()


@given(st.text(max_size=300))
def test_only_findings_come_out_of_any_text(text):
    with contextlib.suppress(InvalidInput):
        read_text(text, "f")


@given(st.text(st.sampled_from("ab:{}[],-?&*!|>'\"%@ \n\t#<1.~"), max_size=60))
def test_only_findings_come_out_of_any_yaml_like_text(text):
    with contextlib.suppress(InvalidInput):
        read_text(text, "f")


@given(st.binary(max_size=200))
def test_only_findings_come_out_of_any_file(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "f.yaml"
    path.write_bytes(content)
    with contextlib.suppress(InvalidInput):
        read(path)


# Files.


def file_finding(path: Path, **given) -> tuple[str, str, str | None]:
    with pytest.raises(InvalidInput) as caught:
        read(path, **given)
    [found] = caught.value.diagnostics
    assert found.span is not None
    return found.code, found.message, found.help


def test_a_file_is_named_as_it_was_given(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\n")
    assert read(path).file == str(path)
    assert read(path, label="x.yaml").file == "x.yaml"


def test_a_missing_file_shows_its_neighbour(tmp_path):
    (tmp_path / "sma_btc.yaml").write_text("a: 1")
    (tmp_path / "other.yaml").write_text("a: 1")
    path = tmp_path / "sma_bct.yaml"
    code, message, remedy = file_finding(path)
    assert (code, message) == ("RT001", f"there is no file `{path}`")
    assert remedy == f"did you mean `{tmp_path / 'sma_btc.yaml'}`?"
    assert file_finding(tmp_path / "sma_btc")[2] == f"did you mean `{tmp_path / 'sma_btc.yaml'}`?"
    assert file_finding(tmp_path / "zzz")[2] == f"`{tmp_path}` holds `other.yaml`, `sma_btc.yaml`"


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "no" / "x.yaml"
    assert file_finding(path)[2] == f"there is no folder `{tmp_path / 'no'}` either"
    assert file_finding(tmp_path / "x.yaml")[2] == f"`{tmp_path}` holds no YAML files"


def test_a_folder_is_not_a_file(tmp_path):
    assert file_finding(tmp_path)[:2] == ("RT002", f"`{tmp_path}` is a folder")


def test_a_device_is_not_read():
    assert file_finding(Path("/dev/zero"))[:2] == ("RT002", "`/dev/zero` is not a regular file")


def test_a_path_that_no_system_knows_is_a_finding():
    assert file_finding(Path("a\0b"))[0] == "RT002"
    assert file_finding(Path("a" * 5000))[0] == "RT002"


def test_a_huge_file_is_refused_by_its_size_alone(tmp_path):
    path = tmp_path / "x.yaml"
    with path.open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    started = time.process_time()
    code, message, _ = file_finding(path)
    assert time.process_time() - started < 0.05
    assert code == "RT003"
    assert message == f"`{path}` is too large: 104,857,600 bytes, and 262,144 are allowed"


def test_the_largest_file_is_read(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: " + "x" * (MAX_BYTES - 3))
    assert len(read(path).data["a"]) == MAX_BYTES - 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbfa: 1", "the file is UTF-8 with a byte order mark"),
        ("a: 1".encode("utf-16"), "the file is UTF-16"),
        ("a: 1".encode("utf-16-be"), "the character U+0000 has no place in a file"),
        (b"a: \xff", "the byte 0xFF is not UTF-8 text"),
        (b"\x89PNG\r\n", "the byte 0x89 is not UTF-8 text"),
        (b"PK\x03\x04", "the character U+0003 has no place in a file"),
    ],
)
def test_what_is_not_utf_8_text_is_said(tmp_path, content, message):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    assert file_finding(path)[:2] == ("RT004", message)


def test_windows_line_ends_change_nothing(parser):
    text = "a: 'x\r\n  y'\r\nb: |\r\n  one\r\n  two\r\n"
    document = read_text(text, "f")
    assert document.data == {"a": "x y", "b": "one\ntwo\n"}
    assert at(document, "a", "y") == (2, 3)
    assert at(document, "b", "two") == (5, 3)


@pytest.mark.parametrize("text", ["a: {b: close > close[1]}\n", "a: [close > high[1], 2]\n"])
def test_an_expression_with_brackets_inside_braces_needs_quotes(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(text, "f.yaml")
    (finding,) = caught.value.diagnostics
    assert finding.code == "RT006"
    assert finding.help == "inside { } or [ ], put an expression that has [ ] in quotes"
    assert finding.span is not None
    assert finding.span.column == text.index("[1]") + 1
