"""JSON Schemas of jobs, and of what starts them."""

from __future__ import annotations

from typing import Any

from rtrade.config.formats import FORMATS, SOURCE, SYMBOL, TIMEFRAME
from rtrade.config.reader import MAX_BYTES
from rtrade.execution.engines import COMPILED, DEFAULT_ENGINE
from rtrade.web.api.run_schemas import TEXT, object_of, or_null
from rtrade.web.components import COMPONENTS
from rtrade.web.jobs import STATES
from rtrade.web.parameters import EARLIEST, LATEST
from rtrade.workflow.strategies import NAME

Schema = dict[str, Any]


def _format(name: str) -> Schema:
    return {"type": "string", "pattern": f"^({FORMATS[name].pattern})$", "maxLength": 64}


_MOMENT: Schema = {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}

# What a strategy is taken from, and what is said instead of it.
STRATEGY_KEYS: Schema = {
    "strategy": {
        "type": "string",
        "pattern": f"^{NAME}$",
        "description": "The name of a file in strategies/, without .yaml.",
    },
    "yaml": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_BYTES,
        "description": "The text of a strategy instead; its sources are names too.",
    },
    "set": {
        "type": "array",
        "items": {"type": "string", "maxLength": 500, "pattern": r"^[^\r\n]+$"},
        "maxItems": 50,
        "description": "Values instead of the file's, such as params.fast=12.",
    },
    "source": {**_format(SOURCE), "description": "The name of another source for the bars."},
    "symbol": {**_format(SYMBOL), "description": "Another symbol."},
    "from": {**_MOMENT, "description": "First bar, inclusive (ms)."},
    "to": {**_MOMENT, "description": "End, exclusive (ms)."},
    "last": {
        "type": "string",
        "pattern": r"^[1-9][0-9]{0,5}([smhdw]| ?bars?)$",
        "description": "The last stretch of the data, such as 30d.",
    },
    "engine": {"type": "string", "enum": [DEFAULT_ENGINE, COMPILED]},
}
_ONE_OF: list[Schema] = [{"required": ["strategy"]}, {"required": ["yaml"]}]

CHECK_REQUEST = {**object_of(STRATEGY_KEYS, required=()), "oneOf": _ONE_OF}

RUN_REQUEST = {
    **object_of(
        {
            **STRATEGY_KEYS,
            "verify": {"type": "boolean", "description": "Run the other engine too and compare."},
            "offline": {"type": "boolean", "description": "Fetch nothing, ask nothing."},
        },
        required=(),
    ),
    "oneOf": _ONE_OF,
}

SYNC_REQUEST = object_of(
    {
        "source": {**_format(SOURCE), "description": "The name of a source of kind exchange."},
        "symbols": {"type": "array", "items": _format(SYMBOL), "minItems": 1, "maxItems": 20},
        "timeframe": _format(TIMEFRAME),
        "from": {**_MOMENT, "description": "First bar, inclusive (ms)."},
        "to": {**_MOMENT, "description": "End, exclusive (ms); default: the last closed bar."},
    },
    required=("source", "symbols", "timeframe", "from"),
)

COMPONENTS["Job"] = object_of(
    {
        "id": TEXT,
        "kind": {"type": "string", "enum": ["run", "sync"]},
        "title": TEXT,
        "state": {"type": "string", "enum": list(STATES)},
        "created": {"type": "integer", "description": "When it was asked for (ms)."},
        "started": {**or_null("integer"), "description": "When it began (ms)."},
        "ended": {**or_null("integer"), "description": "When it was over (ms)."},
        "result": {
            **or_null("object"),
            "description": "Of a run its `run_id` and whether it is `valid`; of a sync `series`.",
        },
        "error": {
            **or_null("object"),
            "description": "Why it failed: `kind`, `message`, `hint`, `diagnostics`.",
        },
        "progress": {**or_null("object"), "description": "What it told last."},
    },
    "A run or a sync that was started over HTTP.",
)
JOB = "Job"
JOBS = object_of({"jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}})
