"""Whatever is sent, nothing runs, nothing leaks, and nothing breaks."""

from __future__ import annotations

import http.client
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtrade.testing import FakeExchange
from web import hostile
from web.hostile import INJECTED, MARK, PRODUCT, SECRET, TABLES, Payload, in_address, whole
from web.markets import make_market, recent_bars
from web.serving import Reply, Served, copy_run, make_run, make_workspace, served

RUN = "alpha-0123456789"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace beside files that nobody is to see, with an exchange that can be asked."""
    folder = tmp_path_factory.mktemp("hostile")
    made = make_workspace(folder / "outside" / "workspace")
    for place in (folder, folder / "outside", made):
        (place / "secret.txt").write_text(SECRET)
        (place / "secret.yaml").write_text(f"rtrade: 1\nname: {SECRET}\n")
    copy_run(make_run(made), RUN)
    with FakeExchange([recent_bars(30)], weight_limit=None) as exchange:
        make_market(made, exchange.url)
        # `make_market` writes settings of its own.
        with (made / ".env").open("a") as settings:
            settings.write(f"SOME_KEY={SECRET}\n")
        yield made


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[Served]:
    with served(workspace) as one:
        yield one


TEXT = """\
# {0}
rtrade: 1
name: x
description: "{1}"
"""


def quoted(text: str) -> str:
    return json.dumps(text)[1:-1]


def refused_by_us(ask: Callable[[], Reply]) -> Reply | None:
    """Return the answer; None where Python's own client will not send such a thing."""
    try:
        return ask()
    except (ValueError, UnicodeEncodeError, http.client.InvalidURL):
        return None


def drawn_apart(reply: Reply) -> str:
    """Return the body without the nonce of this answer: chance may spell anything in it."""
    policy = reply.headers.get("content-security-policy", "")
    (nonce,) = set(re.findall(r"'nonce-([^']{22})'", policy)) or {"?"}
    return reply.body.decode("utf-8", "replace").replace(f'nonce="{nonce}"', "")


