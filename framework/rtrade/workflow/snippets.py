"""What editors offer to write: snippets in the schemas that are shipped, made from the catalog.

The loader's own schema has none: they are no concern of what is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtrade.workflow.cataloguing import cards

Schema = dict[str, Any]

_CONDITIONS = {
    "crosses_above(fast, slow)": "One line comes from below the other.",
    "crosses_below(fast, slow)": "One line comes from above the other.",
    "close > highest(high, 20)[1]": "A breakout over the bars before.",
    "close < lowest(low, 20)[1]": "A breakdown under the bars before.",
    "rsi(close, 14) < 30": "An oscillator at the end of its range.",
    "occurred_within(close > open, 5)": "Something was true not long ago.",
}


def with_snippets(schema: Mapping[str, Any]) -> Schema:
    """Return the schema of a strategy with snippets for the file, its signals and its rules."""
    properties = dict(schema["properties"])
    signals = dict(properties["signals"])
    signals["additionalProperties"] = {
        **signals["additionalProperties"],
        "defaultSnippets": [_asking(), *(_snippet(card.example, card.doc) for card in cards())],
    }
    rules = dict(properties["rules"])
    offered = [_snippet(text, doc) for text, doc in _CONDITIONS.items()]
    rules["properties"] = {
        name: {**rule, "defaultSnippets": offered} for name, rule in rules["properties"].items()
    }
    properties |= {"signals": signals, "rules": rules}
    return {**schema, "defaultSnippets": [_whole(properties, schema["required"])],
            "properties": properties}  # fmt: skip


def _snippet(text: str, doc: str) -> Schema:
    return {"label": text, "description": doc, "body": text}


def _asking() -> Schema:
    """Return a snippet of a signal that a model answers."""
    answer = {"action": ["buy", "sell", "hold"], "confidence": "0..100", "reason": "text"}
    llm = {"provider": "${1:local_llm}", "prompt": "prompts/${2:analyst}.j2",
           "every": "${3:24} bars", "answer": answer}  # fmt: skip
    return {"label": "llm", "description": "What a language model answers.", "body": {"llm": llm}}


def _whole(properties: Mapping[str, Any], required: list[str]) -> Schema:
    """Return a snippet of a strategy that is right, from the examples of what it must have."""
    return {
        "label": "a strategy",
        "description": "All that a strategy must say, with values to change.",
        "body": {name: _example(properties[name]) for name in required},
    }


def _example(schema: Mapping[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    names = schema.get("required", ())
    return {name: _example(schema["properties"][name]) for name in names}
