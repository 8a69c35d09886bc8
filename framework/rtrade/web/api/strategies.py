"""Strategies of the workspace, and checks of any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from rtrade.core.diagnostics import Diagnostic, errors_of
from rtrade.core.rendering import as_dict
from rtrade.web.api.asking import asked_of
from rtrade.web.api.job_schemas import CHECK_REQUEST
from rtrade.web.api.run_schemas import TEXT, object_of, or_null
from rtrade.web.components import COMPONENTS
from rtrade.web.endpoints import Api, Body, Given, json_of
from rtrade.web.parameters import text
from rtrade.web.replies import NOW, json_reply
from rtrade.web.site import site
from rtrade.workflow.strategies import NAME, StrategyFile, check_asked

api = Api("strategies", "The strategy files of the workspace, and checks of any strategy.")

_DIAGNOSTICS = {"type": "array", "items": {"$ref": "#/components/schemas/Diagnostic"}}
_KEYS = {
    "name": {**TEXT, "description": "The name of the file, without .yaml."},
    "file": {**TEXT, "description": "The file, relative to the workspace."},
    "valid": {"type": "boolean", "description": "Whether it can be run."},
    "title": {**or_null("string"), "description": "`name:` in the file."},
    "description": or_null("string"),
    "source": or_null("string"),
    "symbol": or_null("string"),
    "timeframe": or_null("string"),
    "diagnostics": _DIAGNOSTICS,
}
COMPONENTS["Strategy"] = object_of(_KEYS, "A strategy file; nulls where it is not valid.")
COMPONENTS["StrategyText"] = object_of(
    {**_KEYS, "text": TEXT, "explanation": or_null("string")}, "A strategy file with its text."
)
_STRATEGIES = object_of(
    {"strategies": {"type": "array", "items": {"$ref": "#/components/schemas/Strategy"}}}
)
_CHECKED = object_of(
    {
        "valid": {"type": "boolean", "description": "Whether it can be run."},
        "diagnostics": _DIAGNOSTICS,
        "explanation": {**or_null("string"), "description": "What it does, in plain words."},
    }
)


@api.get("/strategies", "List the strategy files, each valid or with what is wrong.",
         answer=json_of(_STRATEGIES, "The files by name."))  # fmt: skip
def list_strategies(_: Given) -> Response:
    """Answer all strategy files."""
    return json_reply({"strategies": [_document(one) for one in site().strategies.every()]})


@api.get(
    "/strategies/{name}",
    "A strategy file: its text, what is wrong in it, and what it does in plain words.",
    path_params=(text("name", "The name of a strategy file.", pattern=NAME, longest=64,
                      required=True),),
    answer=json_of("StrategyText", "The file."),
)  # fmt: skip
def strategy(given: Given) -> Response:
    """Answer one strategy file."""
    found = site().strategies.one(given["name"])
    more = {"text": found.text, "explanation": found.explanation}
    return json_reply({**_document(found), **more})


def _document(one: StrategyFile) -> dict[str, Any]:
    names = ("name", "file", "valid", "title", "description", "source", "symbol", "timeframe")
    found = {name: getattr(one, name) for name in names}
    return {**found, "diagnostics": _listed(one.diagnostics)}


def _listed(found: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    return [as_dict(one) for one in found]


@api.on(
    "POST",
    "/validate",
    "Check a strategy without running it.",
    body=Body(CHECK_REQUEST, "A strategy by its name, or its text; what is said instead of it.",
              {"name": {"strategy": "sma_btc"}, "text": {"yaml": "rtrade: 1\nname: mine\n"}}),
    answer=json_of(_CHECKED, "What was found; that it is not valid is an answer too."),
    refusals={404: "There is no such strategy."},
)  # fmt: skip
def validate(given: Given) -> Response:
    """Check and explain a strategy."""
    found, explanation = check_asked(asked_of(given.body), site().workspace)
    valid = not errors_of(found)
    document = {"valid": valid, "diagnostics": _listed(found), "explanation": explanation}
    return json_reply(document, cache=NOW)
