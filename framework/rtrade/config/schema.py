"""The JSON Schema (draft-07) of strategy files.

A hand-written envelope, plus sizers and risk rules from the catalog. `format` names a format of
`config.formats`, for messages; validators ignore formats that they do not know.
"""

from __future__ import annotations

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.catalog.risk import RISK_RULES
from rtrade.catalog.sizing import SCALE_BY, SIZERS
from rtrade.config import formats
from rtrade.config.schema_llm import llm_signal
from rtrade.config.schema_parts import (
    Schema,
    mapping,
    members,
    named,
    quantity,
    root,
    text,
    version,
)
from rtrade.core.limits import MOST_MONEY

RULES = {
    "enter_long": "Open a long position where this condition is true.",
    "exit_long": "Close a long position where this condition is true.",
    "enter_short": "Open a short position where this condition is true.",
    "exit_short": "Close a short position where this condition is true.",
}
COMMISSION = (
    Quantity("taker", "Commission of orders that take liquidity.", Measure.FRACTION, "0.1%",
             high=1, low_open=False, high_open=True),
    Quantity("maker", "Commission of targets, which wait in the book.", Measure.FRACTION, "0.05%",
             high=1, low_open=False, high_open=True),
)  # fmt: skip
SLIPPAGE = Quantity(
    "slippage", "How much worse than the bar's price market and stop orders fill.",
    Measure.FRACTION, "5 bps", high=1, low_open=False, high_open=True,
)  # fmt: skip
CASH = Quantity("cash", "Starting cash in quote currency.", Measure.MONEY, "10000", high=MOST_MONEY)


def strategy_schema() -> Schema:
    """Return the schema of a strategy file."""
    properties = {
        "rtrade": version(),
        "name": text(formats.TITLE, "Name of the strategy; run folders start with it.", "sma_btc"),
        "description": {"type": "string", "description": "What the strategy does, in a sentence."},
        "data": _data(),
        "params": named("Numbers that can be set with --set and searched.", _param()),
        "signals": named("Named series: expressions over bars, or a model's answers.", _signal()),
        "rules": {
            **mapping("When to enter and leave; at least one entry.", _rules()),
            "anyOf": [{"required": ["enter_long"]}, {"required": ["enter_short"]}],
            "examples": [{"enter_long": "close > sma(close, 50)"}],
        },
        "sizing": _sizing(),
        "risk": mapping(
            "Protective levels, limits in time and account rules; each is optional.",
            {rule.name: quantity(rule) for rule in RISK_RULES},
        ),
        "costs": _costs(),
        "backtest": _backtest(),
    }
    required = ("rtrade", "name", "data", "rules", "sizing", "costs", "backtest")
    return root("An rtrade strategy", "A trading strategy.", properties, required)


def _data() -> Schema:
    symbol = text(formats.SYMBOL, "What is traded: base and quote currency.", "BTC/USDT")
    timeframe = text(formats.TIMEFRAME, "Length of a bar.", "1h")
    also = mapping("A series; what is not given is that of the base series.",
                   {"symbol": symbol, "timeframe": timeframe})  # fmt: skip
    properties = {
        "source": text(formats.SOURCE, "Name of a source file in datasources/.", "sample"),
        "symbol": symbol,
        "timeframe": timeframe,
        "start": text(formats.TIME, "First bar, UTC, inclusive; absent: all.", "2023-01-01"),
        "end": text(
            formats.TIME, "End, UTC, exclusive; absent: the last closed bar.", "2024-01-01"
        ),
        "also": named("Further series, joined without look-ahead.", {**also, "minProperties": 1}),
    }
    data = mapping("Which bars to use.", properties, ("source", "symbol", "timeframe"))
    return {**data, "examples": [{"source": "sample", "symbol": "BTC/USDT", "timeframe": "1h"}]}


def _signal() -> Schema:
    words = "An expression, or `llm:` with what a language model is asked."
    expression = text(formats.EXPRESSION, words, "sma(close, 20)", minLength=1)
    return {**expression, "type": ["string", "object"],
            **members({"llm": llm_signal()}, ("llm",))}  # fmt: skip


def _param() -> Schema:
    docs = {
        "default": "Value unless it is set otherwise.",
        "min": "Least value.",
        "max": "Greatest value.",
        "step": "Step from one value to the next in a search.",
    }
    properties: Schema = {
        name: {"type": "number", "description": doc} for name, doc in docs.items()
    }
    properties["step"]["exclusiveMinimum"] = 0
    properties["default"]["examples"] = [20]
    schema = mapping("A number that can be set and searched.", properties, ("default",))
    body = {"default": "^${1:20}", "min": "^${2:5}", "max": "^${3:60}", "step": "^${4:5}"}
    return {**schema, "defaultSnippets": [{"label": "range", "body": body}]}


def _rules() -> Schema:
    return {
        name: text(formats.EXPRESSION, doc, "close > sma(close, 50)", minLength=1)
        for name, doc in RULES.items()
    }


def _sizing() -> Schema:
    properties: Schema = {}
    for sizer in SIZERS:
        if sizer.parameters:
            parts = (sizer.value, *sizer.parameters)
            members = {part.name: quantity(part) for part in parts}
            needed = [part.name for part in parts if part.default is None]
            properties[sizer.name] = mapping(sizer.doc, members, needed)
        else:
            properties[sizer.name] = {**quantity(sizer.value), "description": sizer.doc}
    properties["scale_by"] = text(formats.EXPRESSION, SCALE_BY, "confidence", minLength=1)
    properties["risk_levels"] = _risk_levels()
    description = "How much to buy; exactly one of the ways, and what scales it if wanted."
    sizing = {**mapping(description, properties), "minProperties": 1}
    return {**sizing, "examples": [{"equity": "95%"}]}


def _risk_levels() -> Schema:
    level = "The risk level: a choice of a model's answer."
    levels = mapping(
        "What the budget is multiplied by at each risk level; 0 vetoes the entry.",
        {"signal": text(formats.EXPRESSION, level, "analyst.risk", minLength=1)},
        ("signal",),
    )
    factor = {"type": "number", "minimum": 0, "maximum": 1, "description": "Factor of a level."}
    example = {"signal": "analyst.risk", "low": 1, "medium": 0.7, "high": 0.5, "extreme": 0}
    return {**levels, "additionalProperties": factor, "examples": [example]}


def _costs() -> Schema:
    taker, maker = COMMISSION
    commission = {
        **quantity(taker),
        "type": ["string", "object"],
        "description": "Commission of each fill on its value, or `{taker: 0.1%, maker: 0.05%}`.",
        **members({one.name: quantity(one) for one in (taker, maker)}, ("taker", "maker")),
    }
    costs = mapping(
        "What trading costs; both must be said, and 0% is an answer.",
        {"commission": commission, "slippage": quantity(SLIPPAGE)},
        ("commission", "slippage"),
    )
    return {**costs, "examples": [{"commission": "0.1%", "slippage": "5 bps"}]}


def _backtest() -> Schema:
    benchmark = {
        "enum": ["buy_and_hold"],
        "default": "buy_and_hold",
        "description": "What the result is compared with.",
    }
    properties = {"cash": quantity(CASH), "benchmark": benchmark}
    backtest = mapping("How the backtest begins.", properties, ("cash",))
    return {**backtest, "examples": [{"cash": 10000}]}
