"""How far behind the feeds that run are: trades and books that another process stores."""

from __future__ import annotations

from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtrade.workflow.holding import HeldStore

# Ms. A feed that has written nothing for longer does not run, and nobody waits for it.
RUNNING = 600_000
# Ms after which a running feed is late. Even a quiet market has a new book every few seconds.
LATE = 60_000


@dataclass(frozen=True)
class FeedLag:
    """A running feed, and the age of what it wrote last (ms)."""

    venue: str
    symbol: str
    stream: str
    lag_ms: int

    @property
    def late(self) -> bool:
        """Whether it is further behind than a feed that runs well."""
        return self.lag_ms > LATE


def feed_lags(held: HeldStore) -> list[FeedLag]:
    """Return the feeds that run, by venue, symbol and stream; raise StoreError."""
    now = time_ns() // 1_000_000
    with held.opened() as store:
        newest = store.newest_of_feeds()
    found = [
        FeedLag(venue, symbol, stream, max(0, now - at)) for venue, symbol, stream, at in newest
    ]
    return [one for one in found if one.lag_ms < RUNNING]
