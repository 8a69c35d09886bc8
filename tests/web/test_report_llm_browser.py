"""The page of a run that asked a model, in a browser: it draws, filters, unfolds, obeys none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from rtrade.analysis.llm_decisions import Clamp
from rtrade.config.llm_definitions import EnumField, LlmProviderDef, TextField
from rtrade.core.timeframes import iso, parse_time
from rtrade.report.inputs import ReportInputs
from rtrade.report.render import render
from unit.llm_cases import ACTIONS, decided, plan_of, signal_of
from web.llm_runs import llm_inputs, month
from web.report_browser import Browser, start
from web.report_runs import make_bars
from web.test_report_page import EVIL

pytestmark = pytest.mark.browser

HOSTILE = (
    EVIL,
    "{{ 7 * 7 }}{% for x in ().__class__.__bases__ %}{{ x }}{% endfor %}{# gone #}",
    "${alert(1)} `code` javascript:alert(1)",
    '"><svg onload=alert(1)><style>body{display:none}</style>',
    "<a href='https://example.com/x'>click</a><iframe src='https://example.com'></iframe>",
    "</td></tr></table></section><form action='https://example.com'><input onfocus=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x&#62;",
    "<meta http-equiv=refresh content='0;url=https://example.com'><base href='//example.com/'>",
    "=cmd|' /C calc'!A0",
    "<!-- --><![CDATA[ <plaintext> <template><textarea><title><noscript><xmp>",
)


@cache
def run_of() -> ReportInputs:
    known = LlmProviderDef("openai", "gpt", knowledge_cutoff=parse_time("2019-01-15"))
    return month(plan=plan_of(provider=known))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    made = start(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("reports") / "model.html", run_of())


def write(path: Path, inputs: ReportInputs) -> Path:
    path.write_text(render(inputs), encoding="utf-8")
    return path


def shown(browser: Browser) -> list[int]:
    """Return the numbers of the decisions in view."""
    return browser.run(
        "return [...document.querySelectorAll('#decision-list tbody')].filter((one) => !one.hidden)"
        ".map((one) => Number(one.rows[0].cells[1].textContent))"
    )


def choose(browser: Browser, name: str, text: str) -> None:
    Select(browser.driver.find_element(By.ID, name)).select_by_visible_text(text)


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_draws_without_requests_or_complaints(browser, page, dark, width):
    browser.look(width=width, dark=dark)
    browser.open(page)
    for place in ("title", "price", "model", "orders", "decisions"):
        browser.run(f"document.getElementById('{place}').scrollIntoView({{block: 'start'}})")
        browser.settle()
        browser.picture(f"llm_{place}_{width}_{'dark' if dark else 'light'}")
    first, *others = browser.requests()
    assert first == page.as_uri()
    assert all(url.startswith("data:image/svg+xml") for url in others)
    assert browser.run("return document.documentElement.scrollWidth") == width
    alarm = browser.driver.find_element(By.CSS_SELECTOR, ".banner.alarm")
    red, green, blue = browser.run(
        "return getComputedStyle(arguments[0]).backgroundColor.match(/[0-9]+/g).map(Number)", alarm
    )
    assert red > green + 10
    assert red > blue + 10
    assert browser.complaints() == []


def test_marks_of_decisions_are_on_the_price_chart(browser, page, tmp_path):
    browser.look()
    browser.open(page)
    browser.settle()
    with_marks = browser.colours("price")
    # The colours of "up" and "down" of a model are on no other page.
    up, down = "0,16,13", "15,7,20"
    assert with_marks.get(up, 0) > 100
    assert with_marks.get(down, 0) > 100
    browser.open(write(tmp_path / "plain.html", replace(run_of(), llm=None)))
    browser.settle()
    without = browser.colours("price")
    assert without.get(up, 0) == without.get(down, 0) == 0
    assert browser.complaints() == []


def test_a_decisions_time_takes_the_chart_there(browser, page):
    browser.look()
    browser.open(page)
    whole = browser.view("price")
    at = iso(run_of().llm.decisions[40].time)[:16].replace("T", " ")
    button = browser.driver.find_elements(By.CSS_SELECTOR, "#decision-list button.at")[40]
    assert button.text == at
    button.click()
    near = browser.wait(lambda: (seen := browser.view("price")) != whole and seen)
    assert whole[0] < near[0] < at < near[1] < whole[1]
    browser.settle()
    top = browser.run("return document.getElementById('price-chart').getBoundingClientRect().top")
    assert 0 <= top < 1000
    browser.driver.find_element(By.ID, "whole").click()
    browser.wait(lambda: browser.view("price") == whole)
    assert browser.complaints() == []


def test_prompts_and_answers_unfold(browser, page):
    browser.look()
    browser.open(page)
    first = run_of().llm.decisions[0].votes[0]
    part = browser.driver.find_element(By.CSS_SELECTOR, "#decision-list tbody")
    more, whole = (part.find_element(By.CSS_SELECTOR, one) for one in ("button.more", "tr.whole"))
    assert not whole.is_displayed()
    more.click()
    assert whole.is_displayed()
    assert more.get_attribute("aria-expanded") == "true"
    texts = [one.text for one in whole.find_elements(By.TAG_NAME, "pre")]
    assert texts == [first.prompt, *first.rejected, first.raw]
    more.click()
    assert not whole.is_displayed()
    assert more.get_attribute("aria-expanded") == "false"


def test_decisions_are_narrowed_to_an_answer_and_to_what_became_of_them(browser, page):
    browser.look()
    browser.open(page)
    decisions = run_of().llm.decisions
    said = [None if one.values is None else one.values["action"] for one in decisions]
    assert shown(browser) == list(range(1, 63))
    for action in ACTIONS:
        choose(browser, "only-answer", action)
        wanted = [n for n, one in enumerate(said, 1) if one == action]
        assert shown(browser) == wanted
        told = browser.driver.find_element(By.ID, "shown-decisions").text
        assert told == f"{len(wanted)} shown"
    choose(browser, "only-answer", "all")
    choose(browser, "only-flag", "abstained")
    assert shown(browser) == [n for n, one in enumerate(said, 1) if one is None]
    choose(browser, "only-flag", "limited")
    assert shown(browser) == [n for n, one in enumerate(decisions, 1) if one.clamps]
    choose(browser, "only-flag", "moved the position")
    moved = [n for n, one in enumerate(run_of().llm.found, 1) if one.entered or one.left]
    assert shown(browser) == moved
    choose(browser, "only-answer", "buy")
    assert shown(browser) == [n for n in moved if said[n - 1] == "buy"]
    assert browser.complaints() == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_model_says_is_shown_and_never_acts(browser, tmp_path, text):
    bars = make_bars(200, holes=0)
    asked = replace(
        signal_of(), answer=(EnumField("action", (*ACTIONS, text)), TextField("reason")),
    )  # fmt: skip
    plan = plan_of(signals=(asked,), provider=LlmProviderDef(text, text))
    values = {"action": text, "reason": text}
    evil = decided(
        bars, 30, "buy", prompt=text, raw=text, rejected=(text,), notes=(text,), key=text
    )
    evil = replace(
        evil,
        values=values,
        votes=(replace(evil.votes[0], values=values),),
        clamps=(Clamp(text, 1.0, 0.5),),
    )
    none = decided(bars, 60, None, why=text, raw=text)
    page = write(tmp_path / "evil.html", llm_inputs(bars, [evil, none], plan))
    browser.look()
    browser.open(page)
    browser.run("document.querySelectorAll('button.more').forEach((one) => one.click())")
    browser.settle()
    seen = browser.run("return document.getElementById('decisions').textContent")
    # Answer, its choice, reason, prompt, both replies, note; reason and reply of the other.
    assert seen.count(text) >= 9
    assert text in browser.run("return document.getElementById('model').textContent")
    assert text in browser.run("return document.querySelector('.banner').textContent")
    assert browser.run("return document.title").startswith("llm_test")
    assert [url for url in browser.requests() if not url.startswith("data:")][1:] == []
    counts = census(browser)
    assert browser.complaints() == []
    usual = [decided(bars, 30, "hold"), decided(bars, 60, None)]
    browser.open(write(tmp_path / "usual.html", llm_inputs(bars, usual)))
    assert counts == census(browser)


ELEMENTS = (
    "script", "style", "img", "iframe", "form", "base", "input", "meta", "svg", "section", "footer",
    "a", "[onload]", "[onfocus]", "[onerror]", "textarea", "template", "main > section",
    "#decision-list > table",
)  # fmt: skip


def census(browser: Browser) -> dict[str, int]:
    """Count what a text that acts would add to a page, or break up."""
    return browser.run(
        "return Object.fromEntries(arguments[0].map((what) =>"
        " [what, document.querySelectorAll(what).length]))",
        ELEMENTS,
    )


def test_paper_has_the_decisions_and_no_prompts(browser, page, tmp_path):
    import base64

    browser.look()
    browser.open(page)
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})
    made = base64.b64decode(printed["data"])
    assert made.startswith(b"%PDF")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.run("document.querySelector('button.more').click()")
    hidden = browser.run(
        "return ['tr.whole', 'button.more', '#decisions .tools'].map((what) =>"
        " getComputedStyle(document.querySelector(what)).display)"
    )
    assert hidden == ["none"] * 3
    rows = browser.run(
        "return [...document.querySelectorAll('#decision-list tbody')]"
        ".filter((one) => getComputedStyle(one).display !== 'none').length"
    )
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert rows == 62
