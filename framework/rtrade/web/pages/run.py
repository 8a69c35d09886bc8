"""A run: its report in the viewer's frame, and why it did what it did at a bar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from rtrade.core.errors import RtradeError
from rtrade.core.timeframes import iso, parse_time
from rtrade.report.formatting import moment
from rtrade.web.pages import frame
from rtrade.web.pages.assets import charts
from rtrade.web.pages.reports import WrittenReport, read_report
from rtrade.web.problems import invalid_parameters, problem_of
from rtrade.web.site import site
from rtrade.workflow.run_columns import Curves, read_curves

pages = Blueprint("run", __name__)
AT = "/"
# Bars of a candle that are offered one by one.
_MOST_BARS = 60


@pages.get("/runs/<run_id>")
def run(run_id: str) -> Response:
    """Show a run's report."""
    found = site().runs.one(run_id)
    named: dict[str, Any] = {"run": found, "strategy": _strategy_of(found.summary.strategy)}
    try:
        report = _report(run_id)
    except RtradeError as fault:
        return frame.show("run_bare.html.j2", at=AT, fault=fault, **named)
    notice, g.styles = charts()
    main = _linked(report, run_id)
    return frame.show("run.html.j2", at=AT, report=report, main=main, notice=notice, **named)


def _report(run_id: str) -> WrittenReport:
    return read_report(*site().runs.file(run_id, "report.html"))


def _linked(report: WrittenReport, run_id: str) -> Markup:
    """Return the report with its files at the addresses that they have here."""
    files = {
        "trades.csv": f"/api/v1/runs/{run_id}/trades?format=csv",
        "result.json": f"/api/v1/runs/{run_id}",
        "decisions.jsonl": f"/runs/{run_id}/decisions.jsonl",
    }
    text = str(report.main)
    for name, address in files.items():
        text = text.replace(f'href="{name}"', f'href="{address}"')
    return Markup(text)  # noqa: S704  # checked when it was read


def _strategy_of(title: str) -> str | None:
    """Return the file whose strategy is called so, if there is one."""
    return next((one.name for one in site().strategies.every() if one.title == title), None)


@pages.get("/runs/<run_id>/decisions.jsonl")
def decisions(run_id: str) -> Response:
    """Answer what the models of a run were asked and said, a decision a line."""
    file, _ = site().runs.file(run_id, "decisions.jsonl")
    text = site().redact(file.read_text(encoding="utf-8", errors="replace"))
    response = Response(text, content_type="application/jsonl; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{run_id}-decisions.jsonl"'
    return response


@pages.post("/runs/<run_id>/report")
def write(run_id: str) -> AnyResponse:
    """Write the report anew."""
    from rtrade.workflow.reporting import write_report

    write_report(site().runs.find(run_id))
    return frame.go(f"/runs/{run_id}")


@dataclass(frozen=True)
class Bar:
    """A bar that one may go to."""

    at: str
    text: str


@dataclass(frozen=True)
class Around:
    """The bars beside the one explained, and those that share its candle on the chart."""

    before: Bar | None
    after: Bar | None
    within: tuple[Bar, ...] = ()
    more: int = 0


@pages.get("/runs/<run_id>/why")
def why(run_id: str) -> Response:
    """Explain a bar: `at` is a time, `entry:3`, `exit:3` or `last`; `until` ends its candle."""
    from rtrade.report.why import part_of

    run, at = site().runs.one(run_id), request.args.get("at", "last").strip()[:40] or "last"
    named: dict[str, Any] = {"run": run, "asked": at, "piece": frame.is_piece()}
    try:
        file, stamp = site().runs.file(run_id, "result.json")
        part = part_of(site().explainers.ask(file, stamp, lambda run: run.why(at)))
        named |= {"why": part, "around": _around(run_id, part.at)}
        template, status = "why", 200
    except RtradeError as fault:
        template, status = "why_failed", problem_of(fault).status
        named |= {"fault": fault, "found": getattr(fault, "diagnostics", ())}
    if frame.is_piece():
        return frame.piece(f"{template}.html.j2", status=status, **named)
    return frame.show("why_page.html.j2", at=AT, status=status, inner=template, **named)


def _around(run_id: str, at: str) -> Around:
    file, stamp = site().runs.file(run_id, "equity.csv")
    here = parse_time(at)
    before = read_curves(file, stamp, end=here, points=4).time.tolist()
    after = read_curves(file, stamp, start=here + 1, points=4).time.tolist()
    around = Around(_bar(before[-1]) if before else None, _bar(after[0]) if after else None)
    until = request.args.get("until")
    return around if until is None else _within(around, file, stamp, here, until)


def _within(around: Around, file: Path, stamp: int, here: int, until: str) -> Around:
    since = request.args.get("since", "")
    if not all(text.isascii() and text.isdigit() and len(text) < 15 for text in (since, until)):
        raise invalid_parameters([{"name": "until", "detail": "is no time in ms"}])
    curves: Curves = read_curves(file, stamp, start=int(since), end=int(until), points=1000)
    if len(curves.time) < 2 or not int(since) <= here < int(until):
        return around
    bars = tuple(_bar(time) for time in curves.time[:_MOST_BARS].tolist())
    return Around(around.before, around.after, bars, curves.bars - len(bars))


def _bar(time: int) -> Bar:
    return Bar(iso(time), moment(iso(time)))
