"""A long run looked at closely: all of its bars can be had, a stretch at a time, and are drawn."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from rtrade.core.timeframes import parse_time
from rtrade.workflow.reporting import charted
from web.report_browser import Browser, start
from web.serving import Served, make_run, make_workspace, served
from web.viewer import go

HOUR = 3_600_000
# Of 365 days of hours the overview makes candles of two hours.
LAST = "365d"
JUNE, LATER = parse_time("2023-06-01"), parse_time("2040-01-01")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(make_workspace(tmp_path_factory.mktemp("long"), "sma_btc"), last=LAST)


@pytest.fixture(scope="module")
def viewer(run):
    with served(run.parent.parent) as here:
        yield here


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = start(tmp_path_factory.mktemp("profile"))
    found.look()
    yield found
    found.close()


def decoded(column: dict[str, Any]) -> np.ndarray:
    stored = np.frombuffer(base64.b64decode(column["b"]), dtype=f"<{column['t']}")
    return stored.astype(float) / 10 ** column.get("d", 0) + column.get("o", 0)


def asked(viewer: Served, run: Path, **query: Any) -> Any:
    address = f"/api/v1/runs/{run.name}/chart?" + "&".join(f"{k}={v}" for k, v in query.items())
    reply = viewer.get(address)
    assert reply.status == 200, reply.body
    return reply.json


def test_a_stretch_comes_bar_by_bar_where_there_is_room(run, viewer):
    drawn = charted(run)
    bars = drawn.bars
    found = asked(viewer, run, **{"from": int(bars.time[1000]), "to": int(bars.time[1200])})
    assert (found["candle"], found["whole"]) == ("1h", True)
    level = found["level"]
    assert np.array_equal(decoded(level["time"]) * 1000, bars.time[1000:1200])
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(decoded(level[name]), getattr(bars, name)[1000:1200])
    for name in ("equity", "benchmark", "drawdown"):
        assert np.array_equal(decoded(level[name]), drawn.curves[name][1000:1200])
    assert np.allclose(decoded(level["invested"]), drawn.invested[1000:1200], rtol=1e-6)
    # The signals are computed with all bars before them, not with those of the stretch alone.
    for line, values in zip(level["lines"], drawn.lines, strict=True):
        assert np.array_equal(decoded(line), values[1000:1200])


def test_more_bars_than_there_is_room_for_are_candles(run, viewer):
    bars = charted(run).bars
    query = {"from": int(bars.time[0]), "to": int(bars.time[-1]) + HOUR, "max_points": 500}
    found = asked(viewer, run, **query)
    assert (found["candle"], found["whole"]) == ("1d", False)
    time, high = decoded(found["level"]["time"]) * 1000, decoded(found["level"]["high"])
    assert len(time) <= 500
    assert high.max() == bars.high.max()
    inside = (bars.time >= time[7]) & (bars.time < time[8])
    assert high[7] == bars.high[inside].max()


def test_what_lies_beyond_the_run_is_left_out(run, viewer):
    bars = charted(run).bars
    before = asked(viewer, run, **{"from": 0, "to": HOUR})
    assert decoded(before["level"]["time"]).tolist() == [bars.time[0] / 1000]
    after = asked(viewer, run, **{"from": LATER, "to": LATER + HOUR})
    assert decoded(after["level"]["time"]).tolist() == [bars.time[-1] / 1000]


def test_a_stretch_is_kept_by_its_tag(run, viewer):
    address = f"/api/v1/runs/{run.name}/chart?from={JUNE}&to={JUNE + 9 * 24 * HOUR}"
    tag = viewer.get(address).headers["etag"]
    assert viewer.get(address, If_None_Match=tag).status == 304


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("from=1", 422),
        ("from=x&to=y", 422),
        ("from=1&to=2&max_points=1", 422),
        ("from=5&to=5", 422),
    ],
)
def test_a_stretch_has_two_ends(run, viewer, query, status):
    assert viewer.get(f"/api/v1/runs/{run.name}/chart?{query}").status == status
    assert viewer.get(f"/api/v1/runs/none-0123456789/chart?{query}").status in (404, 422)


def test_bars_that_are_others_by_now_are_not_drawn(run, tmp_path):
    copied = make_workspace(tmp_path / "other", "sma_btc")
    folder = make_run(copied, last="30d")
    rows = (folder / "equity.csv").read_text(encoding="utf-8").splitlines()
    (folder / "equity.csv").write_text("\n".join([*rows[:-10], ""]), encoding="utf-8")
    with served(copied) as viewer:
        reply = viewer.get(f"/api/v1/runs/{folder.name}/chart?from={JUNE}&to={LATER}")
    assert reply.status == 502
    assert "equity.csv" in reply.json["detail"]


# In the browser


def note(browser: Browser) -> str:
    return browser.run("return document.getElementById('level').textContent")


def press(browser: Browser, key: str, times: int = 1) -> None:
    """Press a key in the price chart, each time once the chart has followed the last one."""
    box = browser.driver.find_element(By.ID, "price-chart")
    for _ in range(times):
        box.send_keys(key)
        browser.settle()


def span(browser: Browser) -> tuple[int, int]:
    """Return the times at the ends of the price chart, ms."""
    shown = browser.view("price")
    assert shown is not None
    return parse_time(shown[0].replace(" ", "T") + "Z"), parse_time(
        shown[1].replace(" ", "T") + "Z"
    )


def test_who_looks_closely_sees_every_bar(browser, viewer, run):
    go(browser, f"{viewer.url}/runs/{run.name}")
    browser.wait(lambda: browser.view("price"))
    whole = span(browser)
    assert note(browser).startswith("Each candle covers 2h.")
    press(browser, "+", 6)
    first, last = span(browser)
    browser.wait(lambda: note(browser).startswith("Full 1h bars"))
    browser.settle()
    # The view stays where it was.
    began, ended = span(browser)
    assert abs(began - first) <= 2 * HOUR
    assert abs(ended - last) <= 2 * HOUR
    legend = browser.driver.find_element(By.ID, "price-legend").text
    bars = charted(run).bars
    at = int(np.flatnonzero(bars.time == parse_time(legend[:16].replace(" ", "T") + "Z"))[0])
    assert f"close\n{bars.close[at]:,.2f}" in legend.replace(" ", "\n")
    assert abs(int(bars.time[at]) - ended) <= HOUR
    # On, to where nothing was fetched yet, and the bars are there as well.
    press(browser, Keys.ARROW_LEFT, 30)
    browser.wait(lambda: span(browser)[0] < began - (ended - began))
    assert note(browser).startswith("Full 1h bars")

    # Further and further away, it is the overview again.
    def far() -> bool:
        press(browser, "-")
        return span(browser)[1] - span(browser)[0] > (whole[1] - whole[0]) / 3

    browser.wait(far)
    browser.wait(lambda: note(browser).startswith("Each candle covers 2h."))
    press(browser, Keys.HOME)
    browser.wait(lambda: span(browser) == whole)
    assert browser.complaints() == []


def test_a_bar_that_was_zoomed_to_is_explained_by_itself(browser, viewer, run):
    go(browser, f"{viewer.url}/runs/{run.name}")
    browser.wait(lambda: browser.view("price"))
    press(browser, "+", 8)
    browser.wait(lambda: note(browser).startswith("Full 1h bars"))
    browser.settle()
    first, last = span(browser)
    press(browser, Keys.ENTER)
    at = browser.wait(
        lambda: browser.run("return document.querySelector('#why .why')?.dataset.at ?? ''")
    )
    assert first <= parse_time(at) <= last
    # Of a candle that covers several bars, all of them are offered.
    assert browser.driver.find_elements(By.CSS_SELECTOR, "#why .within") == []


def test_where_the_bars_are_gone_it_is_said(browser, viewer, run):
    data = run / "result.json"
    kept = data.read_text(encoding="utf-8")
    try:
        data.write_text(kept.replace('"sha256": "', '"sha256": "0'), encoding="utf-8")
        go(browser, f"{viewer.url}/runs/{run.name}")
        browser.wait(lambda: browser.view("price"))
        press(browser, "+", 6)
        browser.wait(lambda: "There are no finer candles" in note(browser))
        assert note(browser).startswith("Each candle covers 2h.")
    finally:
        data.write_text(kept, encoding="utf-8")
    # The console tells of the answer that was no success, and of nothing else.
    assert all("chart" in one for one in browser.complaints())
