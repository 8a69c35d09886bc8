"""The JSON Schema (draft-07) of result.json, made from the declarations of metrics and reasons."""

from __future__ import annotations

from typing import Any

from rtrade.catalog.metrics import METRICS, Metric
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REFUSALS

Schema = dict[str, Any]

_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"
_HEX = "^[0-9a-f]{64}$"

_REFUSED = {
    "in_position": "the position held is on the other side and stays",
    "conflict": "both entry rules were true",
    "exiting": "its exit rule was true too, or a position in its direction leaves at this close",
    "ruin": "equity had fallen to 0 or below",
    "max_drawdown": "max_drawdown had ended trading",
    "daily_loss": "the day's loss had reached its limit",
    "cooldown": "too soon after an exit",
    "warming_up": "an ATR or volatility that it needs was not ready, or volatility was 0",
    "risk_veto": "the risk level allows no position",
    "no_cash": "no cash was left after the exit",
    "below_minimum": "the size came to less than the venue allows",
}


def result_schema() -> Schema:
    """Return the schema of result.json, and of what `rtrade run --json` prints."""
    properties = {
        "run_id": _text("The folder's name: strategy, and ten hex digits of fingerprint + engine."),
        "fingerprint": _text("sha256 over everything that can change the result.", pattern=_HEX),
        "strategy": _text("The strategy's name."),
        "engine": _text("The engine that ran it."),
        "data": _data(),
        "metrics": _object(
            "Fractions are fractions: 0.12 is 12 %. A null has its reason in `warnings`.",
            {metric.name: _metric(metric) for metric in METRICS},
        ),
        "trades": _trades(),
        "refused": _object(
            "Closes at which an entry rule was true and no entry followed, by the first reason.",
            {reason: _count(f"Closes at which {_REFUSED[reason]}.", low=1) for reason in REFUSALS},
            required=(),
        ),
        "warnings": {
            "type": "array",
            "description": "What to know before believing the result, a sentence each.",
            "items": _text("A sentence."),
        },
    }
    printed = {
        "verified": _verified(),
        "llm": _llm(),
        "report": _text("Absolute path of the report; only in what `--json` prints."),
    }
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The result of a run (result.json)",
    }
    return head | _object(
        "What one run came to. Times are ISO-8601 UTC, the open time of the bar in which the "
        "thing happened.",
        properties | printed,
        required=tuple(properties),
    )


def _verified() -> Schema:
    difference = _object(
        "The first difference; null where there is none.",
        {
            "time": _time("The bar in which it is.", null=True),
            "what": _text("What differs."),
            "values": _pair("What each engine says, numbers to the last digit."),
        },
    )
    return _object(
        "What came of `--verify`; not there without. It depends on the run alone.",
        {
            "engines": _pair("The engine of the run, and the one that it was compared with."),
            "equal": {"type": "boolean", "description": "Whether they agree to the bit."},
            "bars": _count("Bars that were compared."),
            "fills": _count("Fills of the run."),
            "sha256": _text("sha256 of its fills, floats to the last bit.", pattern=_HEX),
            "difference": {**difference, "type": ["object", "null"]},
        },
    )


def _llm() -> Schema:
    digest = {"sha256": _text("sha256 over all decisions; part of the fingerprint.", pattern=_HEX)}
    answers = _object(
        "The answers that the run rests on, and what they took when they were given.",
        digest | _spent(),
    )
    printed = {
        "calls": _count("Requests sent; this and what follows: this time, only in `--json`."),
        "cached": _count("Decision points that were stored already."),
        **_spent(),
    }
    always = {
        **_asked(),
        "answers": answers,
        "returns": _object(
            "What is left of the total return when the answers are paid for.",
            {
                "gross": _number("The total return.", null=True),
                "net": _number("The same less the cost of the answers.", null=True),
                "break_even_cash": _number(
                    "The cash at which that return just pays for the answers; null where there is "
                    "no gain.",
                    null=True,
                ),
            },
        ),
        "signals": {
            "type": "array",
            "description": "By signal, as in the file.",
            "items": _llm_signal(),
        },
    }
    return _object(
        "The language models that were asked; not there where none was.",
        always | printed,
        required=tuple(always),
    )


def _llm_signal() -> Schema:
    flag = {"type": "boolean"}
    return _object(
        "One signal that a model answers.",
        {
            "signal": _text("Its name."),
            **_asked(),
            "anonymized": {**flag, "description": "Whether prompts hid the symbol and the dates."},
            "demonstration": {**flag, "description": "Whether it is the embedded model."},
            "knowledge_cutoff": _time("When what the model has read ends.", null=True),
        },
    )


