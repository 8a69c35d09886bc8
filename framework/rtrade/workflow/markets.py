"""Bars for a plan: from files and generators at once, from an exchange by way of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.definitions import SourceDef
from rtrade.core.settings import load_settings

if TYPE_CHECKING:
    from rtrade.core.bars import MarketData
    from rtrade.data.stocking import Stock
    from rtrade.data.syncing import Watch
    from rtrade.exchange.venues import Venue
    from rtrade.plan.plan import SeriesNeed
    from rtrade.store.store import Store
    from rtrade.workflow.compiling import Compiled

# The name of the store's documents that hold an exchange's list of markets.
_MARKETS = "markets"


def _ignore(*_: object) -> None:
    return None


@dataclass(frozen=True)
class Fetching:
    """Whether a run may fetch bars and ask models, and who hears of it.

    `told` hears what is about to be fetched or asked, `watch` how far bars have come, `answered`
    how many decisions of a signal there are of how many.
    """

    offline: bool = False
    told: Callable[[str], None] = _ignore
    watch: Watch = _ignore
    decided: Callable[[str, int, int], None] = _ignore


# Fetch what is missing, and say nothing.
FETCHED = Fetching()


def market_data(
    source: SourceDef,
    needs: Sequence[SeriesNeed],
    workspace: Path,
    *,
    start: int | None,
    end: int | None,
    last: int | None = None,
    fetching: Fetching = FETCHED,
) -> MarketData:
    """Return the bars that `needs` ask for; those of an exchange are fetched where missing.

    Arguments and errors are those of `data.loading.load`; also StoreError and ExchangeError.
    """
    from rtrade.data.loading import load

    if source.kind != "exchange":
        return load(source, needs, start=start, end=end, last=last)
    from rtrade.data.stocking import stocked

    with opened_stock(source, workspace, fetching) as stock:
        source, stored = stocked(stock, needs, start=start, end=end, last=last)
    return load(source, needs, start=start, end=end, last=last, stored=stored)


def plan_data(compiled: Compiled, fetching: Fetching = FETCHED) -> MarketData:
    """Return the bars of a compiled strategy's range."""
    plan = compiled.plan
    return market_data(
        compiled.source,
        plan.needs,
        compiled.workspace,
        start=plan.start,
        end=plan.end,
        last=plan.last,
        fetching=fetching,
    )


@contextmanager
def opened_store(workspace: Path) -> Iterator[Store]:
    """Open the store of a workspace: DATABASE_URL, else SQLite in `.rtrade/`."""
    from rtrade.store.opening import open_store

    url = load_settings(workspace)["DATABASE_URL"]
    with open_store(url, workspace / ".rtrade") as store:
        yield store


@contextmanager
def opened_stock(
    source: SourceDef, workspace: Path, fetching: Fetching = FETCHED
) -> Iterator[Stock]:
    """Open the store, and the exchange of a source once it is needed.

    The exchange's list of markets is kept in the store, so that it is not asked for each time.
    """
    from rtrade.data.stocking import Stock

    assert source.exchange is not None
    name = source.exchange.venue
    with opened_store(workspace) as store:

        def venue() -> Venue:
            from rtrade.exchange.venues import open_venue

            kept = store.document(_MARKETS, name)
            return open_venue(source, workspace, cached_markets=None if kept is None else kept.body)

        stock = Stock(
            source,
            store,
            name,
            None if fetching.offline else venue,
            fetching.told,
            fetching.watch,
        )
        try:
            yield stock
            if stock.opened is not None and (document := stock.opened.markets_document()):
                store.put_document(_MARKETS, name, document)
        finally:
            if stock.opened is not None:
                stock.opened.close()
