"""What people do in the viewer, in Chromium: click, type, go back, and do without scripts."""

from __future__ import annotations

import json
import re
import time

import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from rtrade.web import jobs
from rtrade.web.jobs import Job
from rtrade.web.site import site_of
from web.report_browser import Browser, start
from web.serving import Served, copy_run, served
from web.viewer import furnished, go, run_of


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with furnished(tmp_path_factory.mktemp("doings")) as one:
        yield one


@pytest.fixture(scope="module")
def viewer(workspace):
    with served(workspace) as here:
        yield here


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    found = start(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture
def browser(chromium: Browser, viewer: Served):
    """The browser, which afterwards must have asked nobody else and have nothing to complain of."""
    chromium.look()
    chromium.driver.get_log("browser")
    chromium.driver.get_log("performance")
    yield chromium
    assert chromium.complaints() == []
    allowed = (viewer.url, "data:image/")
    assert [one for one in chromium.requests() if not one.startswith(allowed)] == []


def one(browser: Browser, selector: str):
    return browser.driver.find_element(By.CSS_SELECTOR, selector)


def press(browser: Browser, selector: str) -> None:
    """Click something, once it is in the middle of the window and stays where it is."""

    def clicked() -> bool:
        found = one(browser, selector)
        browser.run("arguments[0].scrollIntoView({block: 'center'})", found)
        browser.settle()
        found.click()
        return True

    browser.wait(clicked)


def rows(browser: Browser) -> list[str]:
    """Return the ids of the runs that the list shows, in its order."""
    return browser.run(
        "return [...document.querySelectorAll('.runs tbody input')].map((one) => one.value)"
    )


def said(browser: Browser, selector: str) -> str:
    """Return what something says, as soon as it is there: it may be put in its place just now."""
    return browser.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)


def explained(browser: Browser) -> str:
    """Return the bar that the page of a run explains, empty while there is none."""
    return browser.run("return document.querySelector('#why .why')?.dataset.at ?? ''")


def address(browser: Browser) -> str:
    return browser.driver.current_url


def test_from_the_list_to_a_run_a_trade_its_reasons_and_a_comparison(browser, viewer, workspace):
    run = run_of(workspace, "sma_btc")
    go(browser, f"{viewer.url}/?strategy=sma_btc")
    press(browser, f".runs a.name[href='/runs/{run}']")
    browser.wait(lambda: browser.view("price"))
    press(browser, "tr[data-n='2'] td")
    assert one(browser, "#chosen").text.startswith("Trade 2: ")
    press(browser, "button[data-kind='entry']")
    browser.wait(lambda: browser.driver.find_elements(By.CSS_SELECTOR, "#why .why"))
    assert "enter_long is true" in one(browser, "#why").text
    assert "?at=2023-" in address(browser)
    press(browser, "#why a[rel='next']")
    browser.wait(lambda: "enter_long is false" in said(browser, "#why"))
    press(browser, ".doings a[href^='/?']")
    browser.wait(lambda: rows(browser))
    assert one(browser, f"input[value='{run}']").is_selected()
    button = one(browser, "#compare button")
    assert not button.is_enabled()
    other = next(name for name in rows(browser) if name != run)
    press(browser, f"input[value='{other}']")
    assert button.text == "Compare 2 chosen runs"
    button.click()
    browser.wait(lambda: "/compare?" in address(browser))
    assert one(browser, "h1").text == "Two runs"
    assert "params.fast" in one(browser, "#differences").text


