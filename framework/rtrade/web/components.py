"""Schemas of the API's documents by name, for answers to refer to. Each group adds its own."""

from __future__ import annotations

import json
from typing import Any

from rtrade.analysis.schema import result_schema
from rtrade.report.why_schema import why_schema

Schema = dict[str, Any]


def _result() -> Schema:
    """Return the schema of result.json, which draft-07 and 2020-12 read alike."""
    return {key: value for key, value in result_schema().items() if key != "$schema"}


def _why() -> dict[str, Schema]:
    """Return the schemas of what `rtrade why --json` prints, each a component."""
    found = why_schema()
    parts = found.pop("definitions")
    found.pop("$schema")
    text = json.dumps({"Why": found, **parts})
    named = json.loads(text.replace("#/definitions/", "#/components/schemas/why-"))
    return {name if name == "Why" else f"why-{name}": part for name, part in named.items()}


def _optional(kind: str, description: str) -> Schema:
    return {"type": [kind, "null"], "description": description}


DIAGNOSTIC: Schema = {
    "type": "object",
    "description": "One finding in a file; lines and columns from 1, the end exclusive.",
    "required": ["code", "severity", "message"],
    "properties": {
        "code": {"type": "string", "pattern": "^RT[0-9]{3}$", "description": "What it is."},
        "severity": {"type": "string", "enum": ["error", "warning"]},
        "message": {"type": "string"},
        "file": _optional("string", "The file."),
        "line": _optional("integer", "The line."),
        "column": _optional("integer", "The column."),
        "end_line": _optional("integer", "The line of the end."),
        "end_column": _optional("integer", "The column of the end."),
        "help": _optional("string", "A way out."),
    },
}

COMPONENTS: dict[str, Schema] = {"Diagnostic": DIAGNOSTIC, "Result": _result(), **_why()}
