"""Reading from the end: pages of bars and trades, news after a position, hearing of changes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from rtrade.core.intervals import Interval
from rtrade.store.feeds import Trades
from rtrade.store.opening import open_store
from rtrade.store.store import Store
from rtrade.store.tails import Position
from store.cases import KEY, MINUTE, rows, span

ALL = (-(2**62), 2**62)
PATIENCE = 60


def trades(first: int, count: int) -> Trades:
    ids = np.arange(first, first + count)
    return Trades(ids, ids * 1000, ids + 0.5, np.ones(count), np.ones(count, np.int64))


def write_trades(store: Store, first: int, count: int) -> None:
    span_ = Interval(first * 1000, (first + count) * 1000)
    store.write_trades(KEY.venue, KEY.symbol, trades(first, count), [span_])


@pytest.fixture
def filled(store: Store) -> Store:
    store.write_bars(KEY, [span(0, 100)], rows(0, 100))
    return store


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_some_bars_are_the_first_or_the_last_of_a_stretch(filled: Store, limit: int) -> None:
    for start, end in [ALL, (10 * MINUTE, 50 * MINUTE), (99 * MINUTE, 200 * MINUTE), (0, 0)]:
        whole = filled.read_bars(KEY, start, end)
        first = filled.read_some(KEY, start, end, limit)
        last = filled.read_some(KEY, start, end, limit, latest=True)
        assert first.bars.time.tolist() == whole.time.tolist()[:limit]
        assert last.bars.time.tolist() == whole.time.tolist()[-limit:]
        assert last.bars.close.tolist() == whole.close.tolist()[-limit:]
        assert last.bars.close.flags.c_contiguous
        status, coverage = filled.status(KEY)
        assert status is not None
        assert first.state == last.state == status.state
        assert first.coverage == coverage == [span(0, 100)]


def test_a_series_that_there_is_not_has_nothing(store: Store) -> None:
    assert store.status(KEY) == (None, [])
    assert store.all_keys() == []
    found = store.read_some(KEY, *ALL, 5)
    assert (len(found.bars), found.state) == (0, "")
    assert store.tail_end(KEY) == Position()
    news = store.news(KEY, Position(), 10)
    assert (len(news.trades), len(news.candles), news.book, news.more) == (0, 0, None, False)
    assert news.end == Position()


def test_keys_are_those_of_bars_alone(filled: Store) -> None:
    write_trades(filled, 1, 1)
    filled.write_book(KEY.venue, KEY.symbol, 5, np.array([[1.0, 1.0]]), np.array([[2.0, 1.0]]))
    assert filled.all_keys() == [KEY]


def test_pages_of_trades_by_id(store: Store) -> None:
    write_trades(store, 1, 50)
    read = store.read_trades(KEY.venue, KEY.symbol, 10_000, 30_000, after=14, limit=4)
    assert read.id.tolist() == [15, 16, 17, 18]
    assert store.latest_trades(KEY.venue, KEY.symbol, 3).id.tolist() == [48, 49, 50]
    assert len(store.latest_trades(KEY.venue, "ETH/USDT", 3)) == 0


def test_news_follow_a_position_page_by_page(filled: Store) -> None:
    write_trades(filled, 1, 25)
    at, seen = Position(), []
    for _ in range(3):
        news = filled.news(KEY, at, 10)
        seen.append((news.trades.id.tolist(), len(news.candles), news.more))
        at = news.end
    assert seen == [
        (list(range(1, 11)), 10, True), (list(range(11, 21)), 10, True),
        (list(range(21, 26)), 10, True),
    ]  # fmt: skip
    end = filled.tail_end(KEY)
    assert (end.trade, end.candle) == (25, 99 * MINUTE)
    assert filled.news(KEY, end, 10).end == end


def test_a_book_is_news_once(store: Store) -> None:
    for at in (5, 9):
        store.write_book(KEY.venue, KEY.symbol, at, np.array([[1.0, at]]), np.array([[2.0, at]]))
    news = store.news(KEY, store.tail_end(KEY), 10)
    assert news.book is not None
    assert (news.book.time, news.book.bids.tolist()) == (9, [[1.0, 9.0]])
    assert store.news(KEY, news.end, 10).book is None


WRITES: list[Callable[[Store], object]] = [
    lambda store: store.write_bars(KEY, [span(0, 5)], rows(0, 5)),
    lambda store: write_trades(store, 1, 5),
    lambda store: store.write_book(
        KEY.venue, KEY.symbol, 5, np.array([[1.0, 1.0]]), np.array([[2.0, 1.0]])
    ),
]


@pytest.mark.parametrize("write", WRITES, ids=["bars", "trades", "book"])
def test_a_change_by_another_process_ends_a_wait(
    postgres_url: str, tmp_path, write: Callable[[Store], object]
) -> None:
    listening, woken = threading.Event(), threading.Event()
    with open_store(postgres_url, tmp_path) as store, open_store(postgres_url, tmp_path) as other:

        def listen() -> None:
            with store.listening() as waiter:
                listening.set()
                # Without a notification this would take longer than the test waits.
                waiter.wait(3 * PATIENCE, threading.Event())
                woken.set()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        assert listening.wait(PATIENCE)
        write(other)
        assert woken.wait(PATIENCE)
        thread.join(PATIENCE)


def test_a_wait_on_sqlite_ends_when_it_is_told_to(tmp_path) -> None:
    with open_store("", tmp_path) as store, store.listening() as waiter:
        stop = threading.Event()
        thread = threading.Thread(target=waiter.wait, args=(3 * PATIENCE, stop))
        thread.start()
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()
