"""The strategies: each file valid or with its findings, in plain words, its runs, and a start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from rtrade.config.definitions import ParamDef
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.execution.engines import COMPILED, DEFAULT_ENGINE
from rtrade.plan.explain import Explanation
from rtrade.web.api.job_schemas import RUN_REQUEST
from rtrade.web.api.jobs import queue_run
from rtrade.web.endpoints import Body
from rtrade.web.pages import frame
from rtrade.web.pages.filters import KNOWN
from rtrade.web.pages.runs import Row, rows_of
from rtrade.web.pages.source_lines import Finding, elsewhere, lines_of
from rtrade.web.pages.times import moment_of
from rtrade.web.problems import Problem
from rtrade.web.site import site
from rtrade.workflow.runs import RunPage, RunQuery
from rtrade.workflow.strategies import Asked, StrategyFile, compile_asked

pages = Blueprint("strategies", __name__)
AT = "/strategies"
ENGINES = (DEFAULT_ENGINE, COMPILED)
_RUNS = 5
_METRICS = tuple(KNOWN[name] for name in ("total_return", "sharpe", "max_drawdown", "trades"))
_BODY = Body(RUN_REQUEST, "What the form asks for.")
_PARAM = "param:"


@dataclass(frozen=True)
class Listed:
    """A strategy as the list has it; `last` is its last run."""

    file: StrategyFile
    errors: int
    warnings: int
    runs: int
    last: Row | None


@pages.get("/strategies")
def every() -> Response:
    """List the strategies of the workspace."""
    listed = [_listed(one) for one in site().strategies.every()]
    return frame.show("strategies.html.j2", at=AT, listed=listed, metrics=_METRICS)


def _listed(one: StrategyFile) -> Listed:
    weights = [str(found.severity) for found in one.diagnostics]
    runs = _runs(one, 1)
    last = rows_of(runs.runs, _METRICS)[0] if runs.runs else None
    return Listed(one, weights.count("error"), weights.count("warning"), runs.total, last)


def _runs(one: StrategyFile, count: int) -> RunPage:
    # A file that is not valid may have been, under its own name.
    return site().runs.page(RunQuery(strategy=one.title or one.name, limit=count))


@dataclass(frozen=True)
class Start:
    """The form that starts a run: what was written into it, and why it was refused."""

    given: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    findings: tuple[Finding, ...] = ()

    def text(self, name: str) -> str:
        """Return what a field of the form holds."""
        return self.given.get(name, "")


@pages.get("/strategies/<name>")
def one(name: str) -> Response:
    """Show a strategy."""
    return _page(name, Start())


def _page(name: str, start: Start, status: int = 200) -> Response:
    found = site().strategies.one(name)
    explanation, params = _explained(name) if found.valid else (None, ())
    runs = _runs(found, _RUNS)
    lines = lines_of(found.text, found.file, found.diagnostics)
    count = len(found.text.splitlines())
    return frame.show(
        "strategy.html.j2",
        at=AT,
        status=status,
        found=found,
        lines=lines,
        cut=count - len(lines),
        elsewhere=list(elsewhere(found.file, count, found.diagnostics)),
        explanation=explanation,
        params=params,
        runs=runs,
        rows=rows_of(runs.runs, _METRICS),
        metrics=_METRICS,
        sources=site().markets.sources.all(),
        engines=ENGINES,
        start=start,
    )


def _explained(name: str) -> tuple[Explanation, Sequence[ParamDef]]:
    from rtrade.catalog.installed import registry
    from rtrade.plan.explain import explain

    compiled = compile_asked(Asked(strategy=name), site().workspace)
    explanation = explain(compiled.plan, compiled.definition, registry())
    return explanation, compiled.definition.params


@pages.post("/strategies/<name>/runs")
def start(name: str) -> AnyResponse:
    """Start a run as the form says; its job is where one is sent."""
    given = {key: value.strip() for key, value in request.form.items()}
    try:
        body = _body(name, given)
        _BODY.check(body)
        job = queue_run(body)
    except InvalidInput as invalid:
        told = tuple(_told(invalid.diagnostics))
        return _page(name, Start(given, "The run was not started:", told), 422)
    except Problem as problem:
        if problem.status != 422:
            raise
        return _page(name, Start(given, f"The run was not started: {problem.detail}."), 422)
    return frame.go(f"/jobs/{job.id}")


def _told(found: Sequence[Diagnostic]) -> list[Finding]:
    return list(elsewhere("", 0, found))


def _body(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form asks for, as the API is asked."""
    usual = {param.name: param.value for param in _params(name)}
    sets = [
        f"params.{key.removeprefix(_PARAM)}={value}"
        for key, value in given.items()
        if key.startswith(_PARAM) and value and value != str(usual.get(key.removeprefix(_PARAM)))
    ]
    sets += [line.strip() for line in given.get("sets", "").splitlines() if line.strip()]
    body: dict[str, Any] = {"strategy": name}
    if sets:
        body["set"] = sets
    for key in ("source", "symbol", "last", "engine"):
        if given.get(key):
            body[key] = given[key]
    for key in ("from", "to"):
        if given.get(key):
            body[key] = moment_of(key, given[key])
    for key in ("verify", "offline"):
        if key in given:
            body[key] = True
    return body


def _params(name: str) -> Sequence[ParamDef]:
    return compile_asked(Asked(strategy=name), site().workspace).definition.params
