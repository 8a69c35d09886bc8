"""The report in a real browser: it asks for nothing, complains of nothing, draws, and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from rtrade.catalog.registry import Unit
from rtrade.core.timeframes import iso
from rtrade.report.charts import OVERVIEW
from rtrade.report.inputs import Indicator, ReportInputs
from rtrade.report.levels import candles, group
from rtrade.report.render import render
from web.report_browser import Browser, start
from web.report_runs import make_inputs, with_document
from web.test_report_page import EVIL

pytestmark = pytest.mark.browser


@cache
def run_of(name: str) -> ReportInputs:
    if name == "long":
        return make_inputs(50_000, costs=0.3)
    warnings = ("Fewer than 30 trades.", "5 gaps in the data.")
    return make_inputs(1_000, shorts=True, oscillator=True, warnings=warnings)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    made = start(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    for name in ("short", "long"):
        write(folder / f"{name}.html", run_of(name))
    return folder


def write(path: Path, inputs: ReportInputs) -> Path:
    path.write_text(render(inputs), encoding="utf-8")
    return path


def minute(time: str) -> str:
    return time[:16].replace("T", " ")


def background(browser: Browser) -> tuple[int, ...]:
    colour = browser.run("return getComputedStyle(document.body).backgroundColor")
    return tuple(map(int, re.findall(r"\d+", colour)[:3]))


def row(browser: Browser, number: int):
    return browser.driver.find_element(By.CSS_SELECTOR, f'tr[data-n="{number}"]')


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["short", "long"])
def test_it_draws_without_requests_or_complaints(browser, pages, name, dark):
    browser.look(dark=dark)
    browser.open(pages / f"{name}.html")
    browser.settle()
    browser.picture(f"report_{name}_{'dark' if dark else 'light'}")
    page, *others = browser.requests()
    assert page == (pages / f"{name}.html").as_uri()
    assert all(url.startswith("data:image/svg+xml") for url in others)
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    for chart in ("price", "equity"):
        counts = browser.colours(chart)
        assert len(counts) > 25, chart
        drawn = sum(counts.values()) - max(counts.values())
        assert drawn > 5_000, f"{chart} looks blank"
    levels = background(browser)
    assert max(levels) < 60 if dark else min(levels) > 220
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["short", "long"])
def test_a_click_on_a_trade_takes_the_chart_there(browser, pages, name):
    run = run_of(name)
    browser.look()
    browser.open(pages / f"{name}.html")
    whole = browser.view("price")
    trade = run.document["trades"][11]
    assert whole[0] <= minute(trade["entry_time"])
    row(browser, 12).click()
    near = browser.wait(lambda: (seen := browser.view("price")) != whole and seen)
    assert whole[0] < near[0] <= minute(trade["entry_time"])
    assert minute(trade["exit_time"]) <= near[1] < whole[1]
    browser.wait(lambda: browser.view("equity") == near)
    browser.settle()
    browser.picture(f"report_{name}_trade")
    assert row(browser, 12).get_attribute("aria-current") == "true"
    assert browser.driver.find_element(By.ID, "chosen").text.startswith("Trade 12: ")
    top = browser.run("return document.getElementById('price-chart').getBoundingClientRect().top")
    assert 0 <= top < 1000
    browser.driver.find_element(By.ID, "whole").click()
    browser.wait(lambda: browser.view("price") == whole)
    assert browser.complaints() == []


@pytest.mark.parametrize("long", [True, False])
def test_a_long_run_shows_whole_bars_near_the_trades_that_moved_equity_most(browser, pages, long):
    trades = run_of("long").document["trades"]
    most = sorted(range(len(trades)), key=lambda at: -abs(trades[at]["pnl"]))[:200]
    # Longer than twice the 30 bars that this page keeps of either end, or not.
    number = next(at for at in most if (trades[at]["bars"] >= 60) == long) + 1
    browser.look()
    browser.open(pages / "long.html")
    level = browser.driver.find_element(By.ID, "level")
    assert "Each candle covers 12h" in level.text
    browser.run("arguments[0].click()", row(browser, number))
    browser.wait(lambda: "Full 1h bars" in level.text)
    entry, leave = (minute(trades[number - 1][name]) for name in ("entry_time", "exit_time"))
    browser.wait(lambda: browser.view("price")[0] > "2019-01-0")
    start, stop = browser.view("price")
    assert start <= entry
    assert leave <= stop
    assert ("its middle is left out" in level.text) == long
    browser.settle()
    browser.picture(f"report_long_trade_{'broken' if long else 'whole'}")
    assert browser.complaints() == []


def test_the_table_of_trades_can_be_narrowed(browser, pages):
    browser.look()
    browser.open(pages / "short.html")
    shown = (
        "return Array.from(document.querySelectorAll('tr[data-n]')).filter((r) => !r.hidden).length"
    )
    trades = run_of("short").document["trades"]
    browser.run(
        "const box = document.getElementById('only-side'); box.value = 'short';"
        "box.dispatchEvent(new Event('change'))"
    )
    assert browser.run(shown) == sum(trade["side"] == "short" for trade in trades)
    browser.run(
        "const box = document.getElementById('only-exit'); box.value = 'rule';"
        "box.dispatchEvent(new Event('change'))"
    )
    short = [trade for trade in trades if trade["side"] == "short"]
    assert browser.run(shown) == sum(trade["exit_reason"] == "rule" for trade in short)


def test_a_trade_without_whole_bars_is_shown_among_the_candles(browser, pages):
    browser.look()
    browser.open(pages / "long.html")
    numbers = browser.run(
        "return Array.from(document.querySelectorAll('tr[data-n]'), (r) => +r.dataset.n)"
    )
    level = browser.driver.find_element(By.ID, "level")
    trades = run_of("long").document["trades"]
    small = min((n for n in numbers if n > 100), key=lambda n: abs(trades[n - 1]["pnl"]))
    browser.run("arguments[0].click()", row(browser, small))
    browser.wait(lambda: "not in this file" in level.text)
    entry = minute(trades[small - 1]["entry_time"])
    browser.wait(lambda: browser.view("price")[0] <= entry <= browser.view("price")[1])


def test_trades_can_be_walked_and_opened_by_keyboard(browser, pages):
    browser.look()
    browser.open(pages / "short.html")
    whole = browser.view("price")
    first = row(browser, 1)
    browser.run("arguments[0].focus()", first)
    first.send_keys(Keys.ARROW_DOWN)
    second = browser.driver.switch_to.active_element
    assert second.get_attribute("data-n") == "2"
    second.send_keys(Keys.ENTER)
    browser.wait(lambda: browser.view("price") != whole)
    following = browser.driver.find_element(By.ID, "next")
    following.click()
    assert browser.driver.find_element(By.ID, "chosen").text.startswith("Trade 3: ")
    chart = browser.driver.find_element(By.ID, "price-chart")
    before = browser.view("price")
    chart.send_keys(Keys.ARROW_RIGHT)
    browser.wait(lambda: browser.view("price") > before)
    chart.send_keys(Keys.HOME)
    browser.wait(lambda: browser.view("price") == whole)
    assert browser.complaints() == []


def test_the_trade_table_sorts_by_any_column(browser, pages):
    browser.look()
    browser.open(pages / "short.html")
    returns = [trade["return"] for trade in run_of("short").document["trades"]]
    header = browser.driver.find_element(
        By.XPATH, "//section[@id='trades']//th[button[text()='Return']]"
    )
    order = "return Array.from(document.querySelectorAll('tr[data-n]'), (r) => +r.dataset.n)"
    header.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert header.get_attribute("aria-sort") == "ascending"
    ranked = sorted(range(1, len(returns) + 1), key=lambda n: returns[n - 1])
    assert browser.run(order) == ranked
    header.find_element(By.TAG_NAME, "button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert browser.run(order) == ranked[::-1]


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_window_does_not_scroll_sideways(browser, pages, width):
    browser.look(width, 844)
    browser.open(pages / "short.html")
    browser.settle()
    browser.picture(f"report_short_{width}")
    assert browser.run("return document.documentElement.scrollWidth") == width
    chart = browser.run("return document.querySelector('#price-chart canvas').width")
    assert 100 < chart <= width


def test_the_button_turns_the_colours_of_page_and_charts(browser, pages):
    browser.look()
    browser.open(pages / "short.html")
    light = browser.colours("price")
    button = browser.driver.find_element(By.ID, "theme")
    assert button.text == "Dark"
    button.click()
    browser.wait(lambda: max(background(browser)) < 60)
    browser.settle()
    dark = browser.colours("price")
    assert max(light, key=light.get) == "31,31,31"
    assert max(dark, key=dark.get) in ("2,3,4", "2,3,5")
    assert button.text == "Light"


def test_log_scale_is_a_pressed_button(browser, pages):
    browser.look()
    browser.open(pages / "long.html")
    before = browser.colours("equity")
    button = browser.driver.find_element(By.CSS_SELECTOR, "#equity button.log")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    browser.wait(lambda: browser.colours("equity") != before)
    assert browser.complaints() == []


@pytest.mark.parametrize("count", [1, 2, 55, 200])
def test_runs_with_few_bars_or_no_trades_open_too(browser, tmp_path, count):
    run = make_inputs(count, synthetic=False)
    browser.look()
    browser.open(write(tmp_path / "few.html", with_document(run, warnings=["No trade was made."])))
    browser.settle()
    text = browser.run("return document.body.innerText")
    assert not re.search(r"\b(undefined|NaN|None|null|Infinity)\b", text)
    assert browser.complaints() == []


def test_unknown_values_are_holes_in_a_line(browser, tmp_path):
    run = run_of("short")
    purple = "15,7,20"
    counts = []
    for unknown in (slice(0, 0), slice(300, 700)):
        values = np.full(1_000, run.bars.high.max() * 1.1)
        values[unknown] = np.nan
        line = Indicator("level", Unit.PRICE, values)
        browser.look()
        browser.open(write(tmp_path / "hole.html", replace(run, indicators=(line,))))
        browser.settle()
        counts.append(browser.colours("price").get(purple, 0))
    assert counts[0] > 1_000
    assert counts[1] / counts[0] == pytest.approx(0.6, abs=0.05)


def test_no_traces_of_missing_values_in_the_page(browser, pages):
    browser.look()
    for name in ("short", "long"):
        browser.open(pages / f"{name}.html")
        text = browser.run("return document.body.innerText")
        assert not re.search(r"\b(undefined|NaN|None|null|Infinity)\b", text)


def test_hostile_names_and_files_are_inert(browser, tmp_path):
    usual = run_of("short")
    document = {**usual.document, "strategy": EVIL, "warnings": [EVIL]}
    document["data"] = {**document["data"], "source": EVIL, "symbol": EVIL}
    evil = replace(
        usual,
        document=document,
        strategy_yaml=f"name: {EVIL}\n",
        explanation=EVIL,
        fill_rules=(EVIL,),
        indicators=(Indicator(EVIL, Unit.PRICE, usual.bars.close),),
    )
    browser.look()
    browser.open(write(tmp_path / "evil.html", evil))
    browser.settle()
    assert browser.driver.find_element(By.TAG_NAME, "h1").text == EVIL
    assert browser.driver.find_elements(By.TAG_NAME, "img") == []
    assert len(browser.driver.find_elements(By.TAG_NAME, "script")) == 3
    assert EVIL in browser.driver.find_element(By.ID, "price-legend").text
    assert all(url.startswith("data:image/svg+xml") for url in browser.requests()[1:])
    assert browser.complaints() == []


def test_the_attribution_is_on_the_page(browser, pages):
    browser.look()
    browser.open(pages / "short.html")
    # In one step: a chart that finds its size makes its logo anew.
    link, position = browser.run(
        "const logo = document.getElementById('tv-attr-logo');"
        "return [logo.href, getComputedStyle(logo).position];"
    )
    assert link.startswith("https://www.tradingview.com/")
    assert position == "absolute"
    footer = browser.driver.find_element(By.TAG_NAME, "footer")
    assert "TradingView Lightweight Charts" in footer.text
    assert footer.find_element(By.TAG_NAME, "a").get_attribute("href") == (
        "https://www.tradingview.com/"
    )


@pytest.mark.parametrize("name", ["short", "long"])
def test_the_whole_run_is_in_view_whatever_the_axes_need(browser, pages, name):
    browser.look()
    browser.open(pages / f"{name}.html")
    bars = run_of(name).bars
    last = candles(bars, group(bars, OVERVIEW)).time[-1]
    whole = (minute(iso(int(bars.time[0]))), minute(iso(int(last))))
    for width in (1400, 700, 1200):
        browser.look(width)
        for chart in ("price", "equity"):
            browser.wait(lambda chart=chart: browser.view(chart) == whole)
        browser.wait(lambda: len(set(plot_widths(browser))) == 1)
    browser.driver.find_element(By.ID, "price-chart").send_keys("+")
    near = browser.wait(lambda: (seen := browser.view("price")) != whole and seen)
    browser.look(1300)
    browser.settle()
    assert browser.view("price")[1] < whole[1]
    assert near[0] > whole[0]


def plot_widths(browser: Browser) -> list[int]:
    """Return the widths that the two charts have for their times."""
    return browser.run(
        "return ['price', 'equity'].map((name) =>"
        " document.querySelector(`#${name}-chart tr td:nth-child(2)`).clientWidth)"
    )


def test_paper_gets_light_pictures_of_the_charts_with_their_axes(browser, pages):
    browser.look(dark=True)
    browser.open(pages / "long.html")
    browser.settle()
    whole = browser.view("price")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    seen = browser.driver.execute_async_script(PICTURES)
    assert [one["width"] for one in seen] == [1_000, 1_000]
    for one in seen:
        assert one["light"] > 0.6, "the background is dark"
        assert one["axis"] > 100, "nothing stands beside the right edge"
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("return document.querySelectorAll('.chart img').length") == 0
    assert max(background(browser)) < 60
    browser.wait(lambda: browser.view("price") == whole == browser.view("equity"))
    assert browser.complaints() == []


# Of the pictures: width, share of light pixels, and drawn pixels where the axis of values is.
PICTURES = """
const done = arguments[0];
const read = async (image) => {
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const bright = (x, width) => {
    const pixels = context.getImageData(x, 0, width, canvas.height).data;
    let light = 0;
    for (let i = 0; i < pixels.length; i += 4) light += pixels[i] > 235 && pixels[i + 2] > 235;
    return [light, pixels.length / 4];
  };
  const [light, all] = bright(0, canvas.width);
  const [paper, beside] = bright(canvas.width - 70, 70);
  return { width: canvas.width, light: light / all, axis: beside - paper };
};
Promise.all(Array.from(document.querySelectorAll(".chart img"), read)).then(done);
"""


def test_paper_has_a_hundred_trades_and_says_so(browser, pages):
    shown = (
        "return Array.from(document.querySelectorAll('tr[data-n]'))"
        ".filter((row) => row.getClientRects().length).length"
    )
    browser.look()
    browser.open(pages / "long.html")
    note = browser.driver.find_element(By.CSS_SELECTOR, ".paper")
    assert browser.run(shown) == len(run_of("long").document["trades"])
    assert not note.is_displayed()
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.run(shown) == 100
    assert "first 100 rows" in note.text
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_no_table_scrolls_sideways_in_a_wide_window(browser, tmp_path):
    run = run_of("long")
    # Money of six digits, as after years of a good strategy.
    trades = [{**trade, "pnl": trade["pnl"] * 20} for trade in run.document["trades"]]
    browser.look(1400)
    browser.open(write(tmp_path / "large.html", with_document(run, trades=trades)))
    for hidden in browser.driver.find_elements(By.TAG_NAME, "details"):
        browser.run("arguments[0].open = true", hidden)
    wide = browser.run(
        "return Array.from(document.querySelectorAll('.scroll'))"
        ".filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.innerText)"
    )
    assert wide == []
