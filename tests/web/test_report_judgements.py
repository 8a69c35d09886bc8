"""What the page says of a result: diagnoses, other assumptions, and what its numbers mean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rtrade.analysis.assumptions import BreakEven, Case, Ledger
from rtrade.analysis.diagnoses import Diagnosed
from rtrade.catalog.diagnoses import DIAGNOSES, DIAGNOSIS
from rtrade.catalog.metrics import METRICS
from rtrade.core.timeframes import parse_time
from rtrade.report.assumptions import assumed
from rtrade.report.render import render
from web.report_browser import Browser, start
from web.report_runs import make_inputs, with_document
from web.test_report_page import Page

START = parse_time("2019-01-01")
SLIPPAGES, FEES = (0.0, 0.0005, 0.001), (0.0, 0.001, 0.002)


def case(total: float, slippage: float = 0.0005, fee: float = 0.001, **more: Any) -> Case:
    given = {"delay": 0, "start": START, "benchmark_return": 0.1, "max_drawdown": 0.2, "trades": 9}
    return Case(slippage=slippage, taker=fee, maker=fee, total_return=total, **{**given, **more})


def ledger_of(**changes: Any) -> Ledger:
    whole: dict[str, Any] = {
        "costs": tuple(
            case(0.3 - slippage * 400 - fee * 100, slippage, fee)
            for slippage in SLIPPAGES
            for fee in FEES
        ),
        "delays": tuple(case(-0.01 * late, delay=late) for late in (1, 2)),
        "starts": (case(-0.2, start=START + 86_400_000), case(0.4, trades=3)),
        "break_even": {
            "slippage": BreakEven("found", 0.0005, 0.05, 0.00072),
            "commission": BreakEven("beyond", 0.001, 0.05),
            "costs": BreakEven("never", 1.0, 20.0),
        },
    }
    return Ledger(**{**whole, **changes})


def diagnosed(*names: str) -> list[dict[str, str]]:
    return [
        Diagnosed(DIAGNOSIS[name], f"Because {name}: -12.3 % on 2020-01-02.").document()
        for name in names
    ]


RUN = with_document(
    make_inputs(1_000, shorts=True),
    assumptions=ledger_of().document(),
    diagnoses=diagnosed("no_costs", "few_trades", "losing_streak", "weekend"),
)


@pytest.fixture(scope="module")
def html() -> str:
    return render(RUN)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def at(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document[int(key) if isinstance(document, list) else key]
    return document


def test_numbers_of_other_assumptions_are_those_of_the_result(page):
    document = json.loads(json.dumps(RUN.document))
    shown = [(path, raw) for path, raw, _ in page.numbers if path.startswith("assumptions.")]
    assert len(shown) == len(SLIPPAGES) * len(FEES) + 4 * 4
    for path, raw in shown:
        assert json.loads(raw) == at(document, path), path


def test_what_it_comes_to_in_words(page):
    words = " ".join(page.text.split())
    assert "Breaks even at 7.2 bps; the strategy assumes 5 bps." in words
    assert "Makes money up to 5 %, the most that was tried; the strategy assumes 0.1" in words
    assert "Loses without any costs too." in words
    assert "Makes \u22121.00 % when each decision acts a bar late" in words
    assert "1 of 2 later starts make money: from \u221220.0 % to +40.0 %." in words
    assert "From 2019-01-02 on" in words


def test_a_run_that_loses_would_break_even_below():
    limits = {"slippage": BreakEven("found", 0.0005, 0.05, 0.0003)}
    more = {"commission": BreakEven("found", 0.001, 0.05, 0.0005)}
    document = {**RUN.document, "assumptions": ledger_of(break_even={**limits, **more}).document()}
    facts = {fact.title: fact.text for fact in assumed(document).facts}
    assert facts["Slippage"] == (
        "Would break even at 3\u202fbps; the strategy assumes 5\u202fbps, and loses."
    )
    assert facts["Commission"].startswith("Would break even at 0.05\u202f%")
    assert "All costs" not in facts


def test_the_run_itself_is_marked_in_the_grid(html):
    assert html.count('class="own"') - html.count('<line class="own"') == 1
    row = next(row for row in assumed(RUN.document).grid if row.own >= 0)
    assert (row.name, row.own) == ("5\u202fbps", 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"diagnoses": []}, "It was left out with `--no-assumptions`."),
        ({"assumptions": Ledger(left_out="it is long").document()}, "It was left out: it is long."),
    ],
)
def test_what_was_left_out_says_why(changes, sentence):
    inputs = with_document(make_inputs(200), **changes)
    text = " ".join(Page(render(inputs)).text.split())
    assert "Under other assumptions" in text
    assert sentence.replace("`", "") in text


def test_a_run_of_an_older_version_is_not_said_to_have_left_anything_out():
    document = {name: RUN.document[name] for name in RUN.document if name != "diagnoses"}
    found = assumed({**document, "assumptions": None})
    assert "--no-assumptions" not in found.left_out
    assert found.left_out.startswith("The version of rtrade that made this run did not make it")


def test_diagnoses_stand_near_the_top_with_reason_and_advice(html, page):
    assert html.index('id="diagnoses"') < html.index('id="price"')
    assert html.index("No costs") < html.index("Few trades") < html.index("Many losses in a row")
    text = " ".join(page.text.split())
    assert "Because few_trades: \u221212.3 % on 2020-01-02. Test over more bars" in text
    assert "2 more, good to know" in text


def test_without_diagnoses_the_page_claims_nothing():
    assert "That is no proof" in render(with_document(make_inputs(200), diagnoses=[]))
    # A result of a version that made none.
    assert 'id="diagnoses"' not in render(make_inputs(200))


def test_every_diagnosis_can_be_shown():
    names = [one.name for one in DIAGNOSES]
    html = render(with_document(make_inputs(60), diagnoses=diagnosed(*names)))
    for one in DIAGNOSES:
        assert f"What {one.code} means" in html


def test_every_link_within_the_page_leads_somewhere(html):
    places = re.findall(r'\bid="([^"]+)"', html)
    assert len(places) == len(set(places))
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links <= set(places)
    assert {f"metric-{metric.name}" for metric in METRICS} <= set(places)
    assert {"metric-sharpe", "metric-fees", "column-depth", "definitions"} <= links


def test_every_metric_that_is_shown_has_a_way_to_its_definition(html):
    body = html[html.index("<main>") : html.index("</main>")]
    table = body[body.index('<section id="metrics"') : body.index('<section id="definitions"')]
    part = body[body.index('<section id="assumptions"') : body.index('<section id="periods"')]
    rest = body.replace(table, "").replace(part, "")
    numbers = re.findall(
        r'(<a class="def" href="#metric-\w+">)?<data [^>]*data-path="metrics', rest
    )
    assert len(numbers) > 10
    assert all(numbers)
    assert part.count("#metric-total_return") == 2
    assert table.count('id="metric-') == len(METRICS)


def test_symbols_are_a_group_of_their_own(html):
    assert "By symbol" in html
    start = html.index("By symbol")
    assert "BTC/USDT" in html[start : start + 3_000]


@pytest.mark.parametrize(
    ("bars", "unit"), [(1_000, "day"), (40_000, "month"), (60_000, "year"), (10, "")]
)
def test_exposure_over_time_in_periods_that_can_be_told_apart(bars, unit):
    html = render(make_inputs(bars, shorts=True))
    assert ("Closes with a position" in html) == bool(unit)
    if unit:
        assert f"Closes with a position, by {unit}" in html


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    opened = start(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_links_and_disclosures_work_in_a_browser(
    browser: Browser, html: str, tmp_path: Path, width: int, dark: bool
):
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    browser.look(width, 1000, dark=dark)
    browser.open(path)
    sight = "const e = document.querySelector(arguments[0]).getBoundingClientRect();"
    browser.run("document.querySelector('.keys a[href=\"#metric-sharpe\"]').click();")
    browser.settle()
    top = browser.run(f"{sight} return [e.top, innerHeight];", "#metric-sharpe")
    assert 0 <= top[0] < top[1]
    seen = "return document.querySelector('.more .low').checkVisibility();"
    assert not browser.run(seen)
    browser.run("document.querySelector('.more summary').click();")
    assert browser.run(seen)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth;")
    for section in ("diagnoses", "assumptions", "exposure"):
        browser.run(f"document.getElementById('{section}').scrollIntoView();")
        browser.settle()
        browser.picture(f"{section}-{width}-{'dark' if dark else 'light'}")
    assert browser.complaints() == []
    assert browser.requests() == [path.as_uri()]
