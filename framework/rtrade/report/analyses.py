"""What a model said of the market, as a list of facts: text that is shown, and never acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rtrade.report.context import Fact


def analysis_facts(document: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return the facts of an analysis, as `rtrade llm analyze` writes it."""
    return tuple(Fact(title, text, doc, None, code=False) for title, text, doc in _facts(document))


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    found = document["analysis"]
    moment = f"the close at {document['close_time']}, {document['close']:,.8g}"
    yield "Of", moment, "Computed from bars up to this one."
    yield "By", f"{document['model']} ({document['provider']})", _sentence(caution(document))
    yield "Trend", found["trend"], ""
    below, above = found["support_bps"] / 100, found["resistance_bps"] / 100
    yield "Support", f"{found['support']:,.8g}", f"{below:.2f} % below the close."
    yield "Resistance", f"{found['resistance']:,.8g}", f"{above:.2f} % above the close."
    yield "Risk", found["risk"], ""
    advice = f"{found['recommendation']}, confidence {found['confidence']}"
    yield "Recommendation", advice, "No rule reads it."
    yield "Summary", found["summary"], ""


def caution(document: Mapping[str, Any]) -> str:
    """Say how far an analysis can be believed, by what its model may have read."""
    if document["demonstration"]:
        return "a demonstration: it has no skill at trading"
    if document["before_cutoff"] is None:
        return "when what it has read ends is not known: it may know what came next"
    if document["before_cutoff"]:
        return f"it has read up to {document['knowledge_cutoff']}: it may know what came next"
    return "what it has read ends before this moment"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
