"""Tell whether a value fits a JSON Schema, for the parts of draft-07 that ours are made of.

Most files are right, and jsonschema costs more to import than a file to check. So this is asked
first; of what does not fit, jsonschema says why. The tests hold the two to the same verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _number(value) and (isinstance(value, int) or value.is_integer()),
    "null": lambda value: value is None,
    "number": lambda value: _number(value),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
# What is said to people and to editors.
_SAID = {"$schema", "default", "defaultSnippets", "description", "doNotSuggest", "errorMessage",
         "examples", "format", "title"}  # fmt: skip


def fits(value: Any, schema: Any) -> bool:
    """Tell whether `value` fits `schema`; raise KeyError for a keyword that is not known."""
    return all(
        _KEYWORDS[name](value, given, schema) for name, given in schema.items() if name not in _SAID
    )


def matches(pattern: str, text: str) -> bool:
    """Match as editors do: `$` is the end of the text, not the line break before it."""
    return re.search(pattern, text) is not None and not text.endswith("\n")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type(value: Any, given: Any, _: Any) -> bool:
    return any(_TYPES[name](value) for name in ([given] if isinstance(given, str) else given))


def _additional(value: Any, given: Any, schema: Any) -> bool:
    if not isinstance(value, dict):
        return True
    others = [value[key] for key in value if key not in schema.get("properties", {})]
    if isinstance(given, bool):
        return given or not others
    return all(fits(one, given) for one in others)


def _properties(value: Any, given: Any, _: Any) -> bool:
    return not isinstance(value, dict) or all(
        fits(value[key], part) for key, part in given.items() if key in value
    )


def _among(value: Any, given: Any, _: Any) -> bool:
    # 1 and true are equal in Python only.
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in given)


_KEYWORDS: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "additionalProperties": _additional,
    "allOf": lambda value, given, _: all(fits(value, part) for part in given),
    "anyOf": lambda value, given, _: any(fits(value, part) for part in given),
    "enum": _among,
    "exclusiveMinimum": lambda value, given, _: not _number(value) or value > given,
    "if": lambda value, given, schema: not fits(value, given) or fits(value, schema["then"]),
    "items": lambda value, given, _: (
        not isinstance(value, list) or all(fits(one, given) for one in value)
    ),
    "maximum": lambda value, given, _: not _number(value) or value <= given,
    "minItems": lambda value, given, _: not isinstance(value, list) or len(value) >= given,
    "minLength": lambda value, given, _: not isinstance(value, str) or len(value) >= given,
    "minProperties": lambda value, given, _: not isinstance(value, dict) or len(value) >= given,
    "minimum": lambda value, given, _: not _number(value) or value >= given,
    "not": lambda value, given, _: not fits(value, given),
    "pattern": lambda value, given, _: not isinstance(value, str) or matches(given, value),
    "properties": _properties,
    "propertyNames": lambda value, given, _: (
        not isinstance(value, dict) or all(fits(key, given) for key in value)
    ),
    "required": lambda value, given, _: (
        not isinstance(value, dict) or all(key in value for key in given)
    ),
    "then": lambda *_: True,  # with its `if`
    "type": _type,
}
