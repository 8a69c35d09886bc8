"""The JSON Schemas (draft-07) of strategy and source files.

A hand-written envelope, plus sizers and risk rules from the catalog. `format` names a format of
`config.formats`, for messages; validators ignore formats that they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.catalog.risk import ATR_DISTANCE, RISK_RULES
from rtrade.catalog.sizing import SCALE_BY, SIZERS
from rtrade.config import formats
from rtrade.config.document import Path
from rtrade.config.formats import FORMATS

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
KINDS = ("synthetic", "csv", "parquet")
TIME_UNITS = ("auto", "s", "ms", "us", "ns", "iso")
COLUMNS = ("time", "open", "high", "low", "close", "volume")
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
CASH = Quantity("cash", "Starting cash in quote currency.", Measure.MONEY, "10000")
LOT = Quantity(
    "lot", "Step of sizes, in base currency.", Measure.AMOUNT, "0.00001", low=1e-15, low_open=False
)
TICK = Quantity(
    "tick", "Step of prices, in quote currency.", Measure.AMOUNT, "0.01", low=1e-15, low_open=False
)
MIN_NOTIONAL = Quantity(
    "min_notional", "Least value of an entry, in quote currency.", Measure.MONEY, "5 USDT"
)
SEED = Quantity(
    "seed", "Seed of the generator: the same seed makes the same bars.", Measure.INTEGER, "14",
    high=2**63 - 1, low_open=False,
)  # fmt: skip
BARS = Quantity(
    "bars", "How many bars to generate.", Measure.INTEGER, "10000", low=1, low_open=False,
    high=10_000_000,
)  # fmt: skip
PRICE = Quantity("price", "Price that the series starts from.", Measure.AMOUNT, "20000")
VOLATILITY = Quantity(
    "volatility", "Yearly volatility of the series.", Measure.FRACTION, "60%", high=10,
    low_open=False,
)  # fmt: skip


def strategy_schema() -> Schema:
    """Return the schema of a strategy file."""
    properties = {
        "rtrade": _version(),
        "name": _text(formats.TITLE, "Name of the strategy; run folders start with it.", "sma_btc"),
        "description": {"type": "string", "description": "What the strategy does, in a sentence."},
        "data": _data(),
        "params": _named("Numbers that can be set with --set and searched.", _param()),
        "signals": _named(
            "Named series, each computed from bars by an expression.",
            _text(formats.EXPRESSION, "An expression.", "sma(close, 20)", minLength=1),
        ),
        "rules": {
            **_object("When to enter and leave; at least one entry.", _rules()),
            "anyOf": [{"required": ["enter_long"]}, {"required": ["enter_short"]}],
            "examples": [{"enter_long": "close > sma(close, 50)"}],
        },
        "sizing": _sizing(),
        "risk": _object(
            "Protective levels, limits in time and account rules; each is optional.",
            {rule.name: quantity(rule) for rule in RISK_RULES},
        ),
        "costs": _costs(),
        "backtest": _backtest(),
    }
    required = ("rtrade", "name", "data", "rules", "sizing", "costs", "backtest")
    return _root("An rtrade strategy", "A trading strategy.", properties, required)


def datasource_schema() -> Schema:
    """Return the schema of a source file."""
    files, generated = ["path"], ["start", "bars", "price", "volatility"]
    properties = {
        "rtrade": _version(),
        "kind": {
            "enum": list(KINDS),
            "description": "Where bars come from: a generator, CSV files or Parquet files.",
            "examples": ["csv"],
        },
        "seed": quantity(SEED),
        "series": {
            "type": "array",
            "minItems": 1,
            "items": _series(),
            "description": "The series that the source has.",
            "examples": [[{"symbol": "BTC/USDT", "timeframe": "1h", "path": "BTCUSDT_1h.csv.gz"}]],
        },
        "columns": _columns(),
        "time_unit": {
            "enum": list(TIME_UNITS),
            "default": "auto",
            "description": "Unit of the time column; auto goes by the magnitude of the numbers.",
        },
        "filters": _filters(),
    }
    schema = _root(
        "An rtrade source", "A source of bars.", properties, ("rtrade", "kind", "series")
    )
    schema["allOf"] = [
        _for_kinds(["synthetic"], ["seed"], generated, files, ["columns", "time_unit"]),
        _for_kinds(["csv", "parquet"], [], files, generated, ["seed"]),
    ]
    return schema


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
        schema |= _members({one.name: quantity(one) for one in ATR_DISTANCE}, ["atr"])
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


def _text(name: str, description: str, example: str, **more: Any) -> Schema:
    schema: Schema = {"type": "string", "description": description, "format": name}
    if FORMATS[name].pattern is not None:
        schema["pattern"] = f"^({FORMATS[name].pattern})$"
    return {**schema, **more, "examples": [example]}


def _members(properties: Schema, required: Iterable[str] = ()) -> Schema:
    schema: Schema = {"properties": properties, "additionalProperties": False}
    if needed := list(required):
        schema["required"] = needed
    return schema


def _object(description: str, properties: Schema, required: Iterable[str] = ()) -> Schema:
    return {"type": "object", "description": description, **_members(properties, required)}


def _named(description: str, values: Schema) -> Schema:
    """Return the schema of a mapping whose keys are names of the user's own."""
    names = {"pattern": f"^({FORMATS[formats.NAME].pattern})$", "format": formats.NAME}
    return {
        "type": "object",
        "description": description,
        "propertyNames": names,
        "additionalProperties": values,
    }


