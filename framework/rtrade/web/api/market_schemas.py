"""JSON Schemas of what is answered about markets."""

from __future__ import annotations

from typing import Any

from rtrade.web.api.run_schemas import object_of, or_null

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "integer", "description": "Milliseconds since 1970, UTC."}
_TIMEFRAME: Schema = {**_TEXT, "examples": ["1m", "1h", "1d"]}
_SOURCE: Schema = {
    **or_null("string"),
    "description": "The name of its source; null where no file has that source any more.",
}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_INTEGERS: Schema = {"type": "array", "items": {"type": "integer"}}
_ORIGIN: Schema = {
    "type": "string",
    "enum": ["store", "exchange"],
    "description": "Whether it stood in the store, or was asked of the exchange.",
}


def _nullable(schema: Schema, description: str) -> Schema:
    return {**schema, "type": [schema["type"], "null"], "description": description}


SYMBOLS = object_of(
    {
        "symbols": {
            "type": "array",
            "items": object_of(
                {
                    "symbol": _TEXT,
                    "source": _SOURCE,
                    "kind": {**_TEXT, "enum": ["exchange", "csv", "parquet", "synthetic"]},
                    "timeframes": {"type": "array", "items": _TIMEFRAME},
                }
            ),
        }
    }
)

COVERAGE = object_of(
    {
        "series": {
            "type": "array",
            "items": object_of(
                {
                    "symbol": _TEXT,
                    "timeframe": _TIMEFRAME,
                    "source": _SOURCE,
                    "bars": _COUNT,
                    "first": _nullable(_TIME, "When the first bar opens; null without bars."),
                    "last": _nullable(_TIME, "When the last bar opens; null without bars."),
                    "missing": {
                        "type": "integer",
                        "description": "Bars that are not there between the first and the last, "
                        "though they were asked for.",
                    },
                    "corrected": {**_COUNT, "description": "Bars that were changed later."},
                    "covered": {
                        "type": "array",
                        "description": "What was asked for and answered, [from, to) each.",
                        "items": object_of({"from": _TIME, "to": _TIME}),
                    },
                }
            ),
        }
    }
)

_BARS = object_of(
    {
        "time": {**_INTEGERS, "description": "When bars open, ascending."},
        "open": _NUMBERS,
        "high": _NUMBERS,
        "low": _NUMBERS,
        "close": _NUMBERS,
        "volume": {**_NUMBERS, "description": "In base currency."},
    },
    "Columns of one length.",
)

CANDLES = object_of(
    {
        "symbol": _TEXT,
        "timeframe": _TIMEFRAME,
        "source": _SOURCE,
        "bars": _BARS,
        "next": _nullable(_TIME, "Ask for what follows with `after` = this; null: nothing does."),
        "complete": {
            "type": "boolean",
            "description": "Whether all of the stretch was asked of the exchange; what is missing "
            "then, it does not have. Always true of files.",
        },
        "resampled_from": {
            **or_null("string"),
            "description": "The finer timeframe that the bars are put together from, if any.",
        },
        "level": {
            "type": ["object", "null"],
            "description": "Where there were more than `max_points` bars: what each point stands "
            "for. Highs and lows are those of all its bars, its time is its first bar's.",
            "additionalProperties": False,
            "required": ["bars", "span"],
            "properties": {
                "bars": {**_COUNT, "description": "How many bars there are."},
                "span": {**_TIMEFRAME, "description": "The length of a point."},
            },
        },
    }
)

TICKER = object_of(
    {
        "symbol": _TEXT,
        "source": _TEXT,
        "time": _nullable(_TIME, "When it was; null where the exchange does not say."),
        "last": {**or_null("number"), "description": "The price of the last trade."},
        "bid": {**or_null("number"), "description": "The best bid."},
        "ask": {**or_null("number"), "description": "The best ask."},
        "high": {**or_null("number"), "description": "The highest price of the last day."},
        "low": {**or_null("number"), "description": "The lowest price of the last day."},
        "volume": {**or_null("number"), "description": "Traded in the last day, base currency."},
        "quote_volume": {**or_null("number"), "description": "The same in quote currency."},
    },
    "The last 24 hours. What the exchange does not say is null.",
)

_LEVELS: Schema = {
    "type": "array",
    "description": "Price and amount of each level, the best first.",
    "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
}

BOOK = object_of(
    {
        "symbol": _TEXT,
        "source": _TEXT,
        "origin": _ORIGIN,
        "time": _TIME,
        "bids": _LEVELS,
        "asks": _LEVELS,
    }
)

TRADES = object_of(
    {
        "symbol": _TEXT,
        "source": _TEXT,
        "origin": _ORIGIN,
        "trades": object_of(
            {
                "id": _INTEGERS,
                "time": _INTEGERS,
                "price": _NUMBERS,
                "amount": {**_NUMBERS, "description": "In base currency."},
                "side": {
                    "type": "array",
                    "items": {"type": "string", "enum": ["buy", "sell", "unknown"]},
                    "description": "Who took: the buyer or the seller.",
                },
            },
            "Columns of one length, by id. On Binance, trades of one order are one.",
        ),
        "next": {
            **or_null("integer"),
            "description": "Ask for what follows with `after` = this; null: nothing does by now.",
        },
    }
)

VWAP = object_of(
    {
        "symbol": _TEXT,
        "source": _TEXT,
        "from": _TIME,
        "to": _TIME,
        "vwap": {**or_null("number"), "description": "Null where nothing was traded."},
        "volume": {"type": "number", "description": "In base currency."},
        "of": {
            "type": "string",
            "enum": ["trades", "bars"],
            "description": "What it is made of; the price of a bar is (high + low + close) / 3.",
        },
        "count": {**_COUNT, "description": "How many of them."},
        "timeframe": {**or_null("string"), "description": "Of the bars."},
        "missing": {**_COUNT, "description": "Bars of the stretch that there are not."},
    },
    "sum(price x volume) / sum(volume) over [from, to).",
)
