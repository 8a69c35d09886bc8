"""Runs: what there are, and what each came to."""

from __future__ import annotations

import re
from typing import Any

from flask import Response

from rtrade.analysis.record import TRADE_KEYS
from rtrade.catalog.metrics import METRICS
from rtrade.web.api.run_schemas import CHART, EQUITY, MARKS, RUN, RUNS, TRADES
from rtrade.web.endpoints import Answer, Api, Body, Given, json_of
from rtrade.web.parameters import (
    Param,
    choice,
    flag,
    integer,
    moment,
    run_id,
    symbol,
    text,
    timeframe,
)
from rtrade.web.problems import invalid_parameters
from rtrade.web.replies import NOW, data_reply, json_reply, tag_of, unchanged
from rtrade.web.site import site
from rtrade.workflow.run_columns import document_of, read_curves
from rtrade.workflow.runs import ORDERS, ListedRun, RunQuery

api = Api("runs", "Runs: list them, mark them, and read what each came to.")

_NAMES = "|".join(metric.name for metric in METRICS)
_BOUND = rf"({_NAMES})(>=|<=)-?[0-9]{{1,15}}(\.[0-9]{{1,15}})?"
_MOST = 1e300


def _bounds() -> Param:
    doc = "A metric with a bound, such as sharpe>=1; several have to hold at once."
    return text("where", doc, pattern=_BOUND, longest=80, repeated=True)


_FORMAT = choice("format", "How to write it; csv is the whole file.", ("json", "csv"),
                 default="json")  # fmt: skip


def summary_document(run: ListedRun) -> dict[str, Any]:
    """Return a run as lists have it: its summary, its tags, its note."""
    return {**vars(run.summary), "tags": list(run.tags), "note": run.note}


@api.get(
    "/runs",
    "List runs, each with its metrics and a small line of its equity.",
    query=(
        text("strategy", "Only of this strategy.", longest=64),
        symbol(required=False),
        timeframe(),
        text("tag", "Only with this tag.", longest=40),
        text("text", "Looked for in ids, tags and notes.", longest=100),
        moment("since", "Only carried out at this time or later."),
        moment("until", "Only carried out before this time."),
        _bounds(),
        choice("order", "What to sort by.", ORDERS, default="started"),
        flag("descending", "The greatest first.", default=True),
        integer("offset", "How many to skip.", 0, 1_000_000, default=0),
        integer("limit", "How many to answer.", 1, 1000, default=100),
    ),
    answer=json_of(RUNS, "The runs of the page, and how many there are."),
)
def list_runs(given: Given) -> Response:
    """Answer a page of the index."""
    frame = given["timeframe"]
    names = ("strategy", "symbol", "tag", "text", "since", "until")
    query = RunQuery(
        **{name: given[name] for name in names},
        timeframe=None if frame is None else str(frame),
        bounds=tuple(_read_bound(one) for one in given["where"]),
        order=given["order"],
        descending=given["descending"],
        offset=given["offset"],
        limit=given["limit"],
    )
    page = site().runs.page(query)
    if page.unmarked is not None:
        raise page.unmarked
    return json_reply(
        {
            "total": page.total,
            "runs": [summary_document(run) for run in page.runs],
            "broken": [{"run_id": name, "detail": reason} for name, reason in page.broken],
        }
    )


def _read_bound(written: str) -> tuple[str, float, float]:
    name, sign, value = re.split("(>=|<=)", written)
    bound = float(value)
    return (name, bound, _MOST) if sign == ">=" else (name, -_MOST, bound)


@api.get(
    "/runs/{run_id}",
    "A run's result: the document of result.json.",
    path_params=(run_id(),),
    answer=json_of("Result", "The document of result.json."),
)
def run_result(given: Given) -> Response:
    """Answer the bytes of result.json."""
    return _file(given["run_id"], "result.json", "application/json")


@api.get(
    "/runs/{run_id}/summary",
    "A run as lists have it.",
    path_params=(run_id(),),
    answer=json_of(RUN, "The run with its tags and its note."),
)
def run_summary(given: Given) -> Response:
    """Answer one run of the index."""
    run = site().runs.one(given["run_id"])
    if run.unmarked is not None:
        raise run.unmarked
    return json_reply(summary_document(run))


@api.get(
    "/runs/{run_id}/trades",
    "The trades of a run, by entry time.",
    path_params=(run_id(),),
    query=(
        _FORMAT,
        integer("offset", "How many trades to skip.", 0, 100_000_000, default=0),
        integer("limit", "How many trades to answer.", 1, 10_000, default=1000),
    ),
    answer=Answer(
        "Trades as in result.json.",
        {"application/json": TRADES, "text/csv": {"type": "string"}},
    ),
)
def run_trades(given: Given) -> Response:
    """Answer a stretch of the trades, or trades.csv."""
    if given["format"] == "csv":
        return _file(given["run_id"], "trades.csv", "text/csv; charset=utf-8")
    file, stamp = site().runs.file(given["run_id"], "result.json")
    offset = given["offset"]
    tag = tag_of(given["run_id"], str(stamp), str(offset), str(given["limit"]))
    if (same := unchanged(tag)) is not None:
        return same
    trades = document_of(file, stamp).get("trades", [])
    rows = trades[offset : offset + given["limit"]]
    shown = [{key: row[key] for key in TRADE_KEYS} for row in rows]
    return json_reply({"total": len(trades), "trades": shown}, tag=tag)


