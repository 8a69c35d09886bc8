"""Funding rates of perpetual contracts: the few endpoints of the futures API that clients need."""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rtrade.core.errors import UsageError, WorldError
from rtrade.core.timeframes import parse_time
from rtrade.testing.answers import MAX_ROWS, Endpoint, constant, dump
from rtrade.testing.markets import split_symbol
from rtrade.testing.parameters import Parameters
from rtrade.testing.refusals import invalid_symbol
from rtrade.testing.state import State


@dataclass(frozen=True)
class Funding:
    """Rates of one perpetual contract: times (ms, ascending) and decimal texts."""

    base: str
    quote: str
    times: list[int]
    rates: list[str]

    @property
    def id(self) -> str:
        """The contract as Binance writes it."""
        return self.base + self.quote


def read_funding(given: str) -> Funding:
    """Read `SYMBOL,FILE`, a CSV file of two columns, time and rate, with a header.

    Times are ms or ISO-8601. Raises UsageError for what is none, WorldError for a file that
    cannot be read.
    """
    symbol, comma, file = given.partition(",")
    if not comma:
        raise UsageError(
            f"`{given}` names no funding rates", hint="write SYMBOL,FILE: `BTC/USDT:USDT,rates.csv`"
        )
    base, quote = split_symbol(symbol.partition(":")[0])
    times: list[int] = []
    rates: list[str] = []
    try:
        with Path(file).open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines))[1:]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise WorldError(f"cannot read {file}: {reason}") from fault
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        time, rate = _read(file, number, row)
        if times and time <= times[-1]:
            raise UsageError(f"line {number} of {file}: times must ascend")
        times.append(time)
        rates.append(rate)
    return Funding(base, quote, times, rates)


def _read(file: str, number: int, row: list[str]) -> tuple[int, str]:
    try:
        stamp, rate = (cell.strip() for cell in row[:2])
        time = int(stamp) if stamp.isdigit() else parse_time(stamp)
        return time, format(Decimal(rate), ".8f")
    except (ValueError, InvalidOperation, OverflowError) as fault:
        raise UsageError(
            f"line {number} of {file} is no time and funding rate: {','.join(row)[:60]}",
            hint="columns are the time (ms or ISO-8601) and the rate, below a header",
        ) from fault


def _rates(state: State, params: Parameters) -> bytes:
    name = params.symbol()
    start, end = params.number("startTime"), params.number("endTime")
    limit = params.limit(100, MAX_ROWS)
    params.finish()
    if name is not None and name not in state.funding:
        raise invalid_symbol()
    rows: list[dict[str, Any]] = []
    for funding in state.funding.values():
        if name not in (None, funding.id):
            continue
        low = 0 if start is None else bisect_left(funding.times, start)
        now = state.clock.now()
        high = bisect_right(funding.times, now if end is None else min(now, end))
        low = max(low, high - limit) if start is None else low
        rows += [
            {"symbol": funding.id, "fundingTime": funding.times[at],
             "fundingRate": funding.rates[at], "markPrice": ""}
            for at in range(low, min(high, low + limit))
        ]  # fmt: skip
    return dump(rows)


def _exchange_info(state: State, params: Parameters) -> bytes:
    params.finish()
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return dump(
        {
            "timezone": "UTC",
            "serverTime": state.clock.now(),
            "rateLimits": [{**limit, "limit": state.limits.stated}],
            "exchangeFilters": [],
            "assets": [],
            "symbols": [_contract(funding, state) for funding in state.funding.values()],
        }
    )


def _contract(funding: Funding, state: State) -> dict[str, Any]:
    spot = state.markets.get(funding.id)
    tick = "0.01" if spot is None else spot.tick
    return {
        "symbol": funding.id,
        "pair": funding.id,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": funding.times[0] if funding.times else 0,
        "status": "TRADING",
        "baseAsset": funding.base,
        "quoteAsset": funding.quote,
        "marginAsset": funding.quote,
        "pricePrecision": 8,
        "quantityPrecision": 8,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000",
             "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": state.rules.lot, "maxQty": "9000000",
             "stepSize": state.rules.lot},
            {"filterType": "MIN_NOTIONAL", "notional": state.rules.min_notional},
        ],
    }  # fmt: skip


ENDPOINTS: dict[str, Endpoint] = {
    "/fapi/v1/fundingRate": Endpoint(_rates, constant(1)),
    "/fapi/v1/exchangeInfo": Endpoint(_exchange_info, constant(1)),
}
