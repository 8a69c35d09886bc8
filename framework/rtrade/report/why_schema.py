"""The JSON Schema (draft-07) of what `rtrade why --json` prints."""

from __future__ import annotations

from typing import Any

from rtrade.analysis.schema_parts import Schema, count, number, object_, text, time
from rtrade.analysis.why import EFFECTS, FALSE, FORMS, TRUE, UNKNOWN
from rtrade.catalog.registry import Unit
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REASONS, REFUSALS
from rtrade.plan.build import RULES

_STATES = [TRUE, FALSE, UNKNOWN]
_CONDITION = "#/definitions/condition"


def why_schema() -> Schema:
    """Return the schema of an explanation."""
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Why a run did what it did at a bar (`rtrade why --json`)",
        "definitions": {"condition": _condition()},
    }
    properties = {
        "summary": text("What was done at the bar, and why, in a line."),
        "run_id": text("The run."),
        "strategy": text("The strategy's name."),
        "symbol": text("What was traded."),
        "timeframe": text("Length of a bar, such as `1h`."),
        "at": time("The open of the bar."),
        "closes": time("Its close, at which rules are judged."),
        "bar": count("Its place in the run, from 0."),
        "bars": count("Bars of the run."),
        "candle": _candle(),
        "differs": _list(
            "Why the run does not come out again as it was, a sentence each; empty where it does. "
            "All the rest is of the run as it comes out now.",
            text("A sentence."),
        ),
        "rules": _list("The four rules.", _rule()),
        "decision": _decision(),
        "fills": _list("Fills inside the bar.", _fill()),
        "worked": _list("Levels of a position that worked in the bar.", _level()),
        "next": _list("Fills at the next open that follow from this close.", _fill()),
        "account": _account(),
        "position": _null(_position()),
        "models": _list("What the strategy's models had answered.", _model()),
    }
    return head | object_(
        "Everything on a bar of a run, traded or not. Times are ISO-8601 UTC; fractions are "
        "fractions: 0.12 is 12 %; money is in quote units, sizes in base units.",
        properties,
    )


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _one_of(description: str, names: tuple[str, ...], *, none: bool = False) -> Schema:
    """Return the schema of a name; `none`: empty where there is none."""
    return text(description, enum=[*names, ""] if none else list(names))


def _scalar(description: str) -> Schema:
    return {"type": ["number", "string", "boolean", "null"], "description": description}


def _candle() -> Schema:
    names = ("open", "high", "low", "close", "volume")
    return object_("The bar.", {name: number(f"Its {name}.") for name in names})


def _rule() -> Schema:
    return object_(
        "A rule at this close.",
        {
            "name": _one_of("Which.", RULES),
            "state": text("What it was; empty where there is none.", enum=[*_STATES, ""]),
            "effect": _one_of(
                "It acts, its entry is refused, it is true and has nothing to do, or is not true.",
                EFFECTS,
            ),
            "condition": {
                "description": "What it is made of; null where the strategy has no such rule.",
                "anyOf": [{"$ref": _CONDITION}, {"type": "null"}],
            },
            "sentence": text("What came of it."),
        },
    )


def _condition() -> Schema:
    far = object_(
        "How far it was from turning over.",
        {
            "absolute": number("In the unit of its sides.", minimum=0),
            "relative": number("Of the threshold; null where that is 0.", null=True, minimum=0),
        },
    )
    bars = {"type": ["integer", "null"], "minimum": 0}
    return object_(
        "A condition, or a part of one.",
        {
            "text": text("The expression as it is written."),
            "form": _one_of("What it is.", FORMS),
            "state": text("What it was.", enum=_STATES),
            "decides": _flag("Whether the state of what it is a part of hangs on it."),
            "op": text("The operator or the function; empty for a signal and what is past."),
            "values": _list("Both sides, or the inputs.", _value()),
            "threshold": {
                **bars,
                "description": "The place in `values` of what the other is held against.",
            },
            "distance": _null(far),
            "count": {**bars, "description": "Bars that a window counts."},
            "wanted": {**bars, "description": "Bars that it asks for."},
            "reason": text("Why it is unknown; empty where it is not."),
            "note": text(
                "Of a crossing that is not true: `short` of the threshold, or beyond it `already`; "
                "else what there is to know besides."
            ),
            "formula": text("What the name of a signal stands for, as it is written."),
            "sentence": text("Its values, and what it lacked to be true."),
            "parts": _list("What it is made of.", {"$ref": _CONDITION}),
        },
    )


def _value() -> Schema:
    units = (*(str(unit) for unit in Unit if unit is not Unit.INPUT), "text")
    return object_(
        "A side of a comparison, or an input.",
        {
            "text": text("What the strategy says."),
            "value": _scalar("Its value; null where it is unknown."),
            "unit": _one_of("What it measures.", units),
            "formula": text("What it stands for; empty where it says that itself."),
            "before": _scalar("Its value a bar before, where the condition looks at it."),
            "constant": _flag("Whether it is the same at all bars."),
            "time": time("The bar that it is of, where it is of a slower series.", null=True),
        },
    )


