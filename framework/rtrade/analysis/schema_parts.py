"""Pieces that the JSON Schema of a result is put together from."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"


def object_(
    description: str, properties: Schema, required: tuple[str, ...] | None = None
) -> Schema:
    """Return the schema of an object; None: all its properties are required."""
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "required": list(properties if required is None else required),
        "properties": properties,
    }


def text(description: str, **limits: Any) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", "description": description, **limits}


def time(description: str, *, null: bool = False) -> Schema:
    """Return the schema of a time."""
    kind = ["string", "null"] if null else "string"
    return {"type": kind, "description": description, "pattern": TIME}


def number(description: str, *, null: bool = False, **limits: Any) -> Schema:
    """Return the schema of a number."""
    kind = ["number", "null"] if null else "number"
    return {"type": kind, "description": description, **limits}


def pair(description: str) -> Schema:
    """Return the schema of two texts."""
    return {
        "type": "array",
        "description": description,
        "items": text("A text."),
        "minItems": 2,
        "maxItems": 2,
    }


def count(description: str, low: int = 0) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "description": description, "minimum": low}
