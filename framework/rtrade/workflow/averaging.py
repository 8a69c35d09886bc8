"""Work out the rolling volume-weighted average price of a series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.definitions import OutlierDef
from rtrade.config.loading import find_source, load_source
from rtrade.core.errors import UsageError
from rtrade.core.timeframes import MINUTE, Timeframe
from rtrade.plan.plan import SeriesNeed
from rtrade.workflow.markets import FETCHED, Fetching, market_data, opened_store

if TYPE_CHECKING:
    from rtrade.config.definitions import SourceDef
    from rtrade.core.bars import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class AveragePrice:
    """Average prices at the closes of bars: `time` are the bars' open times (ms)."""

    source: str
    symbol: str
    timeframe: Timeframe
    window: Timeframe
    time: IntArray
    values: FloatArray
    file: Path | None = None


def average_price(
    name: str,
    symbol: str,
    window: Timeframe,
    workspace: Path,
    *,
    timeframe: Timeframe | None = None,
    since: int | None = None,
    until: int | None = None,
    output: Path | None = None,
    fetching: Fetching = FETCHED,
) -> AveragePrice:
    """Return sum(hlc3 x volume) / sum(volume) over `window` at each close of `[since, until)`.

    Raises UsageError where `window` is no whole number of bars, and the errors of reading bars.
    """
    from rtrade.data.vwap import rolling_vwap

    if window.months or (timeframe is not None and timeframe.months):
        raise UsageError(
            f"--window {window} is no whole number of bars: months differ in length",
            hint="give days, such as `--window 30d`",
        )
    source = _unflagged(load_source(find_source(name, workspace)))
    frame = timeframe or _finest(source, symbol, window, workspace)
    if window.ms % frame.ms:
        raise UsageError(
            f"--window {window} is no whole number of {frame} bars",
            hint=f"give a multiple of {frame}, or another --timeframe",
        )
    bars_in = window.ms // frame.ms
    need = SeriesNeed("", symbol, frame, bars_in - 1)
    market = market_data(source, [need], workspace, start=since, end=until, fetching=fetching)
    values = rolling_vwap(market.base, bars_in)[market.first :]
    time = market.bars.time
    if output is not None:
        _write(output, time, values)
    return AveragePrice(source.name, symbol, frame, window, time, values, output)


def _unflagged(source: SourceDef) -> SourceDef:
    """Return the source without flags: they take bars before the range, and change no price."""
    quality = source.quality
    if quality.outliers.action != "flag":
        return source
    return replace(source, quality=replace(quality, outliers=OutlierDef(action="keep")))


def _finest(source: SourceDef, symbol: str, window: Timeframe, workspace: Path) -> Timeframe:
    """Return the finest timeframe that there is of a symbol and that divides the window."""
    if source.exchange is None:
        have = [one.timeframe for one in source.series if one.symbol == symbol]
    else:
        venue = source.exchange.venue
        with opened_store(workspace) as store:
            keys = [one.key for one in store.all_series()]
        have = [key.timeframe for key in keys if (key.venue, key.symbol) == (venue, symbol)]
    fitting = [one for one in have if window.ms % one.ms == 0]
    return min(fitting, default=Timeframe(MINUTE))


def _write(file: Path, time: IntArray, values: FloatArray) -> None:
    from rtrade.data.exporting import write_columns

    write_columns(file, {"ts": time, "vwap": values})
