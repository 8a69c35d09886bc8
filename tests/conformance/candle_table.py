"""Candle tables: settings, bars and what must happen, as text (tables/README.md has the format)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import yaml

from rtrade.config.definitions import CostsDef, Distance, RiskDef, SizingDef
from rtrade.core.bars import Bars, Filters
from rtrade.core.results import RunResult
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.core.units import parse_fraction, parse_length, parse_money
from rtrade.execution.program import Program

FOLDER = Path(__file__).parent / "tables"
RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
SETTINGS = {"sizing", "risk", "costs", "cash", "filters", "timeframe"}
EXPECTED = {
    "fills",
    "trades",
    "refused",
    "capped",
    "halted",
    "ruined",
    "cash",
    "position",
    "equity",
}
DEFAULT_COSTS = {"commission": "0%", "slippage": "0%"}
FIRST_OPEN = "2024-01-01T00:00"
SIDES = {"buy": 1, "sell": -1}


@dataclass(frozen=True)
class CandleTable:
    """One table, read."""

    file: str
    title: str
    why: str
    program: Program
    bars: Bars
    expect: dict


def read_all() -> list[CandleTable]:
    """Read every table of the folder, in order."""
    return [
        read(path.stem, document)
        for path in sorted(FOLDER.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


def read(file: str, document: dict) -> CandleTable:
    """Read one table; raise ValueError where it is not well formed."""
    unknown = set(document) - SETTINGS - {"title", "why", "bars", "expect"}
    unknown |= set(document["expect"]) - EXPECTED
    if unknown:
        raise ValueError(f"{document['title']}: unknown keys {sorted(unknown)}")
    timeframe = Timeframe.parse(document.get("timeframe", "1h"))
    rows = grid(document["bars"])
    bars = read_bars(rows, timeframe)
    program = read_program(document, rows, timeframe)
    return CandleTable(file, document["title"], document["why"], program, bars, document["expect"])


def grid(text: str) -> list[dict[str, str]]:
    """Read a table of words: a header line, then one line a row."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    header = lines[0]
    for number, line in enumerate(lines[1:]):
        if len(line) != len(header):
            raise ValueError(f"row {number} has {len(line)} words for {len(header)} columns")
    return [dict(zip(header, line, strict=True)) for line in lines[1:]]


def read_bars(rows: list[dict[str, str]], timeframe: Timeframe) -> Bars:
    """Build bars from the rows; times default to one bar after the other."""
    prices = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("open", "high", "low", "close")
    }
    first = parse_time(FIRST_OPEN)
    times = [
        parse_time(row["time"]) if "time" in row else first + i * timeframe.ms
        for i, row in enumerate(rows)
    ]
    for i, row in enumerate(rows):
        open_, high, low, close = (prices[name][i] for name in ("open", "high", "low", "close"))
        if int(row["bar"]) != i or not 0 < low <= min(open_, close) <= max(open_, close) <= high:
            raise ValueError(f"bar {i} is not possible: {row}")
    if times != sorted(set(times)):
        raise ValueError("times do not ascend")
    volume = np.ones(len(rows))
    return Bars("BTC/USDT", timeframe, np.array(times, dtype=np.int64), **prices, volume=volume)


def read_program(document: dict, rows: list[dict[str, str]], timeframe: Timeframe) -> Program:
    """Build the program from the settings and the columns beside the prices."""
    decided = [[] if row["decided"] == "-" else row["decided"].split(",") for row in rows]
    strange = {word for words in decided for word in words} - set(RULES)
    if strange:
        raise ValueError(f"{document['title']}: unknown decisions {strange}")
    rules = {name: np.array([name in words for words in decided]) for name in RULES}
    columns = {
        name: np.array([float(row[name]) for row in rows])
        for name in (rows[0] if rows else {})
        if name in ("volatility", "scale", "risk_factor") or name.startswith("atr")
    }
    return Program(
        **rules,
        sizing=read_sizing(document.get("sizing", {"base": 1})),
        risk=read_risk(document.get("risk", {}), timeframe),
        costs=read_costs(document.get("costs", DEFAULT_COSTS)),
        cash=float(document.get("cash", 1000)),
        bars_per_year=timeframe.per_year,
        filters=read_filters(document.get("filters", {"lot": "0.01"})),
        atr={int(name[3:]): values for name, values in columns.items() if name.startswith("atr")},
        volatility=columns.get("volatility"),
        scale=columns.get("scale"),
        risk_factor=columns.get("risk_factor"),
    )


