"""The JSON Schema (draft-07) of result.json, made from the declarations of metrics and reasons."""

from __future__ import annotations

from rtrade.analysis.schema_judgements import assumptions_schema, diagnoses_schema
from rtrade.analysis.schema_parts import Schema, count, number, object_, pair, text, time
from rtrade.catalog.metrics import METRICS, Metric
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REFUSALS

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
        "run_id": text("The folder's name: strategy, and ten hex digits of fingerprint + engine."),
        "fingerprint": text("sha256 over everything that can change the result.", pattern=_HEX),
        "strategy": text("The strategy's name."),
        "engine": text("The engine that ran it."),
        "data": _data(),
        "metrics": object_(
            "Fractions are fractions: 0.12 is 12 %. A null has its reason in `warnings`.",
            {metric.name: _metric(metric) for metric in METRICS},
        ),
        "trades": _trades(),
        "refused": object_(
            "Closes at which an entry rule was true and no entry followed, by the first reason.",
            {reason: count(f"Closes at which {_REFUSED[reason]}.", low=1) for reason in REFUSALS},
            required=(),
        ),
        "warnings": {
            "type": "array",
            "description": "What to know before believing the result, a sentence each.",
            "items": text("A sentence."),
        },
    }
    printed = {
        "diagnoses": diagnoses_schema(),
        "assumptions": assumptions_schema(),
        "verified": _verified(),
        "llm": _llm(),
        "report": text("Absolute path of the report; only in what `--json` prints."),
    }
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The result of a run (result.json)",
    }
    return head | object_(
        "What one run came to. Times are ISO-8601 UTC, the open time of the bar in which the "
        "thing happened.",
        properties | printed,
        required=tuple(properties),
    )


def _verified() -> Schema:
    difference = object_(
        "The first difference; null where there is none.",
        {
            "time": time("The bar in which it is.", null=True),
            "what": text("What differs."),
            "values": pair("What each engine says, numbers to the last digit."),
        },
    )
    return object_(
        "What came of `--verify`; not there without. It depends on the run alone.",
        {
            "engines": pair("The engine of the run, and the one that it was compared with."),
            "equal": {"type": "boolean", "description": "Whether they agree to the bit."},
            "bars": count("Bars that were compared."),
            "fills": count("Fills of the run."),
            "sha256": text("sha256 of its fills, floats to the last bit.", pattern=_HEX),
            "difference": {**difference, "type": ["object", "null"]},
        },
    )


def _llm() -> Schema:
    digest = {"sha256": text("sha256 over all decisions; part of the fingerprint.", pattern=_HEX)}
    answers = object_(
        "The answers that the run rests on, and what they took when they were given.",
        digest | _spent(),
    )
    printed = {
        "calls": count("Requests sent; this and what follows: this time, only in `--json`."),
        "cached": count("Decision points that were stored already."),
        **_spent(),
    }
    always = {
        **_asked(),
        "answers": answers,
        "returns": object_(
            "What is left of the total return when the answers are paid for.",
            {
                "gross": number("The total return.", null=True),
                "net": number("The same less the cost of the answers.", null=True),
                "break_even_cash": number(
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
    return object_(
        "The language models that were asked; not there where none was.",
        always | printed,
        required=tuple(always),
    )


def _llm_signal() -> Schema:
    flag = {"type": "boolean"}
    return object_(
        "One signal that a model answers.",
        {
            "signal": text("Its name."),
            **_asked(),
            "anonymized": {**flag, "description": "Whether prompts hid the symbol and the dates."},
            "demonstration": {**flag, "description": "Whether it is the embedded model."},
            "knowledge_cutoff": time("When what the model has read ends.", null=True),
        },
    )


def _asked() -> Schema:
    return {
        "provider": text("Its source."),
        "model": text("The model asked for."),
        "valid": {
            "type": "boolean",
            "description": "False where more points abstained than `on_failure` allows.",
        },
        "decisions": count("Decision points."),
        "abstained": count("Decision points without a valid answer."),
        "invalid": count("Replies that were no valid answer, repaired or not."),
    }


def _spent() -> Schema:
    return {
        "prompt_tokens": count("Tokens of prompts, equal requests counted once."),
        "completion_tokens": count("Tokens of replies."),
        "cost_usd": number("US dollars; null where prices are not known.", null=True),
    }


def _data() -> Schema:
    filters = object_(
        "What the venue allows, as it was in force.",
        {
            "lot": number("Step of sizes, base units.", exclusiveMinimum=0),
            "tick": number("Step of prices, quote units; null: none.", null=True),
            "min_notional": number("Least notional of an entry, quote units.", null=True),
        },
    )
    return object_(
        "The bars of the run; those read before its first bar count in `sha256` only.",
        {
            "source": text("Name of the source."),
            "symbol": text("What was traded."),
            "timeframe": text("Length of a bar.", pattern=r"^[1-9]\d*[smhdwM]$"),
            "start": time("Open of the run's first bar; null without bars.", null=True),
            "end": time("Close of the run's last bar: not part of the run.", null=True),
            "bars": count("Bars of the run."),
            "gaps": count("Holes between its bars."),
            "missing": count("Bars that are missing in the holes."),
            "quality": _quality(),
            "filters": filters,
            "sha256": text(
                "sha256 of the traded series, with the bars read before the run.", pattern=_HEX
            ),
            "synthetic": {
                "type": "boolean",
                "description": "True where prices are generated and say nothing about a market.",
            },
        },
    )


def _quality() -> Schema:
    return object_(
        "What the bars of the run are like, and what the source's quality policy did to them.",
        {
            "filled": count("Bars put into holes: the close before, no volume."),
            "halts": count("Bars of one price and without volume."),
            "outliers": count("Bars unlike those before."),
            "partial": count("Bars put together from fewer finer bars than fill them."),
            "repaired": count("Bars whose high or low was moved to hold the other prices."),
            "dropped": count("Rows left out between the first bar and the last."),
            "longest_gap": count("Bars missing in the longest hole that is left."),
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
    return object_(
        "A position from entry to exit.",
        {
            "symbol": text("What was traded."),
            "side": text("Direction.", enum=["long", "short"]),
            "entry_time": time("Open time of the bar of the entry."),
            "entry_price": number("Fill price, slippage included, quote units."),
            "exit_time": time("Open time of the bar of the exit; null while open.", null=True),
            "exit_price": number("Fill price of the exit; null while open.", null=True),
            "size": number("Base units.", exclusiveMinimum=0),
            "pnl": number("Quote units, after commissions; marked at the last close while open."),
            "return": number("pnl / entry notional."),
            "fees": number("Commissions, quote units.", minimum=0),
            "bars": count("Index of the exit's bar - index of the entry's."),
            "entry_reason": text("The rule that opened it.", enum=list(ENTRY_REASONS)),
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