def test_any_bar_of_a_chart_says_why(browser, viewer, workspace):
    run = run_of(workspace, "sma_btc")
    go(browser, f"{viewer.url}/runs/{run}")
    browser.wait(lambda: browser.view("price"))
    seen: set[str] = set()
    # Two clicks on one chart within half a second would be a double click.
    for chart, offset in (("#price-chart", -200), ("#equity-chart", 150)):
        found = one(browser, chart)
        browser.run("arguments[0].scrollIntoView({block: 'center'})", found)
        browser.settle()
        aimed = ActionChains(browser.driver).move_to_element_with_offset(found, offset, -60)
        aimed.click().perform()
        seen.add(browser.wait(lambda: explained(browser) not in ("", *seen) and explained(browser)))
        assert explained(browser) in address(browser)
    # What is in the address is explained when it is opened again.
    go(browser, address(browser))
    assert browser.wait(lambda: explained(browser)) in seen
    browser.run("document.getElementById('price-chart').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    middle = browser.wait(lambda: explained(browser) not in ("", *seen) and explained(browser))
    assert middle in address(browser)
    one(browser, "#why input[name=at]").clear()
    one(browser, "#why input[name=at]").send_keys("last", Keys.ENTER)
    browser.wait(lambda: explained(browser) == "2023-12-31T23:00:00Z")


def test_the_list_is_filtered_sorted_and_gone_back_to_in_place(browser, viewer):
    go(browser, f"{viewer.url}/")
    browser.run("window.same = true")
    every = rows(browser)
    one(browser, "#text").send_keys("sma_btc")
    browser.wait(lambda: address(browser).endswith("/?text=sma_btc"))
    browser.wait(lambda: 0 < len(rows(browser)) < len(every))
    press(browser, "th a[href*='order=total_return']")
    browser.wait(lambda: "order=total_return" in address(browser))
    assert "text=sma_btc" in address(browser)
    first = rows(browser)
    press(browser, "th a[href*='order=total_return']")
    browser.wait(lambda: rows(browser) == first[::-1])
    assert one(browser, "th[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert browser.run("return window.same"), "the page was loaded again"
    press(browser, "#filter [name=symbol] option:last-child")
    browser.wait(lambda: "symbol=" in address(browser))
    assert "order=total_return" in address(browser), "the list lost its order"
    browser.driver.back()
    browser.wait(lambda: rows(browser) == first)
    assert "symbol=" not in address(browser)


def test_a_click_that_takes_its_time_is_not_lost(browser, viewer):
    go(browser, f"{viewer.url}/")
    one(browser, "#text").send_keys("sma_btc")
    browser.wait(lambda: address(browser).endswith("/?text=sma_btc"))
    link = one(browser, "th a[href*='order=total_return']")
    ActionChains(browser.driver).click_and_hold(link).perform()
    # Leaving a field that is asked for already asks for nothing: the link stays where it is.
    browser.driver.execute_async_script(
        "const done = arguments[0]; fetch('/').then(() => fetch('/')).then(() => done());"
    )
    ActionChains(browser.driver).release(link).perform()
    browser.wait(lambda: "order=total_return" in address(browser))
    assert "text=sma_btc" in address(browser)


def test_what_is_typed_just_before_a_click_is_found_in_that_order(browser, viewer):
    go(browser, f"{viewer.url}/")
    every = rows(browser)
    browser.run(
        """
        const text = document.getElementById("text");
        text.value = "sma_btc";
        text.dispatchEvent(new Event("input", { bubbles: true }));
        document.querySelector("th a[href*='order=total_return']").click();
        """
    )
    browser.wait(
        lambda: (
            {"text=sma_btc", "order=total_return"}
            <= set(address(browser).partition("?")[2].split("&"))
        )
    )
    browser.wait(lambda: 0 < len(rows(browser)) < len(every))
    assert one(browser, "th[aria-sort]").get_attribute("aria-sort") == "descending"


def test_tags_and_notes_are_edited_in_place(browser, viewer, workspace):
    run = run_of(workspace, "asks")
    go(browser, f"{viewer.url}/?strategy=asks")
    press(browser, ".marks .edit")
    browser.wait(lambda: one(browser, ".editing [name=tags]"))
    one(browser, ".editing [name=tags]").send_keys("mine, two")
    one(browser, ".editing [name=note]").send_keys("looked at")
    press(browser, ".editing button")
    browser.wait(lambda: browser.driver.find_elements(By.CSS_SELECTOR, ".marks .tag"))
    assert one(browser, ".marks .noted").text == "looked at"
    assert viewer.get(f"/api/v1/runs/{run}/summary").json["tags"] == ["mine", "two"]
    press(browser, ".marks .edit")
    browser.wait(lambda: one(browser, ".editing [name=tags]"))
    one(browser, ".editing [name=tags]").send_keys(" " + "x" * 60)
    press(browser, ".editing button")
    browser.wait(lambda: browser.driver.find_elements(By.CSS_SELECTOR, ".editing .wrong"))
    press(browser, ".editing a.button")
    browser.wait(lambda: browser.driver.find_elements(By.CSS_SELECTOR, ".marks .tag"))
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".marks .tag")) == 2


def test_a_run_is_deleted_only_after_a_yes(browser, viewer, workspace):
    gone = copy_run(workspace / "runs" / run_of(workspace, "sma_btc"), "gone-0123456789")
    go(browser, f"{viewer.url}/?strategy=gone")
    for answer in ("[data-close]", Keys.ESCAPE):
        press(browser, "a[data-ask]")
        browser.wait(lambda: one(browser, "dialog").get_attribute("open") is not None)
        if answer is Keys.ESCAPE:
            browser.driver.switch_to.active_element.send_keys(answer)
        else:
            one(browser, f"dialog {answer}").click()
        browser.wait(lambda: one(browser, "dialog").get_attribute("open") is None)
        assert gone.is_dir()
    press(browser, "a[data-ask]")
    browser.wait(lambda: one(browser, "dialog").get_attribute("open") is not None)
    one(browser, "dialog button.danger").click()
    browser.wait(lambda: "No run is like that" in said(browser, "#list"))
    assert address(browser).endswith("/?strategy=gone")
    assert not gone.exists()


