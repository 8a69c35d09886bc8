"""Prompt templates: what is found on their tree, and what rendering them is kept from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.codes import CODES
from rtrade.core.errors import InvalidInput
from rtrade.llm import filters
from rtrade.llm.contexts import known_names
from rtrade.llm.rendering import MIB, Renderer, RenderLimits
from rtrade.llm.templates import PromptTemplate, load_template, parse_template

KNOWN = known_names({"fast": 0, "slow": 0}, {"daily": 0})
CONTEXT = {
    "symbol": "ASSET",
    "time": 0,
    "close": 101.5,
    "bars": [{"close": 100.0 + n, "open": 99.0} for n in range(50)],
    "signals": {"fast": 101.25, "slow": None},
    "daily": {"close": 5.0},
    "stats": {"change": 0.0123},
    "position": None,
    "portfolio": {"equity": 100.0},
}


def template(text: str) -> PromptTemplate:
    return parse_template(text, "p.j2", KNOWN)


def render(text: str, limits: RenderLimits | None = None, **context: object) -> str:
    with Renderer(template(text), limits) as renderer:
        return renderer.render({**CONTEXT, **context})


def wrong(text: str) -> list[tuple[str, int, int, str]]:
    with pytest.raises(InvalidInput) as caught:
        template(text)
    found = caught.value.diagnostics
    assert all(one.code in CODES and one.span and one.source is not None for one in found)
    return [(one.code, one.span.line, one.span.column, one.message) for one in found if one.span]


def test_a_prompt() -> None:
    text = (
        "{{ symbol }} {{ close | num }}\n{% for bar in bars[-2:] %}\n{{ bar.close }}\n{% endfor %}"
    )
    assert render(text) == "ASSET 101.5\n148.0\n149.0\n"


@pytest.mark.parametrize(
    ("text", "names", "in_run"),
    [
        ("plain", set(), False),
        ("{{ close }} {{ signals.fast }}", {"close", "signals"}, False),
        ("{% if position %}x{% endif %}", {"position"}, True),
        ("{{ portfolio.equity }}", {"portfolio"}, True),
        ("{% set position = 1 %}{{ position }}", set(), False),
        ("{% for position in bars %}{{ position.close }}{% endfor %}", {"bars"}, False),
        ("{% macro m(portfolio) %}{{ portfolio }}{% endmacro %}{{ m(close) }}", {"close"}, False),
        ("{# {{ position }} #}{% raw %}{{ position }}{% endraw %}", set(), False),
        ("{% if false %}{{ position.side }}{% endif %}", {"position"}, True),
    ],
)
def test_the_names_that_a_template_uses(text: str, names: set[str], in_run: bool) -> None:
    found = template(text)
    assert (found.names, found.in_run) == (names, in_run)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n{{ close ", [("RT401", 2, 1, "unexpected end of template")]),
        ("{% for b in bars %}", [("RT401", 1, 1, "Unexpected end of template")]),
        ("a\nb {% foo %}", [("RT401", 2, 3, "Encountered unknown tag 'foo'")]),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", [("RT401", 1, 1, "too deep")]),
        ("\n\n  {{ clse }}", [("RT402", 3, 6, "a prompt knows no `clse`")]),
        ("{{ signals.fats }}", [("RT402", 1, 12, "`signals` has no `fats`")]),
        ('{{ signals["fats"] }}', [("RT402", 1, 13, "`signals` has no `fats`")]),
        ("{{ daily.clse }}", [("RT402", 1, 10, "`daily` has no `clse`")]),
        ("{{ cycler(1) }} {{ lipsum() }}", [("RT402", 1, 4, "cycler"), ("RT402", 1, 20, "lipsum")]),
        ("{{ ''.__class__ }}", [("RT403", 1, 7, "`__class__`")]),
        ('{{ close["__init__"] }}', [("RT403", 1, 11, "`__init__`")]),
        ("{% include 'other.j2' %}", [("RT403", 1, 4, "one file")]),
        ("{% import 'other.j2' as o %}", [("RT403", 1, 4, "one file")]),
        ("{% from 'other.j2' import o %}", [("RT403", 1, 20, "one file")]),
        ("{% extends 'other.j2' %}", [("RT403", 1, 4, "one file")]),
        ("{{ close | attr('x') }}", [("RT404", 1, 12, "no filter `attr`")]),
        ("{{ bars | random }}", [("RT404", 1, 11, "no filter `random`")]),
        ("{{ close is nun }}", [("RT404", 1, 13, "no test `nun`")]),
        (
            "{{ a }}\n{{ close | b }} {{ c }}",
            [("RT402", 1, 4, "`a`"), ("RT404", 2, 12, "`b`"), ("RT402", 2, 20, "`c`")],
        ),
    ],
)
def test_what_is_wrong_with_a_template(
    text: str, expected: list[tuple[str, int, int, str]]
) -> None:
    found = wrong(text)
    assert [one[:3] for one in found] == [one[:3] for one in expected]
    for (*_, said), (*_, part) in zip(found, expected, strict=True):
        assert part in said


def test_a_near_miss_is_guessed() -> None:
    with pytest.raises(InvalidInput) as caught:
        template("{{ volum }}")
    assert caught.value.diagnostics[0].help == "did you mean `volume`?"


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "RT001"), (b"\xff\xfe", "RT004"), (b"x" * 300_000, "RT003")],
)
def test_files_that_are_no_template(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "p.j2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        load_template(path, KNOWN)
    assert caught.value.diagnostics[0].code == code


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "p.j2"
    path.write_text("{{ close }}\n", encoding="utf-8-sig")
    found = load_template(path, KNOWN, label="prompts/p.j2")
    assert (found.file, found.text) == ("prompts/p.j2", "{{ close }}\n")
    assert len(found.digest) == 64


# Templates that pass their checks and fail on the values: code, line, a part of the message.
FAULTS = [
    ("\n{{ bars[0].opne }}", "RT405", 2, "opne"),
    ("{{ signals.slow + 1 }}", "RT405", 1, "`+`"),
    ("{{ bars[999].close }}", "RT405", 1, "no element 999"),
    ("{{ close / 0 }}", "RT405", 1, "division by zero"),
    ("{{ 'a' * 10 ** 9 }}", "RT405", 1, "`*` takes numbers, not text"),
    ("{{ '%s' % close }}", "RT405", 1, "`%` takes numbers"),
    ("{{ bars.append(1) }}", "RT405", 1, "unsafe"),
    ("{{ signals.update({'fast': 1}) }}", "RT402", 1, "update"),
    ("{{ '{0.__class__}'.format(close) }}", "RT405", 1, "unsafe"),
    ("{{ range(10 ** 9) }}", "RT405", 1, "float"),
    ("{{ range(1000000000) }}", "RT405", 1, "Range too big"),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RT406", 1, "calls itself"),
    ("{{ 9 ** 9 ** 9 ** 9 }}", "RT405", 1, "out of range"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "part"), FAULTS)
def test_what_fails_on_the_values(text: str, code: str, line: int, part: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        render(text)
    found = caught.value.diagnostics[0]
    assert (found.code, found.span.line if found.span else 0) == (code, line)
    assert part in found.message


LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
GROWING = (
    "{% set n = namespace(x='a' ) %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}"
)
BLOWN = "{{ 'aaaaaaaaaa'" + "| replace('a', 'aaaaaaaaaa')" * 9 + " }}"


@pytest.mark.parametrize(
    ("text", "limits", "part"),
    [
        (LOOP, RenderLimits(cpu=0.2), "0.2 s of computing"),
        (GROWING, RenderLimits(memory=256 * MIB), "memory"),
        (BLOWN, RenderLimits(memory=256 * MIB), "memory"),
        ("{{ close }}" * 100, RenderLimits(size=400), "longer than 400 characters"),
        # Where the process itself does not stop, the other side's clock ends it: here, before its
        # own limit of two seconds.
        (LOOP, RenderLimits(cpu=2, wall=-1.7), "too much time or memory"),
    ],
)
def test_bounds(text: str, limits: RenderLimits, part: str) -> None:
    with Renderer(template(text), limits) as renderer:
        with pytest.raises(InvalidInput) as caught:
            renderer.render(CONTEXT)
        assert caught.value.diagnostics[0].code == "RT406"
        assert part in caught.value.diagnostics[0].message


def test_nothing_is_computed_while_a_template_is_checked() -> None:
    # Each of these takes all memory, or minutes, where constants are folded.
    for text in (
        "{{ 'a' * 10 ** 10 }}",
        BLOWN,
        "{{ 9 ** 9 ** 9 }}",
        "{% set x = " + BLOWN[3:-3] + " %}",
    ):
        assert template(text).names == set()


def test_a_renderer_goes_on_after_a_failure() -> None:
    with Renderer(template("{{ 1 / close }}")) as renderer:
        with pytest.raises(InvalidInput):
            renderer.render({"close": 0})
        assert renderer.render({"close": 2}) == "0.5"


def test_many_prompts_come_in_order() -> None:
    with Renderer(template("{{ close }}")) as renderer:
        found = list(renderer.render_all({"close": n} for n in range(200)))
    assert found == [str(n) for n in range(200)]


def test_prompts_before_a_failing_one_are_rendered() -> None:
    contexts = [{"bars": [n] * (n < 40)} for n in range(50)]
    found = []
    with Renderer(template("{{ bars[0] }}")) as renderer:
        prompts = renderer.render_all(contexts)
        with pytest.raises(InvalidInput):
            found.extend(prompts)
    assert found == [str(n) for n in range(40)]


def test_the_process_has_no_secrets_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_KEY", "sk-canary")
    renderer = Renderer(template("x"))
    renderer.render(CONTEXT)
    process = renderer._process
    assert process is not None
    environ = Path(f"/proc/{process.pid}/environ")
    if environ.exists():
        assert b"sk-canary" not in environ.read_bytes()
    renderer.close()
    assert process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("67432.5 | num(4)", "67430"), ("0.000123456 | num(2)", "0.00012"), ("3.0 | num", "3"),
        ("1e-12 | num", "1e-12"), ("signals.slow | num", "unknown"), ("-1.5 | num", "-1.5"),
        ("0.0123 | pct", "+1.2%"), ("-0.5 | pct(0)", "-50%"), ("none | pct", "unknown"),
        ("5 | signed", "+5"), ("-5 | signed", "-5"), ("none | signed", "unknown"),
        ("0.0005 | direction", "flat"), ("0.01 | direction", "rising"),
        ("-0.01 | direction", "falling"), ("none | direction", "unknown"),
        ("true | words", "yes"), ("false | words", "no"), ("none | words", "unknown"),
        ("'strong_buy' | words", "strong buy"), ("1.5 | words", "1.5"),
        ("110 | change(100) | pct", "+10.0%"), ("1 | change(0) | pct", "unknown"),
        ("'a <b>x</b>\u200b\u202e  y' | clean", "a x y"), ("'abc' | clean(2)", "ab"),
        ("bars | map(attribute='close') | max", "149.0"),
    ],
)  # fmt: skip
def test_filters(expression: str, text: str) -> None:
    assert render("{{ " + expression + " }}") == text


def test_every_filter_is_documented() -> None:
    page = CODES["RT404"].doc
    for name, function in filters.OWN.items():
        assert function.__doc__
        assert f"`{name}`" in page


@given(st.text(alphabet=st.sampled_from("{}%# abclose.|()[]_'\"\n0+-=forinbs"), max_size=60))
def test_a_template_is_parsed_or_refused(text: str) -> None:
    codes = set()
    try:
        assert template(text).names <= set(KNOWN)
    except InvalidInput as fault:
        codes = {one.code for one in fault.diagnostics}
    assert codes <= {"RT401", "RT402", "RT403", "RT404"}
