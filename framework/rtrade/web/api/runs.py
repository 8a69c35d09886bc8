"""Runs: what there are, and what each came to."""

from __future__ import annotations

from flask import Response

from rtrade.web.endpoints import Api, Given, json_of
from rtrade.web.parameters import run_id
from rtrade.web.problems import not_found
from rtrade.web.replies import data_reply
from rtrade.web.site import site
from rtrade.workflow.running import output_root

api = Api("runs", "Runs and what they came to.")


@api.get(
    "/runs/{run_id}",
    "A run's result: the document of result.json.",
    path_params=(run_id(),),
    answer=json_of("Result", "The document of result.json."),
)
def run_result(given: Given) -> Response:
    """Answer the bytes of result.json."""
    file = output_root(site().workspace) / given["run_id"] / "result.json"
    if not file.is_file():
        raise not_found(f"there is no run `{given['run_id']}`")
    return data_reply(file.read_bytes(), "application/json")