def read_sizing(settings: dict) -> SizingDef:
    ((kind, value),) = settings.items()
    if kind == "volatility":
        return SizingDef(kind, parse_fraction(value["target"]), value["lookback"])
    return SizingDef(kind, parse_fraction(value) if kind in ("equity", "risk") else float(value))


def read_risk(settings: dict, timeframe: Timeframe) -> RiskDef:
    levels = ("stop_loss", "take_profit", "trailing_stop")
    lengths = ("time_exit", "cooldown")
    read = {}
    for name, value in settings.items():
        if name in levels:
            read[name] = read_distance(value)
        elif name in lengths:
            read[name] = parse_length(value).in_bars(timeframe)
        else:
            read[name] = parse_fraction(value)
    return RiskDef(**read)


def read_distance(value: str | dict) -> Distance:
    if isinstance(value, str):
        return Distance("percent", parse_fraction(value))
    return Distance("atr", float(value["atr"]), value["period"])


def read_costs(settings: dict) -> CostsDef:
    commission = settings["commission"]
    if isinstance(commission, str):
        commission = {"taker": commission, "maker": commission}
    rates = {name: parse_fraction(rate) for name, rate in commission.items()}
    return CostsDef(**rates, slippage=parse_fraction(settings["slippage"]))


def read_filters(settings: dict) -> Filters:
    minimum = settings.get("min_notional")
    return Filters(
        lot=Decimal(str(settings.get("lot", "0.01"))),
        tick=Decimal(str(settings["tick"])) if "tick" in settings else None,
        min_notional=None if minimum is None else parse_money(minimum)[0],
    )


def disagreements(table: CandleTable, result: RunResult) -> list[str]:
    """Say where a result is not what the table expects; what it leaves out must not occur."""
    expect, found = table.expect, []
    found += compare_rows("fills", grid_of(expect.get("fills")), fill_rows(result))
    if "trades" in expect:
        found += compare_rows("trades", grid_of(expect["trades"]), trade_rows(result))
    bar_of = {int(time): bar for bar, time in enumerate(table.bars.time)}
    plain = {
        "refused": (expect.get("refused", {}), result.refused),
        "capped": (expect.get("capped", 0), result.capped),
        "halted": (expect.get("halted"), bar_of.get(result.halted_at)),
        "ruined": (expect.get("ruined"), bar_of.get(result.ruined_at)),
    }
    found += [
        f"{name}: want {want}, got {got}" for name, (want, got) in plain.items() if want != got
    ]
    for name in ("cash", "position", "equity"):
        if name in expect:
            want = str(expect[name]).split()
            got = [float(value) for value in getattr(result, name)]
            if len(want) != len(got) or not all(map(same, want, got)):
                found.append(f"{name}: want {want}, got {got}")
    return found


def grid_of(text: str | None) -> list[dict[str, str]]:
    return [] if text is None else grid(text)


def fill_rows(result: RunResult) -> list[dict[str, object]]:
    words = {direction: word for word, direction in SIDES.items()}
    return [
        {
            "bar": fill.bar,
            "order": words[fill.direction],
            "size": fill.size,
            "price": fill.price,
            "before_slippage": fill.reference,
            "fee": fill.fee,
            "reason": fill.reason,
        }
        for fill in result.fills
    ]


def trade_rows(result: RunResult) -> list[dict[str, object]]:
    return [
        {
            "side": trade.side,
            "size": trade.size,
            "from": trade.entry_bar,
            "to": "open" if trade.exit_bar is None else trade.exit_bar,
            "bars": trade.bars,
            "pnl": trade.pnl,
            "return": trade.return_,
            "fees": trade.fees,
            "reason": "-" if trade.exit_reason is None else trade.exit_reason,
        }
        for trade in result.trades
    ]


def compare_rows(name: str, want: list[dict[str, str]], got: list[dict[str, object]]) -> list[str]:
    if len(want) != len(got):
        return [f"{name}: want {len(want)}, got {len(got)}: {got}"]
    return [
        f"{name}[{i}].{column}: want {text}, got {mine[column]}"
        for i, (row, mine) in enumerate(zip(want, got, strict=True))
        for column, text in row.items()
        if not same(text, mine[column])
    ]


def same(text: str, value: object) -> bool:
    """Tell whether a value is what the table says; `=0.3` means the float 0.3 to the bit."""
    if not isinstance(value, float):
        return text == str(value)
    if text.startswith("="):
        return float(text[1:]) == value
    return abs(float(text) - value) <= 1e-11 * max(1.0, abs(value))