def test_a_run_is_started_from_its_strategy_and_ends_at_its_report(browser, viewer, workspace):
    go(browser, f"{viewer.url}/strategies/sma_btc")
    one(browser, "[name='param:fast']").clear()
    one(browser, "[name='param:fast']").send_keys("15")
    one(browser, "[name=last]").send_keys("30d")
    one(browser, "[name=sets]").send_keys("risk.stop_loss=3%")
    press(browser, "#start button.main")
    browser.wait(lambda: "/jobs/" in address(browser))
    browser.wait(lambda: "/runs/sma_btc-" in address(browser))
    browser.wait(lambda: browser.view("price"))
    run = address(browser).rpartition("/")[2]
    document = viewer.get(f"/api/v1/runs/{run}").json
    assert document["data"]["bars"] == 720
    plan = json.loads((workspace / "runs" / run / "plan.json").read_text())
    assert plan["params"]["fast"] == 15
    go(browser, f"{viewer.url}/jobs")
    assert "done" in one(browser, ".jobs").text


def test_a_job_is_cancelled(browser, viewer):
    go(browser, f"{viewer.url}/strategies/sma_btc")
    press(browser, "#start button.main")
    browser.wait(lambda: "/jobs/" in address(browser))
    # In one step: the part of the page with the button is renewed when the job begins.
    browser.run("document.querySelector('#job form button').click()")
    browser.wait(lambda: "It was cancelled" in said(browser, "#job"))


def test_a_job_under_way_counts_its_seconds(browser, viewer):
    started = time.time_ns() // 1_000_000
    job = Job("0123456789abcdef", "run", "sma_btc", started, jobs.RUNNING, started)
    known = site_of(viewer.app).jobs._jobs
    known[job.id] = job
    try:
        go(browser, f"{viewer.url}/jobs/{job.id}")
        first = said(browser, "#job .so-far")
        browser.wait(lambda: said(browser, "#job .so-far") != first)
        assert re.fullmatch(r"for [0-9]+ s", said(browser, "#job .so-far"))
        assert said(browser, "#job .flag").lower() == "running"
        go(browser, f"{viewer.url}/jobs")
    finally:
        del known[job.id]


def test_a_sync_is_started_from_the_data_and_ends_with_what_it_added(browser, viewer):
    go(browser, f"{viewer.url}/data")
    press(browser, ".series form button")
    browser.wait(lambda: "/jobs/" in address(browser))
    browser.wait(lambda: "Show the data" in said(browser, "#job"))
    assert "BTC/USDT 1h" in one(browser, "#job table").text
    press(browser, "#job a.main")
    browser.wait(lambda: address(browser).endswith("/data"))
    assert "560" in one(browser, ".series tbody tr").text


def test_the_first_key_leads_past_the_frame(browser, viewer):
    go(browser, f"{viewer.url}/strategies")
    body = one(browser, "body")
    body.send_keys(Keys.TAB)
    skip = browser.driver.switch_to.active_element
    assert skip.text == "Skip to the content"
    skip.send_keys(Keys.ENTER)
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.closest('main') !== null")


def test_everything_is_there_without_scripts(browser, viewer, workspace):
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        run = run_of(workspace, "sma_btc")
        browser.driver.get(f"{viewer.url}/?order=trades")
        one(browser, "#text").send_keys("sma_btc")
        one(browser, "#filter button").click()
        browser.wait(lambda: "text=sma_btc" in address(browser))
        browser.driver.get(f"{viewer.url}/runs/{run}/marks")
        one(browser, "[name=tags]").send_keys(" plain")
        one(browser, ".editing button").click()
        browser.wait(lambda: address(browser).endswith(f"/runs/{run}"))
        assert "plain" in one(browser, ".run-head").text
        one(browser, "a[href$='/why']").click()
        browser.wait(lambda: browser.driver.find_elements(By.CSS_SELECTOR, ".why h2"))
        assert one(browser, ".why h2").text.startswith("Why, at")
        browser.driver.get(f"{viewer.url}/strategies/sma_btc")
        one(browser, "[name=last]").send_keys("20d")
        one(browser, "#start button.main").click()
        browser.wait(lambda: "/jobs/" in address(browser))
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
