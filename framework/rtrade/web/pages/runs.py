"""The first page: all runs, found, sorted, marked and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from rtrade.catalog.metrics import METRICS, Metric
from rtrade.core.errors import UsageError
from rtrade.core.timeframes import iso
from rtrade.report.context import Figure
from rtrade.report.formatting import metric_figure, moment
from rtrade.web.pages import frame
from rtrade.web.pages.filters import PAGE, Wanted, percent, read_wanted, turned
from rtrade.web.pages.sparks import spark
from rtrade.web.site import site
from rtrade.workflow.runs import LONGEST_NOTE, ListedRun

pages = Blueprint("runs", __name__)
AT = "/"


@dataclass(frozen=True)
class Row:
    """A run as the list shows it."""

    run: ListedRun
    started: str
    line: Markup
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Column:
    """A title of the list: where sorting by it leads, and how it is sorted now."""

    title: str
    doc: str
    link: str
    sorted: str
    number: bool = True


@pages.get("/")
def list_runs() -> Response:
    """Show the runs that the address asks for."""
    wanted = read_wanted(request.args)
    found = site().runs.page(wanted.query)
    named: dict[str, Any] = {
        "wanted": wanted,
        "found": found,
        "rows": rows_of(found.runs, wanted.metrics),
        "columns": _columns(wanted),
        "pages": -(-found.total // PAGE),
        "chosen": request.args.getlist("run"),
    }
    if not frame.is_piece():
        return frame.show("runs.html.j2", at=AT, metrics=_choices(), **named)
    response = frame.piece("runs_list.html.j2", **named)
    # Who types into the form does not want to go back letter by letter.
    typed = request.headers.get("HX-Source", "").startswith("form")
    response.headers["HX-Replace-Url" if typed else "HX-Push-Url"] = wanted.at()
    return response


def rows_of(runs: Sequence[ListedRun], metrics: Sequence[Metric]) -> list[Row]:
    """Return runs as lists show them, with those metrics."""
    return [
        Row(
            run,
            moment(iso(run.summary.started))[:16],
            spark(run.summary.equity),
            tuple(metric_figure(one, run.summary.metrics[one.name]) for one in metrics),
        )
        for run in runs
    ]


def _choices() -> list[tuple[str, str]]:
    return [(one.name, f"{one.title}{', %' if percent(one) else ''}") for one in METRICS]


def _columns(wanted: Wanted) -> list[Column]:
    names = [("strategy", "Strategy", "", False), ("symbol", "Symbol", "", False)]
    names += [(one.name, one.title, one.doc, True) for one in wanted.metrics]
    names.append(("started", "Run at, UTC", "When it was carried out.", False))
    way = "descending" if wanted.query.descending else "ascending"
    return [
        Column(title, doc, turned(wanted, name), way if name == wanted.query.order else "", number)
        for name, title, doc, number in names
    ]


@pages.get("/runs/<run_id>/marks")
def marks(run_id: str) -> Response:
    """Show the form for tags and note, or what is there (`?as=text`)."""
    run = site().runs.one(run_id)
    if request.args.get("as") == "text":
        return frame.piece("marks.html.j2", run=run)
    return _form(run, _written(run))


@pages.post("/runs/<run_id>/marks")
def mark(run_id: str) -> AnyResponse:
    """Give a run the tags and the note of the form."""
    given = {
        "tags": request.form.get("tags", ""),
        "note": request.form.get("note", "").replace("\r\n", "\n").strip(),
    }
    tags = tuple(dict.fromkeys(given["tags"].replace(",", " ").split()))
    try:
        marked = site().runs.mark(run_id, tags=tags, note=given["note"])
    except UsageError as wrong:
        hint = f": {wrong.hint}" if wrong.hint else ""
        return _form(site().runs.one(run_id), given, f"{wrong.message}{hint}")
    if frame.is_piece():
        return frame.piece("marks.html.j2", run=marked)
    return frame.go(f"/runs/{run_id}")


def _written(run: ListedRun) -> dict[str, str]:
    return {"tags": " ".join(run.tags), "note": run.note}


def _form(run: ListedRun, given: dict[str, str], wrong: str = "") -> Response:
    named: dict[str, Any] = {"run": run, "given": given, "wrong": wrong, "longest": LONGEST_NOTE}
    if frame.is_piece():
        # A refusal is put in the form's place too, so it is no error to the script.
        return frame.piece("marks_form.html.j2", **named)
    return frame.show("marks_page.html.j2", at=AT, status=422 if wrong else 200, **named)


@pages.get("/runs/<run_id>/delete")
def ask_delete(run_id: str) -> Response:
    """Ask whether a run is to be deleted."""
    back = frame.own(request.args.get("back", "/"))
    named: dict[str, Any] = {"run": site().runs.one(run_id), "back": back}
    if frame.is_piece():
        return frame.piece("delete_form.html.j2", **named)
    return frame.show("delete.html.j2", at=AT, **named)


@pages.post("/runs/<run_id>/delete")
def delete(run_id: str) -> AnyResponse:
    """Delete a run for good."""
    site().runs.delete(run_id)
    return frame.go(frame.own(request.form.get("back", "/")))
