"""A headless Chromium for the report's tests: opens pages, watches what they do."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

ARTEFACTS = Path(__file__).parents[1] / ".artefacts"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Nothing but this machine can be reached: no name is looked up, and every other address goes by
    # way of a proxy at a port where nobody listens.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-server=http://127.0.0.1:9",
)


def find(variable: str, *names: str) -> str:
    """Return a program's path; without it CI fails and a desk skips, both saying why."""
    named = os.environ.get(variable)
    found = named or next((path for name in names if (path := shutil.which(name))), None)
    if found is not None and Path(found).exists():
        return found
    reason = f"no {names[0]}: install it, or set {variable} to its path"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


def start(profile: Path) -> Browser:
    """Start a browser with a fresh profile; `close` ends it."""
    options = ChromeOptions()
    options.binary_location = find("RTRADE_CHROMIUM", "chromium", "chromium-browser")
    driver = find("RTRADE_CHROMEDRIVER", "chromedriver")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Browser(Chrome(options=options, service=Service(driver)))


@dataclass(frozen=True)
class Browser:
    """Chromium with the few things that the tests ask of it."""

    driver: Chrome

    def look(self, width: int = 1400, height: int = 1000, *, dark: bool = False) -> None:
        """Set the size of the window and the colours that the system prefers."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            # Without scrolling in small steps, a click lands where it was aimed.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, page: Path) -> None:
        """Open a page and wait until its price chart shows a range."""
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(page.as_uri())
        self.wait(lambda: self.view("price"))

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait up to half a minute for something to be true, and return it.

        What is replaced on the page while it is looked at is looked at again.
        """
        passing = (StaleElementReferenceException,)
        waiting = WebDriverWait(self.driver, 30, 0.05, ignored_exceptions=passing)
        return waiting.until(lambda _: condition())

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return its value."""
        return self.driver.execute_script(script, *arguments)

    def settle(self) -> None:
        """Wait until two frames have been painted."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
        )

    def view(self, chart: str) -> tuple[str, str] | None:
        """Return the times that a chart shows, `price` or `equity`."""
        found = self.run(
            f"const set = document.getElementById('{chart}-chart').dataset;"
            "return set.from ? [set.from, set.to] : null;"
        )
        return None if found is None else (found[0], found[1])

    def complaints(self) -> list[str]:
        """Return what the page wrote to the console since it was opened.

        Advice about reading canvases back is left out: `colours` does that, not the page.
        """
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        return [message for message in said if "using getImageData" not in message]

    def requests(self) -> list[str]:
        """Return every address that was asked for since the page was opened."""
        log = self.driver.get_log("performance")
        events = [json.loads(entry["message"])["message"] for entry in log]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def colours(self, chart: str) -> dict[str, int]:
        """Count the colours (to 32 levels a channel) on the canvases of a chart."""
        return self.run(
            """
            const counts = {};
            for (const canvas of document.querySelectorAll(`#${arguments[0]}-chart canvas`)) {
              if (!canvas.width || !canvas.height) continue;
              const { width, height } = canvas;
              const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
              for (let i = 0; i < pixels.length; i += 4) {
                if (pixels[i + 3] < 128) continue;
                const key = `${pixels[i] >> 3},${pixels[i + 1] >> 3},${pixels[i + 2] >> 3}`;
                counts[key] = (counts[key] || 0) + 1;
              }
            }
            return counts;
            """,
            chart,
        )

    def picture(self, name: str) -> None:
        """Save what is seen to tests/.artefacts, for people to look at."""
        ARTEFACTS.mkdir(exist_ok=True)
        png = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
        (ARTEFACTS / f"{name}.png").write_bytes(base64.b64decode(png))

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()
