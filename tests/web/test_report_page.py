"""The report as text: its numbers are those of the result, it is safe, and it stays small."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import typing
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rtrade.catalog.metrics import BY_NAME, METRICS
from rtrade.catalog.registry import Unit
from rtrade.core.resources import data_folder
from rtrade.report import comparison_context, context, formatting
from rtrade.report.assets import LIBRARY
from rtrade.report.formatting import Form, format_metric, show
from rtrade.report.inputs import Indicator
from rtrade.report.render import build_context, render
from rtrade.report.words import verdict
from web.report_runs import make_inputs, with_document

VENDOR = data_folder("reports") / "static" / "vendor" / LIBRARY


class Page(HTMLParser):
    """Numbers, rows, blocks and plain text of a report."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.numbers: list[tuple[str, str, str]] = []
        self.rows: list[dict[str, Any]] = []
        self.blocks: list[tuple[str, dict[str, str | None], str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self._number: tuple[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag in ("script", "style", "pre"):
            self.blocks.append((tag, given, ""))
            self._open.append(tag)
        if tag == "data":
            self._number = (given["data-path"] or "", given["value"] or "")
        if tag == "tr" and "data-n" in given:
            self.rows.append({"n": int(given["data-n"] or 0), "cells": []})
        if tag == "td" and self.rows:
            self.rows[-1]["cells"].append([given.get("data-v"), ""])

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        if tag == "table":
            self._in_rows = False

    def handle_data(self, data: str) -> None:
        if self._open:
            kind, given, text = self.blocks[-1]
            self.blocks[-1] = (kind, given, text + data)
        if self._number is not None:
            self.numbers.append((*self._number, data))
            self._number = None
        if self.rows and self.rows[-1]["cells"]:
            self.rows[-1]["cells"][-1][1] += data
        if not self._open or self._open[-1] == "pre":
            self.text += data


@pytest.fixture(scope="module")
def run():
    return make_inputs(1_000, shorts=True, oscillator=True, warnings=("Fewer than 30 trades.",))


@pytest.fixture(scope="module")
def page(run) -> Page:
    return Page(render(run))


def at(document: dict[str, Any], path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        value = value[key]
    return value


def test_every_number_is_the_one_of_the_result(run, page):
    document = json.loads(json.dumps(run.document))
    shown = {path for path, _, _ in page.numbers}
    assert {f"metrics.{metric.name}" for metric in METRICS} <= shown
    assert {"data.bars", "data.gaps", "data.missing", "data.filters.lot"} <= shown
    assert {f"data.quality.{name}" for name in document["data"]["quality"]} <= shown
    assert {f"refused.{name}" for name in document["refused"]} <= shown
    for path, raw, _ in page.numbers:
        assert json.loads(raw) == at(document, path), path


def test_texts_of_numbers_come_from_the_one_formatter(run, page):
    known = {key.figure.path: key.figure for key in build_context(run).metrics}
    for path, _, text in page.numbers:
        if path in known:
            assert text == known[path].text
    assert ("metrics.total_return", "-0.24283747058023897", "\u221224.3\u202f%") in page.numbers


def test_every_trade_is_a_row_with_the_numbers_of_the_result(run, page):
    trades = json.loads(json.dumps(run.document))["trades"]
    assert [row["n"] for row in page.rows] == list(range(1, len(trades) + 1))
    columns = {3: "entry_price", 5: "exit_price", 6: "size", 7: "bars", 8: "pnl", 9: "return"}
    columns[12] = "fees"
    for row, trade in zip(page.rows, trades, strict=True):
        cells = row["cells"]
        assert cells[1][1] == trade["side"]
        assert cells[2][1] == trade["entry_time"][:16].replace("T", " ")
        for place, name in columns.items():
            assert json.loads(cells[place][0]) == trade[name], (row["n"], name)
    assert trades[-1]["exit_time"] is None
    assert page.rows[-1]["cells"][4][1] == "open"
    assert page.rows[-1]["cells"][13][1].startswith("still open")


def test_a_long_table_is_cut_and_says_where_the_rest_is(run):
    trades = [dict(trade, pnl=float(at)) for at, trade in enumerate(run.document["trades"] * 100)]
    shown = Page(render(with_document(run, trades=trades)))
    count = len(trades)
    wanted = [*range(1, 801), *range(count - 199, count + 1)]
    assert [row["n"] for row in shown.rows] == wanted
    assert f"1,000 of {count:,} trades: the first, and the 200 that moved" in shown.text
    assert "trades.csv" in shown.text


def test_what_the_page_must_say(run, page):
    for words in (
        "SYNTHETIC DATA",
        "Lost 24.3",
        "buying and holding made 0.23",
        "Fewer than 30 trades.",
        "BTC/USDT",
        run.document["fingerprint"],
        run.document["run_id"],
        run.document["data"]["sha256"],
        *run.fill_rules,
        "TradingView, Inc. https://www.tradingview.com/",
    ):
        assert words in page.text, words


def test_names_in_warnings_are_set_as_code(run):
    html = render(with_document(run, warnings=["`a<b` is unknown", "a lone ` stays"]))
    assert "<li><code>a&lt;b</code> is unknown</li>" in html
    assert "<li>a lone ` stays</li>" in html


def test_real_data_is_not_called_synthetic():
    assert "SYNTHETIC" not in Page(render(make_inputs(200, synthetic=False))).text


def test_the_strategy_file_is_shown_verbatim(run, page):
    shown = [text for tag, given, text in page.blocks if tag == "pre"]
    assert shown == [run.explanation, run.strategy_yaml]


@pytest.mark.parametrize("count", [1, 2, 30, 60, 400])
def test_nothing_undefined_shows_through(count):
    run = make_inputs(count)
    nothing = dict.fromkeys(run.document["metrics"])
    bare = with_document(run, metrics={**nothing, "trades": 0}, refused={}, warnings=[])
    for inputs in (run, bare):
        text = Page(render(inputs)).text
        assert not re.search(r"\b(undefined|NaN|None|null|Infinity|inf)\b", text)


def test_the_policy_names_every_block_by_its_hash(page):
    policy = next(
        given["content"] or ""
        for tag, given in page.tags
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "base-uri 'none'; form-action 'none'" in policy
    blocks = [block for block in page.blocks if block[0] != "pre"]
    assert [tag for tag, _, _ in blocks] == ["style", "script", "script", "script"]
    for _, given, text in blocks:
        if given.get("type") == "application/json":
            continue
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_page_refers_to_nothing_outside(page):
    for tag, given in page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            target = given.get(name)
            if target is None or target.startswith(("#", "data:")):
                continue
            # The run's own files, beside the page.
            beside = ("trades.csv", "result.json")
            assert tag == "a"
            assert target in ("https://www.tradingview.com/", *beside)
        assert "style" not in given
        assert not [name for name in given if name.startswith("on")]


EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)"><!--'


def test_markup_in_names_and_texts_stays_text(run):
    document = {**run.document, "strategy": EVIL, "warnings": [EVIL], "engine": EVIL}
    document["data"] = {**document["data"], "source": EVIL, "symbol": EVIL}
    evil = replace(
        run,
        document=document,
        strategy_yaml=f"name: {EVIL}\n",
        explanation=EVIL,
        fill_rules=(EVIL,),
        indicators=(Indicator(EVIL, Unit.PRICE, run.bars.close),),
    )
    html = render(evil)
    shown = Page(html)
    assert "<img" not in html
    assert html.count("<script") == 3
    assert [tag for tag, _, _ in shown.blocks].count("script") == 3
    assert shown.text.count(EVIL) >= 6


def test_a_lone_surrogate_can_be_written(run):
    assert "\\udc80" in render(with_document(run, strategy="a\udc80")).encode().decode()


def test_a_page_stays_under_3_mb_and_5000_candles():
    run = make_inputs(500_000, timeframe="1m", fast=5, slow=12, costs=0)
    assert len(run.document["trades"]) > 10_000
    html = render(run)
    assert len(html.encode()) < 3_000_000
    shown = Page(html)
    data = json.loads(next(text for _, given, text in shown.blocks if given.get("id") == "run"))
    time = data["overview"]["time"]
    assert len(base64.b64decode(time["b"])) // 4 <= 5_000
    assert data["candle"] == "2h"
    assert "500,000 bars of 1m" in shown.text
    assert "More than 10,000 trades" in shown.text


def test_equal_inputs_make_equal_pages(run):
    assert render(run) == render(make_inputs(1_000, shorts=True, oscillator=True,
                                             warnings=("Fewer than 30 trades.",)))  # fmt: skip


@pytest.mark.parametrize(
    ("gained", "held", "sentence", "tone"),
    [
        (-0.123, 0.456, "Lost 12.3\u202f% where buying and holding made 45.6\u202f%.", "bad"),
        (1.5, -0.02, "Made 150.0\u202f% where buying and holding lost 2.00\u202f%.", "good"),
        (0.0, 0.0, "Ended where it began where buying and holding ended where it began.", ""),
        (0.05, None, "Made 5.00\u202f%.", "good"),
        (None, 0.1, "The return of this run is not defined.", ""),
    ],
)
def test_the_verdict_in_words(run, gained, held, sentence, tone):
    metrics = {**run.document["metrics"], "total_return": gained, "benchmark_return": held}
    made = verdict({**run.document, "metrics": metrics})
    assert (made.sentence, made.tone) == (sentence, tone)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.12345, Form.PERCENT, "12.3\u202f%"),
        (-0.00004, Form.PERCENT, "0.00\u202f%"),
        (-12.5, Form.PERCENT, "\u22121,250\u202f%"),
        (12345.678, Form.MONEY, "12,345.68"),
        (64123.4, Form.PRICE, "64,123.40"),
        (1.2345, Form.PRICE, "1.2345"),
        (0.00001234, Form.PRICE, "0.00001234"),
        (0.5, Form.SIZE, "0.5"),
        (1e-8, Form.SIZE, "0.00000001"),
        (100, Form.SIZE, "100"),
        (1234, Form.COUNT, "1,234"),
        (None, Form.RATIO, "\u2013"),
    ],
)
def test_numbers_as_a_reader_sees_them(value, form, text):
    assert show(value, form) == text


def test_a_metric_for_a_terminal_is_ascii():
    assert format_metric(BY_NAME["total_return"], -0.12345) == "-12.3 %"
    assert format_metric(BY_NAME["turnover"], 3.04) == "3.0 x a year"
    assert format_metric(BY_NAME["sharpe"], None) == "-"
    for metric in METRICS:
        assert format_metric(metric, 1234.5).isascii()


def test_gains_carry_their_sign():
    assert show(0.5, Form.PERCENT, signed=True) == "+50.0\u202f%"
    assert show(0.0, Form.MONEY, signed=True) == "0.00"
    assert formatting.moment("2024-01-31T09:05:30Z") == "2024-01-31 09:05:30"
    assert formatting.moment("2024-01-31T00:00:00Z") == "2024-01-31 00:00"


def test_everything_a_template_sees_is_documented():
    kinds = {
        kind
        for module in (context, comparison_context)
        for kind in vars(module).values()
        if is_dataclass(kind)
    }
    assert {context.ReportContext, comparison_context.ComparisonContext} <= kinds
    for kind in kinds:
        hints = typing.get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            help_text = typing.get_args(hints[field.name])[1]
            assert len(help_text) > 7, f"{kind.__name__}.{field.name}"


def test_the_chart_library_is_the_one_published():
    said = dict(
        line.split(": ", 1) for line in (VENDOR / "SOURCE").read_text("utf-8").splitlines() if line
    )
    content = (VENDOR / Path(said["file"].split(",")[0]).name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == said["file-sha256"]
    sha512 = base64.b64encode(hashlib.sha512(content).digest()).decode()
    assert said["file-integrity"] == f"sha512-{sha512}"
    assert content.startswith(b"/*!\n * @license")
    assert f"lightweight-charts-{said['version']}" == LIBRARY
    assert "Apache License" in (VENDOR / "LICENSE").read_text("utf-8")
    assert "tradingview.com" in (VENDOR / "NOTICE").read_text("utf-8")


def test_the_chart_library_is_inlined_unchanged_with_its_banner(page):
    library = next(
        text for tag, given, text in page.blocks if tag == "script" and "@license" in text[:40]
    )
    assert library == (VENDOR / "lightweight-charts.standalone.production.js").read_text("utf-8")


VERIFIED = {
    "engines": ["backtrader", "compiled"],
    "equal": True,
    "bars": 1000,
    "fills": 44,
    "sha256": "0" * 64,
    "difference": None,
}


def test_what_two_engines_agree_on_is_said_where_fills_are(run):
    assert "Verified" not in render(run)
    html = render(replace(run, document={**run.document, "verified": VERIFIED}))
    said = "Verified: two engines, backtrader and compiled, 1,000 bars, 44 fills, equal to the bit."
    assert html.index('id="fills"') < html.index(said) < html.index('id="data"')
    assert 'class="invalid"' not in html


def test_where_two_engines_differ_is_said_above_all_numbers(run):
    difference = {"time": "2019-01-04T05:00:00Z", "what": "equity", "values": ["1.0", EVIL]}
    disputed = {**VERIFIED, "equal": False, "difference": difference}
    html = render(replace(run, document={**run.document, "verified": disputed}))
    assert EVIL not in html
    text = Page(html).text
    said = f"first differ in the bar 2019-01-04T05:00:00Z: equity is 1.0 by backtrader and {EVIL}"
    assert said in text
    assert text.index("INVALID") < text.index(verdict(run.document).detail)
    assert "Verified" not in html
