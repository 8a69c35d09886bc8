"""Every page of the viewer in Chromium: nothing asked of the network, no complaint, no obstacle."""

from __future__ import annotations

import json

import pytest
from selenium.common.exceptions import WebDriverException

from web.report_browser import Browser, start
from web.serving import served
from web.viewer import (
    EVIL,
    EVIL_TAG,
    TURNED,
    WRONG,
    axe,
    furnished,
    go,
    obstacles,
    run_of,
    series_address,
)

LOOKS = {"light": (1400, 1000, False), "dark": (1400, 1000, True), "phone": (390, 844, False)}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with furnished(tmp_path_factory.mktemp("looks")) as one:
        yield one


@pytest.fixture(scope="module")
def viewer(workspace):
    with served(workspace) as here:
        run = run_of(workspace, "hostile")
        here.send("PATCH", f"/api/v1/runs/{run}", {"tags": [EVIL_TAG, "keep"], "note": EVIL})
        yield here


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = start(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


def pages(workspace, viewer):
    """Yield every page by a name for its picture."""
    run, model = run_of(workspace, "sma_btc"), run_of(workspace, "asks")
    job = viewer.post("/api/v1/runs", {"strategy": "sma_btc", "last": "20d"}).json["id"]
    second = sorted(one.name for one in (workspace / "runs").glob("sma_btc-*"))[1]
    return {
        "runs": "/",
        "runs_none": "/?text=nothing-is-called-so",
        "run": f"/runs/{run}",
        "run_model": f"/runs/{model}",
        "marks": f"/runs/{run}/marks",
        "delete": f"/runs/{run}/delete",
        "why": f"/runs/{run}/why?at=entry:1",
        "why_model": f"/runs/{model}/why?at=entry:1",
        "why_none": f"/runs/{run}/why?at=never",
        "compare": f"/compare?run={run}&run={second}&run={model}",
        "compare_few": "/compare",
        "strategies": "/strategies",
        "strategy": "/strategies/sma_btc",
        "strategy_wrong": f"/strategies/{WRONG}",
        "strategy_hostile": "/strategies/asks",
        "data": "/data",
        "series": series_address(),
        "jobs": "/jobs",
        "job": f"/jobs/{job}",
        "api": "/api/docs",
        "missing": "/strategies/none",
    }


# Of these, the answer is no.
REFUSED = {"why_none": "422", "missing": "404"}


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "[2001:db8::1]"])
def test_the_browser_can_reach_nothing_else(browser: Browser, viewer, host):
    with pytest.raises(WebDriverException, match="ERR_PROXY_CONNECTION_FAILED"):
        browser.driver.get(f"http://{host}/")
    go(browser, f"{viewer.url}/")
    # Nor can a script of a page, though its policy allowed it.
    browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    try:
        go(browser, f"{viewer.url}/")
        asked = (
            "const done = arguments[1];"
            "fetch(arguments[0], {mode: 'no-cors'})"
            ".then(() => done('reached'), (e) => done(e.name))"
        )
        reach = browser.driver.execute_async_script
        assert reach(asked, f"http://{host}/") == "TypeError"
        assert reach(asked, f"{viewer.url}/healthz") == "reached"
    finally:
        browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_quiet_fits_and_has_no_obstacle(browser: Browser, workspace, viewer, look):
    width, height, dark = LOOKS[look]
    script, found = axe(), {}
    browser.look(width, height, dark=dark)
    for name, address in pages(workspace, viewer).items():
        go(browser, f"{viewer.url}{address}")
        if name.startswith("run") and "/runs/" in address:
            browser.wait(lambda: browser.view("price"))
        browser.settle()
        browser.picture(f"viewer_{name}_{look}")
        said = [one for one in browser.complaints() if REFUSED.get(name, "no") not in one]
        foreign = [
            one for one in browser.requests() if not one.startswith((viewer.url, "data:image/"))
        ]
        wide = browser.run("return document.documentElement.scrollWidth")
        hurdles = obstacles(browser, script)
        if said or foreign or wide != width or hurdles:
            found[name] = {"said": said, "foreign": foreign, "wide": wide, "hurdles": hurdles}
        assert browser.run("return document.title") != "zq9"
    assert not found, json.dumps(found, indent=1)


def test_hostile_texts_are_shown_as_they_are(browser: Browser, workspace, viewer):
    browser.look()
    model, hostile = run_of(workspace, "asks"), run_of(workspace, "hostile")
    shown = {
        "/": (EVIL, EVIL_TAG),
        f"/runs/{hostile}/marks": (EVIL,),
        "/strategies": (EVIL,),
        "/strategies/asks": (EVIL, f"# {EVIL}"),
        f"/strategies/{WRONG}": ("\\u202e", EVIL),
        f"/runs/{model}": (EVIL,),
        f"/runs/{model}/why?at=entry:1": (EVIL,),
        f"/compare?run={model}&run={hostile}": (EVIL,),
    }
    text = (
        "return document.body.innerText + [...document.querySelectorAll('input, textarea')]"
        ".map((one) => one.value).join(' ')"
    )
    for address, expected in shown.items():
        go(browser, f"{viewer.url}{address}")
        browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
        browser.settle()
        seen = browser.run(text)
        for one in expected:
            assert one in seen, (address, one)
        assert TURNED not in seen
        assert browser.run("return document.querySelectorAll('img').length") == 0
        assert browser.run("return document.title") != "zq9"
        assert [one for one in browser.complaints() if "Content Security" in one] == []


def test_no_page_of_a_strategy_says_where_the_workspace_is(workspace, viewer):
    page = viewer.get("/strategies/asks", Accept="text/html").body.decode()
    assert "prompts/it.j2" in page
    assert str(workspace) not in page


def test_a_chosen_theme_stays_on_the_next_page(browser: Browser, viewer):
    browser.look()
    go(browser, f"{viewer.url}/")
    browser.driver.find_element("id", "theme").click()
    try:
        go(browser, f"{viewer.url}/strategies")
        assert browser.run("return document.documentElement.dataset.theme") == "dark"
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == (
            "rgb(16, 20, 27)"
        )
    finally:
        browser.run("localStorage.clear()")