# Where a text from outside goes: into addresses, queries, bodies, headers. A page that takes one
# adds itself here; pages that only show are found by their routes.
PLACES: dict[str, Callable[[Served, str], Reply]] = {
    "page": lambda server, text: server.get(f"/{in_address(text)}", Accept="text/html"),
    "document": lambda server, text: server.get(f"/{in_address(text)}"),
    "run": lambda server, text: server.get(f"/api/v1/runs/{in_address(text)}"),
    "run, whole": lambda server, text: server.get(f"/api/v1/runs/{whole(text)}"),
    "trades": lambda server, text: server.get(f"/api/v1/runs/{in_address(text)}/trades?format=csv"),
    "strategy": lambda server, text: server.get(f"/api/v1/strategies/{in_address(text)}"),
    "strategy, whole": lambda server, text: server.get(f"/api/v1/strategies/{whole(text)}"),
    "job": lambda server, text: server.get(f"/api/v1/jobs/{in_address(text)}/events"),
    "query": lambda server, text: server.get(f"/api/v1/runs?text={whole(text)}"),
    "filter": lambda server, text: server.get(f"/api/v1/runs?strategy={whole(text)}"),
    "bound": lambda server, text: server.get(f"/api/v1/runs?where={whole(text)}"),
    "order": lambda server, text: server.get(f"/api/v1/runs?order={whole(text)}"),
    "name": lambda server, text: server.get(f"/api/v1/runs?{whole(text)}=1"),
    **{
        f"market {path}": lambda server, text, path=path: server.get(f"/api/v1/{path}{whole(text)}")
        for path in (
            "candles?timeframe=1h&symbol=", "candles?symbol=BTC-USDT&timeframe=",
            "candles?symbol=BTC-USDT&timeframe=1h&source=sample&limit=1&from=",
            "candles?symbol=BTC-USDT&timeframe=1h&source=", "symbols?source=", "coverage?symbol=",
            "candles?symbol=BTC-USDT&timeframe=1h&source=sample&limit=1&format=",
            "ticker/", "orderbook/BTC-USDT?source=nowhere&limit=", "trades/",
            "trades/BTC-USDT?after=", "vwap/BTC-USDT?source=sample&window=", "vwap/", "stream/",
            "stream/BTC-USDT?only=", "stream/BTC-USDT?source=", "market/ticker/",
            "market/ticker?symbol=", "market/orderbook/", "market/trades?symbol=",
            "market/klines?interval=1h&symbol=",
            "market/klines?symbol=BTCUSDT&interval=1h&startTime=",
        )
    },
    "resumed": lambda server, text: server.get(
        "/api/v1/stream/BTC-USDT?source=nowhere",
        Last_Event_ID=text.encode("utf-8").decode("latin-1"),
    ),
    "page's query": lambda server, text: server.get(
        f"/nothing?x={whole(text)}", Accept="text/html"
    ),
    "yaml": lambda server, text: server.post("/api/v1/validate", {"yaml": text}),
    "comment": lambda server, text: server.post(
        "/api/v1/validate", {"yaml": TEXT.format(text.replace("\n", " "), quoted(text))}
    ),
    "set": lambda server, text: server.post(
        "/api/v1/validate", {"strategy": "sma_btc", "set": [f"description={text}"]}
    ),
    "by name": lambda server, text: server.post("/api/v1/validate", {"strategy": text}),
    "source": lambda server, text: server.post(
        "/api/v1/validate", {"strategy": "sma_btc", "source": text}
    ),
    "sync": lambda server, text: server.post(
        "/api/v1/syncs", {"source": text, "symbols": ["A/B"], "timeframe": "1h", "from": 0}
    ),
    "note": lambda server, text: server.send("PATCH", f"/api/v1/runs/{RUN}", {"note": text}),
    "tag": lambda server, text: server.send("PATCH", f"/api/v1/runs/{RUN}", {"tags": [text]}),
    "body": lambda server, text: server.ask(
        "POST", "/api/v1/validate", text.encode(), Content_Type="application/json"
    ),
    **{
        f"header {name}": lambda server, text, name=name: server.get(
            "/api/v1/runs", **{name: text.encode("utf-8").decode("latin-1")}
        )
        for name in ("Host", "Origin", "Referer", "User_Agent", "Accept", "Accept_Encoding",
                     "Cookie", "Authorization", "If_None_Match", "Last_Event_ID", "Range",
                     "X_Forwarded_For", "X_Forwarded_Host", "X_Original_URL")
    },
}  # fmt: skip


def test_there_are_enough_of_each_kind() -> None:
    counts = Counter(payload.kind for payload in hostile.PAYLOADS)
    least = {"script": 100, "path": 100, "sql": 80, "template": 40, "yaml": 50, "header": 40}
    assert all(counts[kind] >= number for kind, number in least.items()), counts
    assert counts.total() >= 400
    for texts in TABLES.values():
        assert len(texts) == len(set(texts))


def name_of(payload: Payload) -> str:
    return f"{payload.kind} {payload.text[:40]!r}"


@pytest.mark.parametrize("payload", hostile.chosen(), ids=name_of)
def test_nothing_runs_leaks_or_breaks(server: Served, payload: Payload) -> None:
    sent = 0
    for place, ask in PLACES.items():
        reply = refused_by_us(lambda ask=ask: ask(server, payload.text))
        if reply is None:
            continue
        sent += 1
        assert reply.status < 500, (place, reply.body)
        assert INJECTED not in reply.headers, place
        kind = reply.headers.get("content-type", "")
        assert reply.headers["x-content-type-options"] == "nosniff" or "html" in kind, place
        page = kind.startswith("text/html")
        found = hostile.effects(drawn_apart(reply), page=page)
        assert not found, (place, found)
        assert page or kind.startswith(("application/", "text/csv")) or not reply.body, kind
    assert sent > len(PLACES) // 2