def _decision() -> Schema:
    cut = object_(
        "What made the entry smaller.",
        {
            "by": _one_of("What did.", ("scale_by", "risk_levels", "cash")),
            "before": number("Base units before."),
            "after": number("Base units after."),
        },
    )
    return object_(
        "What follows from this close.",
        {
            "exit": _one_of("Why the position leaves.", CLOSE_EXITS, none=True),
            "entry": _one_of("Which side is entered.", ENTRY_REASONS, none=True),
            "refused": _one_of("Why an entry is refused.", REFUSALS, none=True),
            "carried": _flag("False at the run's last close, whose decisions come to nothing."),
            "waiting": _list("What an entry needs and was not known.", text("Its name.")),
            "minimum": number("Least notional of an entry; null: none.", null=True),
            "cuts": _list("What made the entry smaller.", cut),
        },
    )


def _fill() -> Schema:
    return object_(
        "An execution.",
        {
            "time": time("The open of its bar."),
            "direction": _one_of("Which way.", ("buy", "sell")),
            "size": number("Base units.", exclusiveMinimum=0),
            "price": number("Its price."),
            "reference": number("The price before slippage."),
            "slippage": number("What slippage cost.", minimum=0),
            "fee": number("The commission.", minimum=0),
            "reason": _one_of("Why.", REASONS),
            "level": number("The level that was reached; null for market orders.", null=True),
        },
    )


def _level() -> Schema:
    return object_(
        "A protective level.",
        {
            "name": _one_of("Which.", BAR_EXITS),
            "price": number("Where it is."),
            "move": number(
                "The move of the price that reaches it, a fraction: from the close, or for a level "
                "that worked in the bar from the low or high that came nearest to it."
            ),
            "counts": _flag("False for a stop behind another one."),
            "reached": _flag("Whether the bar reached it."),
        },
    )


def _account() -> Schema:
    return object_(
        "The account at this close.",
        {
            "equity": number("Cash and position."),
            "cash": number("The ledger; it holds a short's proceeds."),
            "peak": number("Highest equity at a close so far."),
            "drawdown": number("How far equity is below it, a fraction.", minimum=0),
            "day_reference": number("The equity that the day's loss is measured from."),
            "day_return": number("The day so far; null where that was 0.", null=True),
            "max_drawdown": number("The limit; null: none.", null=True, minimum=0),
            "daily_loss": number("The limit; null: none.", null=True, minimum=0),
            "cooldown": _null(count("Closes after an exit at which entries are refused.")),
            "cooldown_left": count("How many of them are left, this one included."),
            "stopped": _one_of(
                "The limit that has ended trading, `daily_loss` for the day.",
                ("ruin", "max_drawdown", "daily_loss"),
                none=True,
            ),
        },
    )


def _position() -> Schema:
    return object_(
        "The position at this close; null: none.",
        {
            "side": _one_of("Which side.", ("long", "short")),
            "size": number("Base units.", exclusiveMinimum=0),
            "entry_time": time("The open of its first bar."),
            "entry_price": number("The price of its entry."),
            "bars": count("Bars held, the first included.", low=1),
            "profit": number("At the close, net of the entry's commission."),
            "levels": _list("Its levels from here on.", _level()),
            "time_exit": _null(count("Bars after which it leaves; null: none.", low=1)),
        },
    )


def _model() -> Schema:
    answer: dict[str, Any] = {
        "type": ["object", "null"],
        "description": "The fields of the answer; null: there is none, `why` says why.",
        "additionalProperties": {"type": ["string", "integer"]},
    }
    reply = {"type": ["string", "null"], "description": "A reply; null where none came."}
    vote = object_(
        "A request.",
        {
            "prompt": text("What was asked."),
            "reply": reply,
            "answer": answer,
            "why": text("Why the reply is no answer; empty where it is one."),
            "rejected": _list("Replies that were asked for again.", reply),
            "cached": _flag("Whether an equal question came before in the run."),
        },
    )
    whole = {"type": ["integer", "null"], "minimum": 0}
    return object_(
        "The answer of a model that applied at this close.",
        {
            "signal": text("The signal that it answers."),
            "provider": text("Its source."),
            "model": text("The model asked."),
            "asked_at": time("The bar at whose close it was asked; null: none applied.", null=True),
            "here": _flag("Whether that is this bar."),
            "bars_ago": {**whole, "description": "How many bars ago that was."},
            "valid_for": {**whole, "description": "Closes an answer applies to; null: no limit."},
            "answer": answer,
            "why": text("Why there is no answer; empty where there is one."),
            "templates": _list("The files of its prompts.", text("A path.")),
            "votes": _list("The requests.", vote),
        },
    )
