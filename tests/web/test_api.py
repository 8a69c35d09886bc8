"""What the API answers of runs and strategies, and that it answers as its own document says."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from rtrade.analysis.record import TRADE_KEYS
from rtrade.core.timeframes import parse_time
from rtrade.report.why import document
from rtrade.report.why_schema import why_schema
from rtrade.testing import FakeExchange, ManualClock
from rtrade.web.blueprints import apis
from rtrade.web.openapi import openapi_document
from rtrade.web.pages.frame import PLACES as PARTS
from rtrade.workflow.why import why
from web.serving import Served, copy_run, make_run, make_workspace, served

EXAMPLES = int(os.environ.get("RTRADE_API_EXAMPLES", "15"))
OTHER = "other-0123456789"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeExchange]:
    """What stands in for the exchange that is asked where nothing is stored."""
    start, hour = parse_time("2024-01-01"), 3_600_000
    file = tmp_path_factory.mktemp("exchange") / "bars.csv"
    rows = [f"{start + at * hour},100,101,99,100,1" for at in range(100)]
    file.write_text("\n".join(["ts,open,high,low,close,volume", *rows, ""]))
    clock = ManualClock(start + 100 * hour)
    with FakeExchange([f"BTC/USDT,1h,{file}"], clock=clock, weight_limit=None) as one:
        yield one


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, exchange: FakeExchange) -> Path:
    """A run, and another beside it, in a workspace with valid and broken strategies."""
    workspace = make_workspace(tmp_path_factory.mktemp("api"), "sma_btc", "llm_btc")
    (workspace / "datasources").mkdir()
    near = f"rtrade: 1\nkind: exchange\nexchange: binance\nbase_url: {exchange.url}\n"
    (workspace / "datasources" / "binance.yaml").write_text(near)
    (workspace / "strategies" / "broken.yaml").write_text("rtrade: 1\nname: broken\n")
    (workspace / "strategies" / "not yaml.yaml").write_text("left out: its name is no name")
    made = make_run(workspace)
    copy_run(made, OTHER, sharpe=9.0, trades=1)
    return made


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[Served]:
    with served(run.parents[1]) as one:
        yield one


# Runs


def test_a_run_is_its_result(server: Served, run: Path) -> None:
    found = server.get(f"/api/v1/runs/{run.name}")
    assert found.body == (run / "result.json").read_bytes()
    assert found.headers["cache-control"] == "private, no-cache"
    same = server.get(f"/api/v1/runs/{run.name}", If_None_Match=found.headers["etag"])
    assert same.status == 304


def test_trades_come_in_stretches_or_as_a_table(server: Served, run: Path) -> None:
    trades = json.loads((run / "result.json").read_text())["trades"]
    assert len(trades) > 2
    address = f"/api/v1/runs/{run.name}/trades"
    whole = server.get(address).json
    assert whole == {"total": len(trades), "trades": trades}
    assert server.get(f"{address}?offset=1&limit=1").json["trades"] == trades[1:2]
    assert server.get(f"{address}?offset=1000").json["trades"] == []
    table = server.get(f"{address}?format=csv")
    assert table.body == (run / "trades.csv").read_bytes()
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == f'attachment; filename="{run.name}-trades.csv"'
    assert table.body.startswith(",".join(TRADE_KEYS).encode())


def test_curves_come_thinned_or_whole(server: Served, run: Path) -> None:
    address = f"/api/v1/runs/{run.name}/equity"
    whole = server.get(f"{address}?max_points=20000").json
    assert len(whole["time"]) == whole["bars"] == 720
    few = server.get(f"{address}?max_points=40").json
    assert few["bars"] == 720
    assert len(few["equity"]) <= 40
    first, last = whole["time"][10], whole["time"][20]
    part = server.get(f"{address}?from={first}&to={last}").json
    assert part["time"] == whole["time"][10:20]
    table = server.get(f"{address}?format=csv")
    assert table.body == (run / "equity.csv").read_bytes()


def test_runs_are_listed_marked_and_deleted(server: Served, run: Path) -> None:
    listed = server.get("/api/v1/runs?order=sharpe").json
    assert [one["run_id"] for one in listed["runs"]] == [OTHER, run.name]
    assert (listed["total"], listed["broken"]) == (2, [])
    assert server.get("/api/v1/runs?where=trades<=1&where=sharpe>=8.5").json["total"] == 1
    assert server.get("/api/v1/runs?strategy=other&timeframe=1h").json["total"] == 1
    marks = {"tags": ["b", "a"], "note": "<i>n</i>"}
    marked = server.send("PATCH", f"/api/v1/runs/{OTHER}", marks)
    assert (marked.status, marked.json["tags"], marked.json["note"]) == (
        200,
        ["a", "b"],
        "<i>n</i>",
    )
    assert server.get("/api/v1/runs?tag=a").json["total"] == 1
    assert server.get(f"/api/v1/runs/{OTHER}/summary").json["note"] == "<i>n</i>"
    for wrong in ({"tags": ["a b"]}, {"tags": "a"}, {"note": 1}, {"tag": []}, {"tags": ["x" * 41]}):
        assert server.send("PATCH", f"/api/v1/runs/{OTHER}", wrong).status == 422, wrong
    copy_run(run, "gone-0123456789")
    assert server.get("/api/v1/runs").json["total"] == 3
    gone = server.ask("DELETE", "/api/v1/runs/gone-0123456789")
    assert (gone.status, gone.body) == (204, b"")
    assert not (run.parent / "gone-0123456789").exists()
    assert server.ask("DELETE", "/api/v1/runs/gone-0123456789").status == 404
    assert server.get("/api/v1/runs").json["total"] == 2


def test_a_damaged_run_is_said_to_be(server: Served, run: Path) -> None:
    folder = copy_run(run, "damaged-0123456789")
    (folder / "equity.csv").write_text("time\nx\n")
    (folder / "trades.csv").unlink()
    listed = server.get("/api/v1/runs").json
    assert [one["run_id"] for one in listed["broken"]] == [folder.name]
    assert server.get(f"/api/v1/runs/{folder.name}/trades?format=csv").status == 404
    assert server.get(f"/api/v1/runs/{folder.name}/equity").status == 502
    assert server.ask("DELETE", f"/api/v1/runs/{folder.name}").status == 204


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("nothing=1", "nothing"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1e2", "limit"),
        ("limit=+1", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=%D9%A1", "limit"),
        ("since=2024-01-01", "since"),
        ("since=-1", "since"),
        ("since=99999999999999999999", "since"),
        ("descending=yes", "descending"),
        ("order=created", "order"),
        ("timeframe=1x", "timeframe"),
        ("timeframe=53w", "timeframe"),
        ("timeframe=5M", "timeframe"),
        ("symbol=btc", "symbol"),
        ("where=sharpe", "where"),
        ("where=sharpe>1", "where"),
        ("where=nothing>=1", "where"),
        ("where=sharpe>=nan", "where"),
        ("&".join(["where=sharpe>=1"] * 21), "where"),
        ("text=%00", "text"),
        ("text=a%0Ab", "text"),
        ("strategy=" + "x" * 65, "strategy"),
        ("%3Cb%3E=1", "<b>"),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_refused_by_name(server: Served, query: str, named: str) -> None:
    found = server.get(f"/api/v1/runs?{query}")
    assert found.status == 422
    assert found.json["type"] == "/api/docs#problem-invalid-parameters"
    assert [one["name"] for one in found.json["errors"]] == [named]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b'{"yaml": NaN}', b'{"yaml": "x", "yaml": "y"}', b"\xff",
        b"[" * 100_000, b'{"yaml": 1e999}', b'"' + b"x" * 10, b"{} {}",
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_is_refused(server: Served, body: bytes) -> None:
    found = server.ask("POST", "/api/v1/validate", body, Content_Type="application/json")
    assert (found.status, found.json["type"]) == (422, "/api/docs#problem-invalid-body")
    assert len(found.body) < 2000


def test_any_bar_is_explained_as_on_the_command_line(server: Served, run: Path) -> None:
    trade = json.loads((run / "result.json").read_text())["trades"][0]
    found = server.get(f"/api/v1/runs/{run.name}/why?at={trade['entry_time']}")
    assert found.status == 200
    assert found.json == document(why(run, trade["entry_time"]))
    Draft202012Validator(why_schema()).validate(found.json)
    assert server.get(f"/api/v1/runs/{run.name}/why").json["run_id"] == run.name
    for at, status in (("1970-01-01", 422), ("entry:99", 422), ("x", 422), ("%00", 422)):
        assert server.get(f"/api/v1/runs/{run.name}/why?at={at}").status == status, at
    assert server.get("/api/v1/runs/none-0123456789/why").status == 404


# Strategies


def test_strategies_are_listed_with_what_is_wrong_in_them(server: Served) -> None:
    listed = {one["name"]: one for one in server.get("/api/v1/strategies").json["strategies"]}
    assert listed.keys() == {"sma_btc", "llm_btc", "broken"}
    assert listed["sma_btc"]["valid"]
    assert (listed["sma_btc"]["symbol"], listed["sma_btc"]["timeframe"]) == ("BTC/USDT", "1h")
    assert not listed["broken"]["valid"]
    assert {one["file"] for one in listed["broken"]["diagnostics"]} == {"strategies/broken.yaml"}
    # Its prompt was not copied along.
    assert [one["code"] for one in listed["llm_btc"]["diagnostics"]] == ["RT001"]


def test_a_strategy_is_shown_and_a_change_is_seen(server: Served, run: Path) -> None:
    file = run.parents[1] / "strategies" / "sma_btc.yaml"
    found = server.get("/api/v1/strategies/sma_btc").json
    assert found["text"] == file.read_text()
    assert "crosses above" in found["explanation"]
    text = file.read_text()
    file.write_text(text.replace("crosses_above", "crosses_abvoe"))
    assert not server.get("/api/v1/strategies/sma_btc").json["valid"]
    listed = server.get("/api/v1/strategies").json["strategies"]
    assert [one["valid"] for one in listed if one["name"] == "sma_btc"] == [False]
    file.write_text(text)
    listed = server.get("/api/v1/strategies").json["strategies"]
    assert [one["valid"] for one in listed if one["name"] == "sma_btc"] == [True]


def test_a_strategy_outside_is_not_shown(server: Served, run: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("rtrade: 1\n")
    link = run.parents[1] / "strategies" / "linked.yaml"
    link.symlink_to(tmp_path / "secret.yaml")
    try:
        assert server.get("/api/v1/strategies/linked").status == 404
    finally:
        link.unlink()


def test_any_strategy_is_checked(server: Served, run: Path) -> None:
    text = (run.parents[1] / "strategies" / "sma_btc.yaml").read_text()
    good = server.post("/api/v1/validate", {"yaml": text}).json
    assert (good["valid"], good["diagnostics"]) == (True, [])
    assert "crosses above" in good["explanation"]
    bad = server.post("/api/v1/validate", {"yaml": text, "set": ["params.fast=slow"]}).json
    assert (bad["valid"], bad["explanation"]) == (False, None)
    assert bad["diagnostics"][0]["file"] == "--set"
    assert server.post("/api/v1/validate", {"strategy": "sma_btc", "engine": "compiled"}).json[
        "valid"
    ]
    assert server.post("/api/v1/validate", {"strategy": "nothing"}).status == 404


# The document


DOCUMENT = openapi_document(apis())


def test_every_endpoint_says_what_it_is() -> None:
    names: list[str] = []
    for path, methods in DOCUMENT["paths"].items():
        assert path.startswith("/api/v1/"), path
        for method, operation in methods.items():
            names.append(operation["operationId"])
            assert operation["summary"].endswith("."), (method, path)
            for parameter in operation["parameters"]:
                assert parameter["description"].endswith((".", "52 weeks.")), parameter["name"]
            for answer in operation["responses"].values():
                assert answer["description"]
    assert len(names) == len(set(names))


def test_its_schemas_are_schemas_and_all_names_are_known() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from [inner] if key == "$ref" else references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    assert set(references(DOCUMENT)) <= known


PLACES = {place.address for place in PARTS}


def test_the_page_of_the_document_needs_nothing_else(server: Served) -> None:
    page = server.get("/api/docs").body.decode()
    for path in DOCUMENT["paths"]:
        assert path in page
    assert "://" not in page.replace("http://www.w3.org/", "")
    # What it loads is the viewer's own.
    loaded = re.findall(r"""(?:src|href)=["']([^"'#]+)""", page)
    assert {one for one in loaded if not one.startswith(("/static/", "/api/"))} <= PLACES


def test_the_page_of_the_document_says_which_values_a_parameter_takes(server: Served) -> None:
    page = html.unescape(server.get("/api/docs").body.decode())
    assert "object at 0x" not in page
    for value in ("1 to 1,000; default 20", "json, csv, arrow; default json", "string; required"):
        assert f"<td>{value}</td>" in page
    for operation in (one for path in DOCUMENT["paths"].values() for one in path.values()):
        assert operation["summary"].partition("`")[0] in page


# The server as its own document says

load_all_checks()
REFUSED = ["400", "401", "403", "404", "405", "413", "415", "422"]
CHECKED = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=SchemathesisConfig.from_dict(
        {"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}}
    ),
)
# These wait, or ask for what is not on this machine.
LEFT_OUT = ("/stream/", "/events", "/syncs")


@CHECKED.include(
    func=lambda context: not any(one in context.operation.path for one in LEFT_OUT)
).parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_the_server_answers_as_its_document_says(case: schemathesis.Case, server: Served) -> None:
    # Of the right shape is not yet right: a source, a strategy, a range can still be none.
    answer = case.call_and_validate(base_url=server.url, excluded_checks=[positive_data_acceptance])
    if answer.status_code == 202:
        # Room for the next one: a queue that is full is a 503, as it should be.
        (place,) = answer.headers["location"]
        assert server.ask("DELETE", place).status == 200