def plant(workspace: Path, text: str) -> None:
    """Put a text wherever one is stored: a strategy, its comments, a run's warnings and file."""
    line = "".join(one if one.isprintable() else " " for one in text)
    yaml = (workspace / "strategies" / "sma_btc.yaml").read_text()
    yaml = yaml.replace("name: sma_btc", f"name: sma_btc\ndescription: {json.dumps(line)}", 1)
    (workspace / "strategies" / "planted.yaml").write_text(f"# {line}\n{yaml}")
    folder = workspace / "runs" / RUN
    document = json.loads((folder / "result.json").read_text())
    document["warnings"] = [text]
    (folder / "result.json").write_text(json.dumps(document))
    (folder / "strategy.yaml").write_text(f"# {line}\n{yaml}")


def addresses(server: Served) -> list[str]:
    """Return an address for each route that shows what is stored."""
    assert server.app is not None
    named = {"run_id": RUN, "name": "planted", "job_id": "0123456789abcdef"}
    found = []
    for rule in server.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and "symbol" not in rule.arguments:
            values = {argument: named.get(argument, RUN) for argument in rule.arguments}
            built = rule.build(values, append_unknown=False)
            assert built is not None
            found.append(built[1])
    return found


@pytest.mark.parametrize("payload", hostile.chosen(), ids=name_of)
def test_what_is_stored_is_shown_and_no_more(
    server: Served, workspace: Path, payload: Payload
) -> None:
    plant(workspace, payload.text)
    server.send("PATCH", f"/api/v1/runs/{RUN}", {"note": payload.text})
    for address in addresses(server):
        reply = server.get(address, Accept="text/html")
        assert reply.status < 500, (address, reply.body)
        page = reply.headers.get("content-type", "").startswith("text/html")
        found = hostile.effects(drawn_apart(reply), page=page)
        assert not found, (address, found)
    (workspace / "strategies" / "planted.yaml").unlink()


def test_afterwards_all_is_as_it_was(server: Served, workspace: Path) -> None:
    assert server.get("/readyz").status == 200
    listed = server.get("/api/v1/runs").json
    assert RUN in [one["run_id"] for one in listed["runs"]]
    assert [one["name"] for one in server.get("/api/v1/strategies").json["strategies"]] == [
        "sma_btc"
    ]
    assert server.get("/api/v1/jobs").json == {"jobs": []}
    assert (workspace / "secret.txt").read_text() == SECRET


def test_a_nonce_that_spells_a_mark_is_no_effect_and_any_other_is() -> None:
    nonce = f"abc{MARK}".ljust(22, "x")
    policy = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
    for drawn, known in ((nonce, True), (f"abc{MARK}", False), (nonce[::-1] + MARK, False)):
        body = f'<script src="/static/x.js" nonce="{drawn}"></script>'
        reply = Reply(200, {"content-security-policy": policy}, body.encode())
        assert (not hostile.effects(drawn_apart(reply), page=True)) is known


def test_what_a_browser_would_run_is_noticed() -> None:
    """The test of the test: each kind of effect is found where there is one."""
    for body in (
        f"<script>{MARK}</script>", f"<img src=x onerror={MARK}>", f"<a href=javascript:{MARK}>",
        f"<a href='http://{MARK}'>x</a>", f"<{MARK}>", f"<p {MARK}>", f"<style>{MARK}</style>",
        f"<p style='{MARK}'>",
    ):  # fmt: skip
        assert hostile.effects(body, page=True), body
    for body in (
        f"<p>{MARK}</p>", f"&lt;script&gt;{MARK}", f"<input value='{MARK}'>",
        f"<a href='/x?{MARK}'>x</a>", "<script>1</script>" + MARK,
    ):  # fmt: skip
        assert not hostile.effects(body, page=True), body
    for body in (PRODUCT, SECRET, "root:x:0:0:root", "sqlite3.OperationalError"):
        assert hostile.effects(body, page=False), body
