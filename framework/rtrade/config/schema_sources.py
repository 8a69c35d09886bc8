"""The JSON Schema (draft-07) of source files: what each kind of source has, and has not."""

from __future__ import annotations

from typing import get_args, get_type_hints

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.config import formats
from rtrade.config.definitions import OutlierDef, QualityDef
from rtrade.config.document import SECRET_KEYS
from rtrade.config.schema_llm import only_providers, provider_properties
from rtrade.config.schema_parts import Schema, mapping, quantity, root, text, version
from rtrade.core.limits import LEAST_LOT, LEAST_PRICE, MOST_LOT, MOST_PRICE

KINDS = ("synthetic", "csv", "parquet", "exchange", "llm")
TIME_UNITS = ("auto", "s", "ms", "us", "ns", "iso")
COLUMNS = ("time", "open", "high", "low", "close", "volume")
LOT = Quantity(
    "lot", "Step of sizes, in base currency.", Measure.AMOUNT,
    "0.00001", low=float(LEAST_LOT), low_open=False, high=float(MOST_LOT),
)  # fmt: skip
TICK = Quantity(
    "tick", "Step of prices, in quote currency.", Measure.AMOUNT, "0.01", low=1e-15, low_open=False
)
MIN_NOTIONAL = Quantity(
    "min_notional", "Least value of an entry, in quote currency.", Measure.MONEY, "5 USDT"
)
SEED = Quantity(
    "seed", "Seed: of the generator of bars, or of what a model answers.", Measure.INTEGER, "14",
    high=2**63 - 1, low_open=False,
)  # fmt: skip
BARS = Quantity(
    "bars", "How many bars to generate.", Measure.INTEGER, "10000", low=1, low_open=False,
    high=10_000_000,
)  # fmt: skip
PRICE = Quantity(
    "price", "Price that the series starts from.", Measure.AMOUNT, "20000", low=LEAST_PRICE,
    low_open=False, high=MOST_PRICE,
)  # fmt: skip
VOLATILITY = Quantity(
    "volatility", "Yearly volatility of the series.", Measure.FRACTION, "60%", high=10,
    low_open=False,
)  # fmt: skip
RATE = Quantity(
    "rate", "Share of the exchange's request limit that is used.", Measure.FRACTION, "80%", high=1,
    default=0.98,
)  # fmt: skip
MAX_GAP = Quantity(
    "max_gap", "Longest hole that is filled, or tolerated: longer ones are kept, or an error.",
    Measure.LENGTH, "6 bars", low=1, low_open=False,
)  # fmt: skip
OUTLIER_K = Quantity(
    "k", "How many robust deviations from usual a return may be.", Measure.AMOUNT, "12",
    default=12,
)  # fmt: skip
OUTLIER_WINDOW = Quantity(
    "window", "How many returns before it say what is usual.", Measure.INTEGER, "500", low=20,
    low_open=False, high=100_000, default=500,
)  # fmt: skip
EXCHANGE_KEYS = ("exchange", "base_url", "ws_url", *SECRET_KEYS, "rate", "markets_ttl")


