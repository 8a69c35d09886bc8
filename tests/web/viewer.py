"""A workspace that has something on every page of the viewer, hostile texts included."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from llm.endpoint import StandIn, says
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.testing import FakeExchange, ManualClock
from rtrade.workflow.executing import Manner
from rtrade.workflow.running import run_strategy
from web.markets import H1, SYMBOL, key_of, make_bars, store_bars, stored
from web.report_browser import Browser
from web.serving import copy_run, make_run, make_workspace

HERE = Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
# Where it works, `zq9` is called: a page in which that happened says so in its title.
EVIL = '"><img src=x onerror="document.title=`zq9`"><script>document.title="zq9"</script>'
# What a tag can hold: no space, no comma, 40 characters at most.
EVIL_TAG = "<img/src=x/onerror=document.title=1>"
# Turns the direction of what follows, unless it is shown.
TURNED = "\u202e"
WRONG = "wrong"

_SOURCE = """\
rtrade: 1
kind: synthetic
seed: 7
series:
  - {symbol: BTC/USDT, timeframe: 1h, start: 2024-01-01, bars: 400, price: 40000, volatility: 60%}
filters: {lot: 0.00001}
"""
_PROVIDER = "rtrade: 1\nkind: llm\nmodel: stand-in\nbase_url: {url}\napi_key: ${{env:OPENAI_KEY}}\n"
_ASKS = f"""\
# {EVIL}
rtrade: 1
name: asks
description: {json.dumps(EVIL)}
data: {{source: bars, symbol: BTC/USDT, timeframe: 1h, start: 2024-01-03}}
signals:
  analyst:
    llm:
      provider: stand_in
      prompt: prompts/it.j2
      every: 24 bars
      answer: {{action: [buy, sell, hold], confidence: 0..100, reason: text}}
rules:
  enter_long: analyst.action == 'buy' and analyst.confidence >= 50
  exit_long: analyst.action == 'sell'
sizing: {{quote: 1000}}
costs: {{commission: 0.1%, slippage: 0%}}
backtest: {{cash: 10000}}
"""


def axe() -> str:
    """Return axe-core's script; without it CI fails and a desk skips, both saying why."""
    if AXE.is_file():
        return AXE.read_text(encoding="utf-8")
    reason = "no axe-core: npm ci --prefix tests/web"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def furnished(folder: Path) -> Iterator[Path]:
    """Yield a workspace with runs, strategies and stored bars, whose exchange is a stand-in."""
    workspace = make_workspace(folder, "sma_btc")
    (workspace / "datasources").mkdir()
    text = (workspace / "strategies" / "sma_btc.yaml").read_text(encoding="utf-8")
    wrong = text.replace("timeframe: 1h", f"timeframe: 1 hour # {TURNED}{EVIL}")
    (workspace / "strategies" / f"{WRONG}.yaml").write_text(wrong, encoding="utf-8")
    bars = make_bars(600, without=range(100, 140))
    clock = ManualClock(int(bars.time[-1]) + H1.ms * 2)
    with FakeExchange([bars], clock=clock, weight_limit=None) as exchange:
        near = f"rtrade: 1\nkind: exchange\nexchange: binance\nbase_url: {exchange.url}\n"
        (workspace / "datasources" / "binance.yaml").write_text(near, encoding="utf-8")
        settings = "RTRADE_LOOPBACK=1\nOPENAI_KEY=sk-0123456789abcdef\n"
        (workspace / ".env").write_text(settings, encoding="utf-8")
        with stored(workspace) as store:
            store_bars(store, bars.slice(0, 300), key_of(exchange.url))
        first = make_run(workspace, last="60d")
        make_run(workspace, "params.fast=10", last="60d")
        _ask_a_model(workspace)
        _make_hostile(first)
        yield workspace


def _ask_a_model(workspace: Path) -> Path:
    folder = workspace / "strategies"
    (folder / "prompts").mkdir()
    (folder / "prompts" / "it.j2").write_text(f"The close is {{{{ close }}}}. {EVIL}\n")
    (folder / "asks.yaml").write_text(_ASKS, encoding="utf-8")
    (workspace / "datasources" / "bars.yaml").write_text(_SOURCE)
    answer = {"action": "buy", "confidence": 80, "reason": EVIL}
    with StandIn(says(answer)) as model:
        provider = _PROVIDER.format(url=model.url)
        (workspace / "datasources" / "stand_in.yaml").write_text(provider)
        out = workspace / "runs"
        return run_strategy(folder / "asks.yaml", NO_OVERRIDES, manner=Manner(), out=out).folder


def _make_hostile(run: Path) -> None:
    folder = copy_run(run, "hostile-0123456789")
    file = folder / "result.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["strategy"] = EVIL
    document["data"]["symbol"] = EVIL
    file.write_text(json.dumps(document), encoding="utf-8")


def run_of(workspace: Path, strategy: str) -> str:
    """Return the id of a run of a strategy, the first by name."""
    return sorted(one.name for one in (workspace / "runs").glob(f"{strategy}-*"))[0]


def series_address() -> str:
    """Return the address of the page of the stored series."""
    return f"/data/series?source=binance&symbol={SYMBOL}&timeframe={H1}"


def go(browser: Browser, address: str) -> None:
    """Open a page of the viewer, and forget what was said before."""
    browser.driver.get_log("browser")
    browser.driver.get_log("performance")
    browser.driver.get(address)
    browser.wait(lambda: browser.run("return document.readyState") == "complete")


def obstacles(browser: Browser, script: str) -> list[str]:
    """Return what axe-core finds on a page that is serious or worse, a line each."""
    browser.run(script)
    found: dict[str, Any] = browser.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']}).then(done, (e) => done({error: `${e}`}));"
    )
    assert "error" not in found, found
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
