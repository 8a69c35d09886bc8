"""The report's page by length of run: seconds to make, bytes, and until a browser has painted it.

The runs are those of the tests. `painted` is the time from the start of navigation to the second
animation frame after the page has loaded, in headless Chromium, the least of three.

    python benchmarks/report_page.py [--bars 1000 50000 525600] [--rounds 3]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rtrade.report.render import render
from web.report_browser import start
from web.report_runs import make_inputs

PAINTED = """
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
"""


def main() -> None:
    """Make the pages, open them, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, nargs="+", default=[1_000, 50_000, 525_600])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{'bars':>8} {'trades':>7} {'made (s)':>9} {'MB':>6} {'painted (s)':>12}")
    with tempfile.TemporaryDirectory() as folder:
        browser = start(Path(folder) / "profile")
        for count in given.bars:
            inputs = make_inputs(count, costs=0.3)
            seconds, html = [], ""
            for _ in range(given.rounds):
                begun = time.perf_counter()
                html = render(inputs)
                seconds.append(time.perf_counter() - begun)
            page = Path(folder) / f"{count}.html"
            page.write_text(html, encoding="utf-8")
            painted = []
            for _ in range(given.rounds):
                browser.driver.get("about:blank")
                browser.driver.get(page.as_uri())
                painted.append(browser.driver.execute_async_script(PAINTED) / 1000)
            print(
                f"{count:>8,} {len(inputs.document['trades']):>7,} {min(seconds):>9.2f} "
                f"{len(html.encode()) / 1e6:>6.2f} {min(painted):>12.2f}"
            )
        browser.close()


if __name__ == "__main__":
    main()
