"""What a strategy file and a source file say, decoded: frozen, typed, units resolved.

Fractions are fractions (0.02 is 2 %), times epoch milliseconds, lengths bars of the run's
timeframe. `origins` tells for each dotted key where its value came from: `file`, `default`,
`--set`, `--source` and so on, for `explain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from rtrade.config.document import Document
from rtrade.config.llm_definitions import LlmProviderDef, LlmSignalDef
from rtrade.core.diagnostics import SourceText, Span
from rtrade.core.timeframes import DAY, Timeframe
from rtrade.core.units import Length

SizingKind = Literal["equity", "quote", "base", "risk", "volatility"]
DistanceKind = Literal["percent", "atr"]


@dataclass(frozen=True)
class AlsoDef:
    """A further series, joined without look-ahead; symbol and timeframe are resolved."""

    name: str
    symbol: str
    timeframe: Timeframe
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DataDef:
    """Which bars: `start` inclusive and `end` exclusive in ms, None = all there is.

    `last` (ms, instead of `start`) is a range counted back from `end`, or from the close of the
    last bar there is.
    """

    source: str
    symbol: str
    timeframe: Timeframe
    start: int | None = None
    end: int | None = None
    last: int | None = None
    also: tuple[AlsoDef, ...] = ()


@dataclass(frozen=True)
class ParamDef:
    """A number that can be searched or set; `value` is what this run uses."""

    name: str
    value: float | int
    default: float | int
    min: float | int | None = None
    max: float | int | None = None
    step: float | int | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class SignalDef:
    """A named expression."""

    name: str
    expression: SourceText
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class RulesDef:
    """The four rules; at least one entry is given."""

    enter_long: SourceText | None = None
    exit_long: SourceText | None = None
    enter_short: SourceText | None = None
    exit_short: SourceText | None = None


@dataclass(frozen=True)
class RiskLevelsDef:
    """What a risk level does to a size: `signal` is an expression that yields the level, `factors`
    what the budget is multiplied by at each (0 vetoes the entry).
    """

    signal: SourceText
    factors: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class SizingDef:
    """How much to buy: `value` is a fraction for equity, risk and volatility (its target),
    quote units for quote, base units for base. `lookback` (bars) is volatility's.
    `scale_by` is an expression whose value scales the budget, and so does the risk level.
    """

    kind: SizingKind
    value: float
    lookback: int = 0
    scale_by: SourceText | None = None
    risk_levels: RiskLevelsDef | None = None


@dataclass(frozen=True)
class Distance:
    """How far a protective level is from the fill: a fraction, or `value` ATRs of `period`."""

    kind: DistanceKind
    value: float
    period: int = 0


@dataclass(frozen=True)
class RiskDef:
    """Protective levels, limits in bars, and account rules as fractions; None = not used."""

    stop_loss: Distance | None = None
    take_profit: Distance | None = None
    trailing_stop: Distance | None = None
    time_exit: int | None = None
    cooldown: int | None = None
    max_drawdown: float | None = None
    daily_loss: float | None = None


@dataclass(frozen=True)
class CostsDef:
    """Commission per fill on notional (taker, maker) and slippage, all as fractions."""

    taker: float
    maker: float
    slippage: float


@dataclass(frozen=True)
class BacktestDef:
    """Starting cash in quote units and what the result is compared with."""

    cash: float
    benchmark: Literal["buy_and_hold"] = "buy_and_hold"


@dataclass(frozen=True)
class StrategyDef:
    """A whole strategy file, decoded. `document` holds its text and the place of every value.

    `signals` are those that are expressions, `llm` those that a language model answers.
    """

    name: str
    description: str | None
    data: DataDef
    params: tuple[ParamDef, ...]
    signals: tuple[SignalDef, ...]
    rules: RulesDef
    sizing: SizingDef
    risk: RiskDef
    costs: CostsDef
    backtest: BacktestDef
    document: Document = field(compare=False)
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    llm: tuple[LlmSignalDef, ...] = ()


@dataclass(frozen=True)
class SyntheticSeries:
    """A generated series: `start` in ms, `bars` long, from `price` with yearly `volatility`."""

    symbol: str
    timeframe: Timeframe
    start: int
    bars: int
    price: float
    volatility: float


@dataclass(frozen=True)
class FileSeries:
    """A series in a file; `path` is absolute."""

    symbol: str
    timeframe: Timeframe
    path: Path
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Columns:
    """Column names in a file; `time` None means: found by its usual names."""

    time: str | None = None
    open: str = "open"
    high: str = "high"
    low: str = "low"
    close: str = "close"
    volume: str = "volume"


@dataclass(frozen=True)
class FiltersDef:
    """What the venue allows, as decimal text so that nothing is rounded; None = not stated.

    `currency` is what `min_notional` was written in, where no series of the file tells.
    """

    lot: str | None = None
    tick: str | None = None
    min_notional: float | None = None
    currency: str | None = None


@dataclass(frozen=True)
class OutlierDef:
    """What happens to a bar whose return is more than `k` robust deviations from usual.

    `window` is how many returns before it say what is usual.
    """

    action: Literal["flag", "drop", "keep"] = "flag"
    k: float = 12.0
    window: int = 500


@dataclass(frozen=True)
class QualityDef:
    """What is done about holes, rows given twice, inconsistent prices and outliers.

    `max_gap` is the longest hole that is filled or tolerated, in bars or as a duration; None =
    any.
    """

    gaps: Literal["keep", "fill", "error"] = "keep"
    max_gap: Length | None = None
    duplicates: Literal["error", "first", "last"] = "error"
    ohlc: Literal["error", "repair", "drop"] = "error"
    outliers: OutlierDef = OutlierDef()


@dataclass(frozen=True)
class SecretDef:
    """A secret by the name of its environment variable; its value is never held here."""

    variable: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ExchangeDef:
    """Which exchange, and how it is spoken to.

    `id` is ccxt's. `base_url` and `ws_url` replace the exchange's own addresses. `rate` is the
    share of the permitted request rate that is used; `markets_ttl` (ms) how long its list of
    markets is kept.
    """

    id: str
    base_url: str | None = None
    ws_url: str | None = None
    api_key: SecretDef | None = None
    secret: SecretDef | None = None
    rate: float = 0.98
    markets_ttl: int = DAY
    span: Span | None = field(default=None, compare=False)

    @property
    def venue(self) -> str:
        """The name of its series: the exchange's id, and its address where it has its own."""
        return self.id if self.base_url is None else f"{self.id}@{self.base_url}"


@dataclass(frozen=True)
class SourceDef:
    """A whole source file, decoded. `name` is the file's stem.

    `exchange` is set where `kind` is `exchange`, and `llm` where it is `llm`; these have no
    `series` of their own.
    """

    name: str
    kind: Literal["synthetic", "csv", "parquet", "exchange", "llm"]
    series: tuple[SyntheticSeries, ...] | tuple[FileSeries, ...]
    seed: int | None = None
    columns: Columns = Columns()
    time_unit: Literal["auto", "s", "ms", "us", "ns", "iso"] = "auto"
    filters: FiltersDef | None = None
    exchange: ExchangeDef | None = None
    llm: LlmProviderDef | None = None
    quality: QualityDef = QualityDef()
    document: Document | None = field(default=None, compare=False)