def datasource_schema() -> Schema:
    """Return the schema of a source file."""
    properties = {
        "rtrade": version(),
        "kind": {
            "enum": list(KINDS),
            "description": "Where bars come from (a generator, files, an exchange), or answers "
            "(`llm`).",
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
        **_exchange(),
        "quality": _quality(),
        **provider_properties(),
    }
    schema = root("An rtrade source", "A source of bars, or of answers.", properties,
                  ("rtrade", "kind"))  # fmt: skip
    return {**schema, "allOf": _kinds()}


def _kinds() -> list[Schema]:
    """Return what each kind has, and has not."""
    files, generated = ["path"], ["start", "bars", "price", "volatility"]
    layout, answers = ["columns", "time_unit"], only_providers()
    others = [*EXCHANGE_KEYS, *answers]
    venue = [key for key in EXCHANGE_KEYS if key not in ("base_url", "api_key")]
    bars = ["series", *layout, "filters", "quality", *venue]
    return [
        _for_kinds(["synthetic"], ["seed", "series"], [*layout, *others], generated, files),
        _for_kinds(["csv", "parquet"], ["series"], ["seed", *others], files, generated),
        _for_kinds(["exchange"], ["exchange"], ["seed", "series", *layout, *answers]),
        _for_kinds(["llm"], ["model"], bars),
    ]


def _exchange() -> Schema:
    properties = {
        "exchange": text(formats.EXCHANGE, "Which exchange, by ccxt's id.", "binance"),
        "base_url": text(
            formats.ADDRESS, "Address that replaces the usual one: a proxy, a stand-in, another "
            "endpoint.",
            "http://127.0.0.1:8123",
        ),
        "ws_url": text(
            formats.SOCKET, "Address that replaces the exchange's sockets; absent: by `base_url`.",
            "ws://127.0.0.1:8123",
        ),
        "api_key": text(formats.SECRET, "API key, by the name of its variable.",
                        "${env:BINANCE_API_KEY}"),
        "secret": text(formats.SECRET, "API secret, by the name of its variable.",
                       "${env:BINANCE_SECRET}"),
        "rate": quantity(RATE),
        "markets_ttl": text(formats.SPAN, "How long the list of markets is kept.", "1d"),
    }  # fmt: skip
    properties["rate"]["default"] = "98%"
    properties["markets_ttl"]["default"] = "1d"
    return properties


def _quality() -> Schema:
    outliers = mapping(
        "What happens to bars whose return is far from usual.",
        {
            "action": _choice(OutlierDef, "action", "Mark them, leave them out, or do not look."),
            "k": quantity(OUTLIER_K),
            "window": quantity(OUTLIER_WINDOW),
        },
    )
    properties = {
        "gaps": _choice(QualityDef, "gaps", "Holes: leave them, fill them, or stop."),
        "max_gap": quantity(MAX_GAP),
        "duplicates": _choice(
            QualityDef, "duplicates", "A time that a file has twice: stop, or take one of them."
        ),
        "ohlc": _choice(
            QualityDef, "ohlc", "Prices that contradict one another: stop, widen the range, drop."
        ),
        "outliers": {**outliers, "minProperties": 1},
    }
    quality = mapping("What is done about holes and bad bars; bars kept are never changed.",
                      properties)  # fmt: skip
    return {**quality, "minProperties": 1, "examples": [{"gaps": "fill", "max_gap": "6 bars"}]}


def _choice(owner: type[QualityDef] | type[OutlierDef], name: str, description: str) -> Schema:
    """Return the schema of a choice: what its definition allows, its default first said there."""
    default = owner.__dataclass_fields__[name].default
    choices = get_args(get_type_hints(owner)[name])
    return {"enum": list(choices), "default": default, "description": description}


def _series() -> Schema:
    properties = {
        "symbol": text(formats.SYMBOL, "Base and quote currency.", "BTC/USDT"),
        "timeframe": text(formats.TIMEFRAME, "Length of a bar.", "1h"),
        "path": text(formats.PATH, "A file, relative to this one.", "BTCUSDT_1h.csv.gz",
                      minLength=1),
        "start": text(formats.TIME, "Open time of the first bar, UTC.", "2021-01-01"),
        "bars": quantity(BARS),
        "price": quantity(PRICE),
        "volatility": quantity(VOLATILITY),
    }  # fmt: skip
    return mapping("A series of one symbol and timeframe.", properties, ("symbol", "timeframe"))


def _columns() -> Schema:
    docs = {
        name: {
            "type": "string",
            "minLength": 1,
            "description": f"Name of the column that holds `{name}`.",
        }
        for name in COLUMNS
    }
    return mapping("What the columns of the files are called.", docs)


def _filters() -> Schema:
    parts = (LOT, TICK, MIN_NOTIONAL)
    return mapping("What the venue allows.", {part.name: quantity(part) for part in parts})


def _for_kinds(
    kinds: list[str],
    needed: list[str],
    never: list[str],
    series: list[str] | None = None,
    not_series: list[str] | None = None,
) -> Schema:
    """Return what holds for some kinds: keys needed, keys that do not belong, and those of a
    series.
    """
    # `not: {}` and not `false`: validators report the place of what the former refuses.
    foreign = {
        "not": {},
        "errorMessage": f"has no meaning in a source of kind {' or '.join(kinds)}",
        "doNotSuggest": True,
    }
    properties: Schema = dict.fromkeys(never, foreign)
    if series is not None:
        items = {"required": series, "properties": dict.fromkeys(not_series or (), foreign)}
        properties["series"] = {"items": items}
    condition = {"required": ["kind"], "properties": {"kind": {"enum": kinds}}}
    return {"if": condition, "then": {"properties": properties, "required": needed}}
