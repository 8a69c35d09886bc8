"""Decode a source document of the right shape."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

from rtrade.config.decoding_llm import provider
from rtrade.config.definitions import (
    Columns,
    ExchangeDef,
    FileSeries,
    FiltersDef,
    OutlierDef,
    QualityDef,
    SecretDef,
    SourceDef,
    SyntheticSeries,
)
from rtrade.config.document import Document, Path
from rtrade.config.schema_sources import (
    BARS,
    LOT,
    MAX_GAP,
    MIN_NOTIONAL,
    OUTLIER_K,
    OUTLIER_WINDOW,
    PRICE,
    RATE,
    SEED,
    TICK,
    VOLATILITY,
)
from rtrade.config.validation import in_order
from rtrade.config.values import Values
from rtrade.core.errors import InvalidInput
from rtrade.core.limits import wrong_lot
from rtrade.core.timeframes import Timeframe, iso
from rtrade.core.units import parse_money


def decode_source(document: Document, path: FilePath) -> SourceDef:
    """Return the definition in the document of the file at `path`; raise InvalidInput."""
    values = Values(document)
    kind = values.get(("kind",))
    seed = values.get(("seed",))
    definition = SourceDef(
        name=path.stem,
        kind=kind,
        series=_generated(values) if kind == "synthetic" else _files(values, path),
        seed=None if seed is None else int(values.amount(("seed",), SEED)),
        columns=Columns(**(values.get(("columns",)) or {})),
        time_unit=values.get(("time_unit",)) or "auto",
        filters=_filters(values),
        exchange=_exchange(values) if kind == "exchange" else None,
        llm=provider(values, path.stem) if kind == "llm" else None,
        quality=_quality(values),
        document=document,
    )
    _refuse_twins(values, definition)
    if values.findings:
        raise InvalidInput(in_order(values.findings))
    return definition


def _places(values: Values) -> list[Path]:
    return [("series", index) for index in range(len(values.get(("series",)) or ()))]


def _generated(values: Values) -> tuple[SyntheticSeries, ...]:
    return tuple(_generated_one(values, place) for place in _places(values))


def _generated_one(values: Values, place: Path) -> SyntheticSeries:
    timeframe = values.timeframe((*place, "timeframe"))
    start = values.time((*place, "start")) or 0
    if timeframe.months:
        message = f"bars of {timeframe} cannot be generated: months differ in length"
        advice = "generate `1d`; months are put together from days where they are asked for"
        values.find("RT029", (*place, "timeframe"), message, advice)
    if timeframe.floor(start) != start:
        message = f"`start` is not the open time of a {timeframe} bar"
        values.find("RT029", (*place, "start"), message, f"write `{iso(timeframe.floor(start))}`")
    return SyntheticSeries(
        symbol=values.symbol((*place, "symbol")),
        timeframe=timeframe,
        start=start,
        bars=int(values.amount((*place, "bars"), BARS)),
        price=values.amount((*place, "price"), PRICE),
        volatility=values.fraction((*place, "volatility"), VOLATILITY),
    )


def _files(values: Values, path: FilePath) -> tuple[FileSeries, ...]:
    folder = path.absolute().parent
    return tuple(_file(values, place, folder) for place in _places(values))


def _file(values: Values, place: Path, folder: FilePath) -> FileSeries:
    at = (*place, "path")
    given = FilePath(values.get(at))
    try:
        given = given.expanduser()
    except RuntimeError as fault:
        values.find("RT025", at, f"`path` cannot be resolved: {fault}", "write the path out")
    return FileSeries(
        symbol=values.symbol((*place, "symbol")),
        timeframe=values.timeframe((*place, "timeframe")),
        path=folder / given,
        span=values.document.value_span(at),
    )


def _filters(values: Values) -> FiltersDef | None:
    if values.get(("filters",)) is None:
        return None
    return FiltersDef(
        lot=_step(values, ("filters", "lot")),
        tick=_step(values, ("filters", "tick")),
        min_notional=_min_notional(values),
        currency=_currency(values),
    )


def _step(values: Values, path: Path) -> str | None:
    given = values.get(path)
    if given is None:
        return None
    values.amount(path, LOT if path[-1] == "lot" else TICK)
    step = Decimal(_written(values, path, given)).normalize()
    if path[-1] == "lot" and LOT.holds(float(step)) and (problem := wrong_lot(step)) is not None:
        message = f"`lot` {problem}: {_written(values, path, given)}"
        values.find("RT026", path, message, "round it: sizes are whole numbers of lots")
    return format(step, "f")


def _written(values: Values, path: Path, given: Any) -> str:
    """Return the digits of a number as they stand in the file, so that nothing is rounded."""
    span = values.document.value_span(path)
    if isinstance(given, int) or span is None:
        return str(given)
    return values.document.line(span.line)[span.column - 1 : span.end_column - 1]


def _min_notional(values: Values) -> float | None:
    path: Path = ("filters", "min_notional")
    if values.get(path) is None:
        return None
    symbols = [values.get((*place, "symbol")) for place in _places(values)]
    quotes = dict.fromkeys(symbol.partition("/")[2].partition(":")[0] for symbol in symbols)
    if not quotes:
        # An exchange's symbols are not known here: the run compares the currencies.
        quotes[_currency(values) or ""] = None
    amounts = [values.money(path, MIN_NOTIONAL, quote) for quote in quotes]
    return amounts[0]


def _currency(values: Values) -> str | None:
    """Return the currency of `min_notional` where no series of the file tells what it must be."""
    given = values.get(("filters", "min_notional"))
    if values.get(("series",)) is not None or not isinstance(given, str):
        return None
    try:
        return parse_money(given)[1]
    except ValueError:
        return None


def _exchange(values: Values) -> ExchangeDef:
    base_url, ws_url = (values.address(key) for key in ("base_url", "ws_url"))
    keys = [_secret(values, key) for key in ("api_key", "secret")]
    if (keys[0] is None) != (keys[1] is None):
        given, absent = ("api_key", "secret") if keys[1] is None else ("secret", "api_key")
        message = f"`{given}` is given without `{absent}`"
        values.find("RT029", (given,), message, f"add `{absent}`, or remove it", key=True)
    rate = ("rate",)
    return ExchangeDef(
        id=values.get(("exchange",)),
        base_url=base_url,
        ws_url=ws_url,
        api_key=keys[0],
        secret=keys[1],
        rate=ExchangeDef.rate if values.get(rate) is None else values.fraction(rate, RATE),
        markets_ttl=_markets_ttl(values),
        span=values.document.value_span(("exchange",)),
    )


def _secret(values: Values, key: str) -> SecretDef | None:
    given = values.get((key,))
    if given is None:
        return None
    return SecretDef(
        given.removeprefix("${env:").removesuffix("}"), values.document.value_span((key,))
    )


def _markets_ttl(values: Values) -> int:
    given = values.get(("markets_ttl",))
    return ExchangeDef.markets_ttl if given is None else values.duration(("markets_ttl",))


def _quality(values: Values) -> QualityDef:
    given = dict(values.get(("quality",)) or {})
    outliers = dict(given.pop("outliers", {}))
    place = ("quality", "outliers")
    given.pop("max_gap", None)
    return QualityDef(
        **given,
        max_gap=values.length(("quality", "max_gap"), MAX_GAP),
        outliers=OutlierDef(
            action=outliers.get("action", OutlierDef.action),
            k=values.amount((*place, "k"), OUTLIER_K),
            window=int(values.amount((*place, "window"), OUTLIER_WINDOW)),
        ),
    )


def _refuse_twins(values: Values, definition: SourceDef) -> None:
    seen: dict[tuple[str, Timeframe], int] = {}
    series: tuple[SyntheticSeries | FileSeries, ...] = definition.series
    for index, one in enumerate(series):
        first = seen.setdefault((one.symbol, one.timeframe), index)
        if first != index:
            what = f"{one.symbol} at {one.timeframe}"
            message = f"{what} is given twice; the first is item {first + 1}"
            values.find("RT029", ("series", index), message, "remove one of the two")
