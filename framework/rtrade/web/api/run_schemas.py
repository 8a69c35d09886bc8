"""JSON Schemas of what is answered about runs, and of what is read of them."""

from __future__ import annotations

from typing import Any

from rtrade.analysis.record import TRADE_KEYS
from rtrade.analysis.schema import result_schema
from rtrade.catalog.metrics import METRICS
from rtrade.web.components import COMPONENTS
from rtrade.workflow.runs import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TAGS: Schema = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_TAG,
              "pattern": r"^[^\s,\u0000-\u001f\u007f]+$"},
    "maxItems": MOST_TAGS,
}  # fmt: skip
_NOTE: Schema = {
    "type": "string",
    "maxLength": LONGEST_NOTE,
    "pattern": r"^[^\u0000-\u0008\u000b-\u001f\u007f]*$",
}


def object_of(properties: Schema, description: str = "", required: Any = None) -> Schema:
    """Return the schema of an object that holds these properties and no others."""
    made: Schema = {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties if required is None else required),
        "properties": properties,
    }
    return {**made, "description": description} if description else made


def or_null(kind: str) -> Schema:
    """Return the schema of a value that may be null."""
    return {"type": [kind, "null"]}


COMPONENTS["Run"] = object_of(
    {
        "run_id": TEXT,
        "strategy": TEXT,
        "symbol": TEXT,
        "timeframe": TEXT,
        "engine": TEXT,
        "source": TEXT,
        "start": or_null("string"),
        "end": or_null("string"),
        "bars": _COUNT,
        "synthetic": {"type": "boolean"},
        "valid": {"type": "boolean", "description": "False: it cannot be believed."},
        "warnings": {**_COUNT, "description": "How many there are."},
        "started": {"type": "integer", "description": "When it was carried out (ms)."},
        "metrics": object_of(
            {metric.name: {**or_null("number"), "description": metric.doc} for metric in METRICS}
        ),
        "equity": {**_NUMBERS, "description": "A small line: closes, evenly spaced."},
        "tags": {"type": "array", "items": TEXT},
        "note": TEXT,
    },
    "A run as lists have it.",
)

RUN: str = "Run"

RUNS = object_of(
    {
        "total": {**_COUNT, "description": "Runs that are meant, on all pages."},
        "runs": {"type": "array", "items": {"$ref": "#/components/schemas/Run"}},
        "broken": {
            "type": "array",
            "description": "Folders that do not hold what a run writes.",
            "items": object_of({"run_id": TEXT, "detail": TEXT}),
        },
    }
)

_TRADE = result_schema()["properties"]["trades"]["items"]
assert list(_TRADE["properties"]) == list(TRADE_KEYS)

TRADES = object_of(
    {
        "total": {**_COUNT, "description": "Trades of the run."},
        "trades": {"type": "array", "items": _TRADE},
    }
)

EQUITY = object_of(
    {
        "bars": {**_COUNT, "description": "Bars of the range; there may be fewer values."},
        "time": {"type": "array", "items": {"type": "integer"}, "description": "Opens (ms)."},
        "equity": {**_NUMBERS, "description": "Quote units, at the close."},
        "position": {**_NUMBERS, "description": "Base units, signed."},
        "benchmark": {**_NUMBERS, "description": "Buy and hold, quote units."},
    }
)

_COLUMN = object_of(
    {
        "t": {
            "enum": ["i1", "i4", "f4", "f8"],
            "description": "Little-endian whole numbers, floats.",
        },
        "b": {**TEXT, "contentEncoding": "base64"},
        "o": {"type": "integer", "description": "Of i4: what is added to each value."},
        "d": {"type": "integer", "description": "Of i4: the decimals of a value before that."},
    },
    "Numbers in base64: o + stored / 10^d where these are given.",
    required=("t", "b"),
)
_DRAWN = ("time", "open", "high", "low", "close", "volume", "equity", "benchmark", "drawdown",
          "invested")  # fmt: skip
CHART = object_of(
    {
        "candle": {**TEXT, "description": "The time that a candle covers, such as 4h."},
        "whole": {"type": "boolean", "description": "Whether each candle is one bar."},
        "level": object_of(
            {
                **{name: {"$ref": "#/components/schemas/Column"} for name in _DRAWN},
                "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Column"}},
            },
            "A value per candle: times in seconds, prices, equity and benchmark in quote units, "
            "drawdown and invested as fractions, and the signals in the order of the report.",
        ),
    }
)
COMPONENTS["Column"] = _COLUMN

MARKS = object_of({"tags": _TAGS, "note": _NOTE}, required=())