def _root(title: str, description: str, properties: Schema, required: Iterable[str]) -> Schema:
    return {"$schema": DRAFT, "title": title, **_object(description, properties, required)}


def _version() -> Schema:
    return {
        "enum": [1],
        "format": formats.VERSION,
        "description": "Version of the file format.",
        "examples": [1],
    }


def _data() -> Schema:
    symbol = _text(formats.SYMBOL, "What is traded: base and quote currency.", "BTC/USDT")
    timeframe = _text(formats.TIMEFRAME, "Length of a bar.", "1h")
    also = _object("A series; what is not given is that of the base series.",
                   {"symbol": symbol, "timeframe": timeframe})  # fmt: skip
    properties = {
        "source": _text(formats.SOURCE, "Name of a source file in datasources/.", "sample"),
        "symbol": symbol,
        "timeframe": timeframe,
        "start": _text(formats.TIME, "First bar, UTC, inclusive; absent: all.", "2023-01-01"),
        "end": _text(
            formats.TIME, "End, UTC, exclusive; absent: the last closed bar.", "2024-01-01"
        ),
        "also": _named("Further series, joined without look-ahead.", {**also, "minProperties": 1}),
    }
    data = _object("Which bars to use.", properties, ("source", "symbol", "timeframe"))
    return {**data, "examples": [{"source": "sample", "symbol": "BTC/USDT", "timeframe": "1h"}]}


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
    schema = _object("A number that can be set and searched.", properties, ("default",))
    body = {"default": "^${1:20}", "min": "^${2:5}", "max": "^${3:60}", "step": "^${4:5}"}
    return {**schema, "defaultSnippets": [{"label": "range", "body": body}]}


def _rules() -> Schema:
    return {
        name: _text(formats.EXPRESSION, doc, "close > sma(close, 50)", minLength=1)
        for name, doc in RULES.items()
    }


def _sizing() -> Schema:
    properties: Schema = {}
    for sizer in SIZERS:
        if sizer.parameters:
            parts = (sizer.value, *sizer.parameters)
            members = {part.name: quantity(part) for part in parts}
            needed = [part.name for part in parts if part.default is None]
            properties[sizer.name] = _object(sizer.doc, members, needed)
        else:
            properties[sizer.name] = {**quantity(sizer.value), "description": sizer.doc}
    properties["scale_by"] = _text(formats.EXPRESSION, SCALE_BY, "confidence", minLength=1)
    description = "How much to buy; exactly one of the ways, and `scale_by` if wanted."
    sizing = {**_object(description, properties), "minProperties": 1}
    return {**sizing, "examples": [{"equity": "95%"}]}


def _costs() -> Schema:
    taker, maker = COMMISSION
    commission = {
        **quantity(taker),
        "type": ["string", "object"],
        "description": "Commission of each fill on its value, or `{taker: 0.1%, maker: 0.05%}`.",
        **_members({one.name: quantity(one) for one in (taker, maker)}, ("taker", "maker")),
    }
    costs = _object(
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
    backtest = _object("How the backtest begins.", properties, ("cash",))
    return {**backtest, "examples": [{"cash": 10000}]}


def _series() -> Schema:
    properties = {
        "symbol": _text(formats.SYMBOL, "Base and quote currency.", "BTC/USDT"),
        "timeframe": _text(formats.TIMEFRAME, "Length of a bar.", "1h"),
        "path": _text(formats.PATH, "A file, relative to this one.", "BTCUSDT_1h.csv.gz",
                      minLength=1),
        "start": _text(formats.TIME, "Open time of the first bar, UTC.", "2021-01-01"),
        "bars": quantity(BARS),
        "price": quantity(PRICE),
        "volatility": quantity(VOLATILITY),
    }  # fmt: skip
    return _object("A series of one symbol and timeframe.", properties, ("symbol", "timeframe"))


def _columns() -> Schema:
    docs = {
        name: {
            "type": "string",
            "minLength": 1,
            "description": f"Name of the column that holds `{name}`.",
        }
        for name in COLUMNS
    }
    return _object("What the columns of the files are called.", docs)


def _filters() -> Schema:
    parts = (LOT, TICK, MIN_NOTIONAL)
    return _object("What the venue allows.", {part.name: quantity(part) for part in parts})


def _for_kinds(
    kinds: list[str], needed: list[str], members: list[str], others: list[str], never: list[str]
) -> Schema:
    """Return what holds for some kinds: keys needed, keys of a series, keys that do not belong."""
    # `not: {}` and not `false`: validators report the place of what the former refuses.
    foreign = {
        "not": {},
        "errorMessage": f"has no meaning in a source of kind {' or '.join(kinds)}",
        "doNotSuggest": True,
    }
    items = {"required": members, "properties": dict.fromkeys(others, foreign)}
    properties: Schema = {**dict.fromkeys(never, foreign), "series": {"items": items}}
    then: Schema = {"properties": properties}
    if needed:
        then["required"] = needed
    condition = {"required": ["kind"], "properties": {"kind": {"enum": kinds}}}
    return {"if": condition, "then": then}
