"""What the schemas of all files are built from: texts, quantities, closed mappings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.catalog.risk import ATR_DISTANCE
from rtrade.config import formats
from rtrade.config.document import Path
from rtrade.config.formats import FORMATS

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"


def dump(schema: Schema) -> str:
    """Return the text of a schema file: keys in their order here, two spaces, a final newline."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def subschema(schema: Schema, path: Path) -> Schema | None:
    """Return the schema of the value at `path`, or None where nothing is known there."""
    found: Any = schema
    for part in path:
        if isinstance(part, int):
            found = found.get("items")
        else:
            found = found.get("properties", {}).get(part, found.get("additionalProperties"))
        if not isinstance(found, dict):
            return None
    return found if isinstance(found, dict) else None


def quantity(declared: Quantity) -> Schema:
    """Return the schema of one quantity."""
    measure = declared.measure
    numeric, textual = {
        Measure.FRACTION: (None, True),
        Measure.DISTANCE: (None, True),
        Measure.LENGTH: (None, True),
        Measure.BARS: ("integer", True),
        Measure.MONEY: ("number", True),
        Measure.AMOUNT: ("number", False),
        Measure.INTEGER: ("integer", False),
    }[measure]
    types = [name for name in (numeric, "string" if textual else None) if name is not None]
    schema: Schema = {"description": declared.doc}
    if measure is Measure.DISTANCE:
        types.append("object")
        schema |= members({one.name: quantity(one) for one in ATR_DISTANCE}, ["atr"])
    schema = {"type": types if len(types) > 1 else types[0], **schema}
    if textual:
        schema |= {"format": str(measure), "pattern": f"^({FORMATS[measure].pattern})$"}
    if numeric is not None:
        schema |= _range(declared)
    if declared.default is not None:
        schema["default"] = declared.default
    schema["examples"] = [_example(declared.example)]
    return schema


def _range(declared: Quantity) -> Schema:
    ends: Schema = {"exclusiveMinimum" if declared.low_open else "minimum": declared.low}
    if declared.high != float("inf"):
        ends["exclusiveMaximum" if declared.high_open else "maximum"] = declared.high
    return ends


def _example(text: str) -> str | int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def text(name: str, description: str, example: str, **more: Any) -> Schema:
    """Return the schema of a text of one of the formats."""
    schema: Schema = {"type": "string", "description": description, "format": name}
    if FORMATS[name].pattern is not None:
        schema["pattern"] = f"^({FORMATS[name].pattern})$"
    return {**schema, **more, "examples": [example]}


def members(properties: Schema, required: Iterable[str] = ()) -> Schema:
    """Return the part of a schema that closes a mapping to its properties."""
    schema: Schema = {"properties": properties, "additionalProperties": False}
    if needed := list(required):
        schema["required"] = needed
    return schema


def mapping(description: str, properties: Schema, required: Iterable[str] = ()) -> Schema:
    """Return the schema of a closed mapping."""
    return {"type": "object", "description": description, **members(properties, required)}


def named(description: str, values: Schema) -> Schema:
    """Return the schema of a mapping whose keys are names of the user's own."""
    names = {"pattern": f"^({FORMATS[formats.NAME].pattern})$", "format": formats.NAME}
    return {
        "type": "object",
        "description": description,
        "propertyNames": names,
        "additionalProperties": values,
    }


def root(title: str, description: str, properties: Schema, required: Iterable[str]) -> Schema:
    """Return the schema of a whole file."""
    return {"$schema": DRAFT, "title": title, **mapping(description, properties, required)}


def version() -> Schema:
    """Return the schema of the version of the format."""
    return {
        "enum": [1],
        "format": formats.VERSION,
        "description": "Version of the file format.",
        "examples": [1],
    }