@api.get(
    "/runs/{run_id}/equity",
    "Equity, position and buy and hold at the closes of a run.",
    path_params=(run_id(),),
    query=(
        _FORMAT,
        moment("from", "First bar, by its open, inclusive."),
        moment("to", "End, exclusive."),
        integer("max_points", "Of more closes, the extremes of each stretch are kept.", 4, 20_000,
                default=2000),
    ),
    answer=Answer(
        "Columns, a value per close.",
        {"application/json": EQUITY, "text/csv": {"type": "string"}},
    ),
)  # fmt: skip
def run_equity(given: Given) -> Response:
    """Answer the curves, thinned, or equity.csv."""
    if given["format"] == "csv":
        return _file(given["run_id"], "equity.csv", "text/csv; charset=utf-8")
    file, stamp = site().runs.file(given["run_id"], "equity.csv")
    tag = tag_of(
        given["run_id"],
        str(stamp),
        *(str(given[name]) for name in ("from", "to", "max_points")),
    )
    if (same := unchanged(tag)) is not None:
        return same
    curves = read_curves(
        file, stamp, start=given["from"], end=given["to"], points=given["max_points"]
    )
    return json_reply(curves.document(), tag=tag)


@api.get(
    "/runs/{run_id}/why",
    "Why a run did what it did at a bar: what `rtrade why --json` prints.",
    path_params=(run_id(),),
    query=(
        text("at", "A time that the bar holds, ISO-8601 or ms; entry:N or exit:N of a trade; last.",
             longest=40, default="last"),
    ),
    answer=json_of("Why", "The rules taken apart, what was decided and filled, the account."),
)  # fmt: skip
def run_why(given: Given) -> Response:
    """Explain a bar; the run is made again for it, and kept for a while."""
    from rtrade.report.why import document

    file, stamp = site().runs.file(given["run_id"], "result.json")
    found = site().explainers.ask(file, stamp, lambda run: run.why(given["at"]))
    return json_reply(document(found), cache=NOW)


@api.get(
    "/runs/{run_id}/chart",
    "What the charts of a run draw, closer: bars, equity and signals of a stretch of time.",
    path_params=(run_id(),),
    query=(
        moment("from", "First bar, by its open, inclusive.", required=True),
        moment("to", "End, exclusive.", required=True),
        integer("max_points", "Of more bars, candles are made.", 4, 5000, default=5000),
    ),
    answer=json_of(CHART, "Columns of candles, packed."),
)
def run_chart(given: Given) -> Response:
    """Answer a level of detail; the signals are computed again for it, and kept for a while."""
    if given["from"] >= given["to"]:
        raise invalid_parameters([{"name": "to", "detail": "is not after `from`"}])
    file, stamp = site().runs.file(given["run_id"], "result.json")
    span = (given["from"], given["to"], given["max_points"])
    tag = tag_of(given["run_id"], str(stamp), *map(str, span))
    if (same := unchanged(tag)) is not None:
        return same
    return json_reply(site().charts.ask(file, stamp, lambda drawn: drawn.part(*span)), tag=tag)


@api.on(
    "PATCH",
    "/runs/{run_id}",
    "Give a run tags and a note, in place of those it has.",
    path_params=(run_id(),),
    body=Body(MARKS, "The tags and the note; what is absent stays.",
              {"tags": {"tags": ["keep", "btc"]}, "note": {"note": "Holds since March."}}),
    answer=json_of(RUN, "The run as it is now."),
)  # fmt: skip
def mark_run(given: Given) -> Response:
    """Write tags and note to the store."""
    tags = given.body.get("tags")
    marked = site().runs.mark(
        given["run_id"], tags=None if tags is None else tuple(tags), note=given.body.get("note")
    )
    return json_reply(summary_document(marked), cache=NOW)


@api.on(
    "DELETE",
    "/runs/{run_id}",
    "Delete a run: its folder, its tags and its note.",
    path_params=(run_id(),),
    answer=Answer("It is gone.", status=204),
)
def delete_run(given: Given) -> Response:
    """Delete a run for good."""
    site().runs.delete(given["run_id"])
    return Response(status=204)


def _file(name: str, file: str, media_type: str) -> Response:
    path, stamp = site().runs.file(name, file)
    tag = tag_of(name, file, str(stamp))
    if (same := unchanged(tag)) is not None:
        return same
    response = data_reply(path.read_bytes(), media_type, tag=tag)
    if file.endswith(".csv"):
        response.headers["Content-Disposition"] = f'attachment; filename="{name}-{file}"'
    return response
