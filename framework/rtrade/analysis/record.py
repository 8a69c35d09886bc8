"""The record of a run: result.json, trades.csv and equity.csv as values and bytes.

Nothing here knows a path, a clock, a host or a library version: equal runs give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.analysis.fingerprint import run_id
from rtrade.analysis.metrics import Metrics
from rtrade.core.bars import Bars, FloatArray, IntArray, MarketData
from rtrade.core.errors import EngineFault
from rtrade.core.quality import QualitySummary
from rtrade.core.results import REFUSALS, RunResult, Trade
from rtrade.core.timeframes import iso
from rtrade.plan.plan import Plan

TRADE_KEYS = (
    "symbol",
    "side",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "size",
    "pnl",
    "return",
    "fees",
    "bars",
    "entry_reason",
    "exit_reason",
)
EQUITY_COLUMNS = ("time", "equity", "position", "benchmark")
# At the start of a text cell these make a spreadsheet run it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A run as it is published. The arrays have one value per bar of the run, at its close."""

    run_id: str
    fingerprint: str
    strategy: str
    engine: str
    data: Mapping[str, Any]
    metrics: Metrics
    trades: Sequence[Trade]
    refused: Mapping[str, int]
    warnings: tuple[str, ...]
    time: IntArray
    equity: FloatArray
    position: FloatArray
    benchmark: FloatArray
    llm: Mapping[str, Any] | None = None
    verified: Mapping[str, Any] | None = None
    assumptions: Mapping[str, Any] | None = None
    diagnoses: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the content of result.json; `schemas/result.schema.json` describes it."""
        document = {
            "run_id": self.run_id,
            "fingerprint": self.fingerprint,
            "strategy": self.strategy,
            "engine": self.engine,
            "data": dict(self.data),
            "metrics": self.metrics.values(),
            "trades": [_trade(trade) for trade in self.trades],
            "refused": dict(self.refused),
            "warnings": list(self.warnings),
            "diagnoses": [dict(one) for one in self.diagnoses],
        }
        more = {"assumptions": self.assumptions, "verified": self.verified, "llm": self.llm}
        return document | {name: dict(said) for name, said in more.items() if said is not None}

    def result_json(self) -> bytes:
        """Return result.json."""
        return to_json(self.document())

    def trades_csv(self) -> str:
        """Return trades.csv: the trades of result.json, one a line; empty cells where null."""
        rows = (",".join(map(_cell, _trade(trade).values())) for trade in self.trades)
        return csv_lines(",".join(TRADE_KEYS), rows)

    def equity_csv(self) -> str:
        """Return equity.csv: equity, signed position and buy and hold at each close."""
        columns = (self.equity, self.position, self.benchmark)
        rows = zip(csv_times(self.time), *map(csv_digits, columns), strict=True)
        return csv_lines(",".join(EQUITY_COLUMNS), map(",".join, rows))


def build(
    plan: Plan,
    market: MarketData,
    result: RunResult,
    metrics: Metrics,
    *,
    fingerprint: str,
    benchmark: FloatArray,
    warnings: Iterable[str],
    llm: Mapping[str, Any] | None = None,
    verified: Mapping[str, Any] | None = None,
    assumptions: Mapping[str, Any] | None = None,
    diagnoses: Iterable[Mapping[str, Any]] = (),
) -> RunRecord:
    """Put a run together for publishing; `benchmark` is buy and hold at each close.

    `llm` is what is said of the models that were asked, `verified` what came of a second engine,
    `assumptions` what came of others; None: there was none. `diagnoses` are those that apply.
    """
    bars = market.bars
    return RunRecord(
        run_id=run_id(plan.name, fingerprint, result.engine),
        fingerprint=fingerprint,
        strategy=plan.name,
        engine=result.engine,
        data=_data(market, bars),
        metrics=metrics,
        trades=result.trades,
        refused={name: n for name in REFUSALS if (n := result.refused.get(name, 0))},
        warnings=tuple(warnings),
        time=bars.time,
        equity=np.asarray(result.equity, dtype=np.float64),
        position=np.asarray(result.position, dtype=np.float64),
        benchmark=benchmark,
        llm=llm,
        verified=verified,
        assumptions=assumptions,
        diagnoses=tuple(diagnoses),
    )


def to_json(document: Mapping[str, Any]) -> bytes:
    """Return a document as UTF-8 JSON, keys in their own order, with a newline at the end.

    Raises EngineFault for a number that is not finite, which JSON cannot hold.
    """
    try:
        text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise EngineFault(
            "the result holds a number that is not finite",
            hint="prices or sizes in the data may be too large for this strategy",
        ) from error
    # A lone surrogate out of a YAML escape stays the escape that it was, which JSON has too.
    return f"{text}\n".encode(errors="backslashreplace")


def _data(market: MarketData, bars: Bars) -> dict[str, Any]:
    gaps, missing = bars.gaps()
    filters = market.filters
    return {
        "source": market.source,
        "symbol": bars.symbol,
        "timeframe": str(bars.timeframe),
        "start": iso(int(bars.time[0])) if len(bars) else None,
        "end": iso(bars.timeframe.close(int(bars.time[-1]))) if len(bars) else None,
        "bars": len(bars),
        "gaps": gaps,
        "missing": missing,
        "quality": _quality(market.quality, bars),
        "filters": {
            "lot": float(filters.lot),
            "tick": None if filters.tick is None else float(filters.tick),
            "min_notional": filters.min_notional,
        },
        "sha256": market.base.digest(),
        "synthetic": market.synthetic,
    }


def _quality(found: QualitySummary, bars: Bars) -> dict[str, int]:
    # Not `corrected`: it tells what a store has lived through, and no bar.
    return {
        "filled": found.filled,
        "halts": found.halts,
        "outliers": found.outliers,
        "partial": found.partial,
        "repaired": found.repaired,
        "dropped": found.dropped,
        "longest_gap": int(bars.missing().max(initial=0)),
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "side": trade.side,
        "entry_time": iso(trade.entry_time),
        "entry_price": trade.entry_price,
        "exit_time": None if trade.exit_time is None else iso(trade.exit_time),
        "exit_price": trade.exit_price,
        "size": trade.size,
        "pnl": trade.pnl,
        "return": trade.return_,
        "fees": trade.fees,
        "bars": trade.bars,
        "entry_reason": trade.entry_reason,
        "exit_reason": trade.exit_reason,
    }


def csv_times(times: IntArray) -> list[str]:
    """Return the open times of bars (ms) as text."""
    if np.any(times % 1000):
        return [iso(at) for at in times.tolist()]
    moments = times.astype("datetime64[ms]").astype("datetime64[s]")
    return [f"{text}Z" for text in np.datetime_as_string(moments).tolist()]


def csv_digits(column: FloatArray) -> list[str]:
    """Return the numbers to the last digit; each stretch of equal ones is worked out once."""
    if not len(column):
        return []
    starts = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    lengths = np.diff(starts, append=len(column))
    # Adding 0.0 turns a negative zero into zero.
    texts = np.array([repr(value) for value in (column[starts] + 0.0).tolist()], dtype=object)
    return list(np.repeat(texts, lengths))


def _cell(value: object) -> str:
    """Return a cell of a table: numbers to the last digit, text that nothing will run."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    text = f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if text is value and not any(mark in text for mark in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def csv_lines(header: str, rows: Iterable[str]) -> str:
    """Return a table as text, with a newline at the end."""
    return "\n".join([header, *rows, ""])
