"""The documentation of the API for people: a page of the server, and docs/api.md of a checkout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from rtrade.web.endpoints import Api, Endpoint
from rtrade.web.openapi import DESCRIPTION, openapi_document, refusals_of
from rtrade.web.pages.frame import show
from rtrade.web.parameters import Param
from rtrade.web.problems import KINDS, MEDIA_TYPE
from rtrade.web.replies import data_reply, encode, tag_of

_GENERATED = """\
Generated from the declarations of `web/api/`; `make docs` writes it. `rtrade serve` has the same at
`/api/docs`, and the OpenAPI 3.1 document at `/api/openapi.json`.
"""


def documentation(groups: Sequence[Api]) -> Blueprint:
    """Return the addresses of the OpenAPI document and of the page that shows it."""
    document = openapi_document(groups)
    body = encode(document)
    tag = tag_of(body)
    shown: dict[str, Any] = {
        "description": DESCRIPTION,
        "groups": [
            {
                "name": group.name,
                "doc": group.doc,
                "operations": [_shown(one) for one in group.endpoints],
            }
            for group in groups
        ],
        "kinds": list(KINDS.items()),
        "media": MEDIA_TYPE,
        "schemas": [
            (name, _indented(schema)) for name, schema in document["components"]["schemas"].items()
        ],
    }
    made = Blueprint("documentation", __name__)

    @made.get("/api/openapi.json")
    def openapi() -> Response:
        """Answer the OpenAPI document."""
        return data_reply(body, "application/json", tag=tag)

    @made.get("/api/docs")
    def docs() -> Response:
        """Answer the page."""
        return show("api.html.j2", at="/api/docs", **shown)

    return made


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    answer, body = endpoint.answer, endpoint.body
    return {
        "name": endpoint.name,
        "method": endpoint.method,
        "path": endpoint.path,
        "summary": endpoint.summary,
        "params": [
            {"name": one.name, "doc": one.doc, "accepts": _values(one).replace("`", "")}
            for one in (*endpoint.path_params, *endpoint.query)
        ],
        "body": None if body is None else {"doc": body.doc, "schema": _indented(body.schema)},
        "answer": {
            "status": answer.status,
            "doc": answer.doc,
            "media": ", ".join(answer.content),
        },
        "refusals": [
            {"status": status, "doc": doc} for status, doc in refusals_of(endpoint).items()
        ],
    }


def _indented(schema: Any) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)


def api_page(groups: Sequence[Api]) -> str:
    """Return docs/api.md: every endpoint with its parameters, answers and problems."""
    parts = [
        "# The data API\n",
        _GENERATED,
        _wrapped(DESCRIPTION),
    ]
    for group in groups:
        parts.append(f"## {group.name}\n\n{group.doc}\n")
        parts += [_section(endpoint) for endpoint in group.endpoints]
    rows = [f"| `{name}` | {doc} |" for name, doc in KINDS.items()]
    parts.append("## Problems\n\n| kind | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _section(endpoint: Endpoint) -> str:
    lines = [f"### {endpoint.method} {endpoint.path}\n", f"{endpoint.summary}\n"]
    params = [*endpoint.path_params, *endpoint.query]
    if params:
        lines += ["| parameter | meaning | values |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.doc} | {_values(one)} |" for one in params]
        lines.append("")
    if endpoint.body is not None:
        lines.append(f"Body: {endpoint.body.doc}\n")
    answer = endpoint.answer
    medias = ", ".join(f"`{media}`" for media in answer.content)
    lines.append(f"{answer.status}: {answer.doc} {medias}".rstrip() + "\n")
    return "\n".join(lines)


def _values(param: Param) -> str:
    schema = param.schema
    if "enum" in schema:
        text = ", ".join(f"`{one}`" for one in schema["enum"])
    elif "minimum" in schema:
        text = f"{schema['minimum']:,} to {schema['maximum']:,}"
    else:
        text = str(schema["type"])
    if param.required:
        return f"{text}; required"
    if param.default is not None:
        shown = str(param.default).lower() if isinstance(param.default, bool) else param.default
        return f"{text}; default `{shown}`"
    return text


def _wrapped(text: str, width: int = 100) -> str:
    words = re.split(r"\s+", text)
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line]) + "\n"