def _asked() -> Schema:
    return {
        "provider": _text("Its source."),
        "model": _text("The model asked for."),
        "valid": {
            "type": "boolean",
            "description": "False where more points abstained than `on_failure` allows.",
        },
        "decisions": _count("Decision points."),
        "abstained": _count("Decision points without a valid answer."),
        "invalid": _count("Replies that were no valid answer, repaired or not."),
    }


def _spent() -> Schema:
    return {
        "prompt_tokens": _count("Tokens of prompts, equal requests counted once."),
        "completion_tokens": _count("Tokens of replies."),
        "cost_usd": _number("US dollars; null where prices are not known.", null=True),
    }


def _data() -> Schema:
    filters = _object(
        "What the venue allows, as it was in force.",
        {
            "lot": _number("Step of sizes, base units.", exclusiveMinimum=0),
            "tick": _number("Step of prices, quote units; null: none.", null=True),
            "min_notional": _number("Least notional of an entry, quote units.", null=True),
        },
    )
    return _object(
        "The bars of the run; those read before its first bar count in `sha256` only.",
        {
            "source": _text("Name of the source."),
            "symbol": _text("What was traded."),
            "timeframe": _text("Length of a bar.", pattern=r"^[1-9]\d*[smhdwM]$"),
            "start": _time("Open of the run's first bar; null without bars.", null=True),
            "end": _time("Close of the run's last bar: not part of the run.", null=True),
            "bars": _count("Bars of the run."),
            "gaps": _count("Holes between its bars."),
            "missing": _count("Bars that are missing in the holes."),
            "quality": _quality(),
            "filters": filters,
            "sha256": _text(
                "sha256 of the traded series, with the bars read before the run.", pattern=_HEX
            ),
            "synthetic": {
                "type": "boolean",
                "description": "True where prices are generated and say nothing about a market.",
            },
        },
    )


def _quality() -> Schema:
    return _object(
        "What the bars of the run are like, and what the source's quality policy did to them.",
        {
            "filled": _count("Bars put into holes: the close before, no volume."),
            "halts": _count("Bars of one price and without volume."),
            "outliers": _count("Bars unlike those before."),
            "partial": _count("Bars put together from fewer finer bars than fill them."),
            "repaired": _count("Bars whose high or low was moved to hold the other prices."),
            "dropped": _count("Rows left out between the first bar and the last."),
            "longest_gap": _count("Bars missing in the longest hole that is left."),
        },
    )


def _trades() -> Schema:
    return {
        "type": "array",
        "description": "Trades by entry time; a position open at the end is the last one.",
        "items": _trade(),
    }


def _trade() -> Schema:
    reasons = [*BAR_EXITS, *CLOSE_EXITS]
    return _object(
        "A position from entry to exit.",
        {
            "symbol": _text("What was traded."),
            "side": _text("Direction.", enum=["long", "short"]),
            "entry_time": _time("Open time of the bar of the entry."),
            "entry_price": _number("Fill price, slippage included, quote units."),
            "exit_time": _time("Open time of the bar of the exit; null while open.", null=True),
            "exit_price": _number("Fill price of the exit; null while open.", null=True),
            "size": _number("Base units.", exclusiveMinimum=0),
            "pnl": _number("Quote units, after commissions; marked at the last close while open."),
            "return": _number("pnl / entry notional."),
            "fees": _number("Commissions, quote units.", minimum=0),
            "bars": _count("Index of the exit's bar - index of the entry's."),
            "entry_reason": _text("The rule that opened it.", enum=list(ENTRY_REASONS)),
            "exit_reason": {
                "type": ["string", "null"],
                "enum": [*reasons, None],
                "description": "What closed it; null while open.",
            },
        },
    )


def _metric(metric: Metric) -> Schema:
    kind = "integer" if metric.integer else "number"
    low = {} if metric.low is None else {"minimum": metric.low}
    return {
        "type": kind if metric.name == "trades" else [kind, "null"],
        "description": f"{metric.doc} Unit: {metric.unit}. Formula: {metric.formula}.",
        **low,
    }


def _object(
    description: str, properties: Schema, required: tuple[str, ...] | None = None
) -> Schema:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "required": list(properties if required is None else required),
        "properties": properties,
    }


def _text(description: str, **limits: Any) -> Schema:
    return {"type": "string", "description": description, **limits}


def _time(description: str, *, null: bool = False) -> Schema:
    kind = ["string", "null"] if null else "string"
    return {"type": kind, "description": description, "pattern": _TIME}


def _number(description: str, *, null: bool = False, **limits: Any) -> Schema:
    kind = ["number", "null"] if null else "number"
    return {"type": kind, "description": description, **limits}


def _pair(description: str) -> Schema:
    return {
        "type": "array",
        "description": description,
        "items": _text("A text."),
        "minItems": 2,
        "maxItems": 2,
    }


def _count(description: str, low: int = 0) -> Schema:
    return {"type": "integer", "description": description, "minimum": low}
