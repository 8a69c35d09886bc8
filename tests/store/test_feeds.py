"""Trades, books, funding, documents, answers and runs: each comes back as it was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtrade.store.documents import Answer, Document, Run
from rtrade.store.feeds import Funding, Trades
from rtrade.store.opening import open_store
from rtrade.store.store import Store
from store.cases import KEY, rows, span

PLACE = ("binance", "BTC/USDT")


def trades(ids: list[int], price: float = 61_685.99) -> Trades:
    id_ = np.array(ids, np.int64)
    side = np.where(id_ % 2 == 0, 1, -1)
    return Trades(id_, 1_700_000_000_000 + id_ // 3, id_ / 7 + price, id_ * 1e-5, side)


def columns(found: Trades) -> list[list[float]]:
    return [getattr(found, name).tolist() for name in ("id", "time", "price", "amount", "side")]


def test_trades_come_back_by_id_and_once(store: Store) -> None:
    given = trades(list(range(1000)))
    later = trades(list(range(990, 1500)))
    assert store.write_trades(*PLACE, later, [span(5, 9)]) == 510
    assert store.write_trades(*PLACE, given, [span(0, 5)]) == 990
    assert store.write_trades(*PLACE, given, [span(0, 5)]) == 0
    found = store.read_trades(*PLACE, 0, 10**13)
    assert columns(found) == columns(trades(list(range(1500))))
    assert store.trade_coverage(*PLACE) == [span(0, 9)]
    part = store.read_trades(*PLACE, 1_700_000_000_010, 1_700_000_000_012)
    assert part.id.tolist() == [30, 31, 32, 33, 34, 35]
    assert store.write_trades(*PLACE, trades([7], price=1.0), []) == 1
    assert store.read_trades(*PLACE, 0, 10**13).price[7] == 2.0
    assert store.all_series() == []
    assert len(store.read_trades("binance", "ETH/USDT", 0, 10**13)) == 0


def test_wrong_trades_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="twice"):
        store.write_trades(*PLACE, trades([1, 2, 1]), [])
    with pytest.raises(ValueError, match="not finite"):
        store.write_trades(*PLACE, replace(trades([1]), price=np.array([np.nan])), [])
    assert store.trade_coverage(*PLACE) == []


def test_the_latest_book_is_the_newest(store: Store) -> None:
    assert store.latest_book(*PLACE) is None
    bids, asks = np.array([[99.5, 1.0], [99.0, 0.1]]), np.array([[100.5, 1 / 3]])
    store.write_book(*PLACE, 2000, bids, asks)
    store.write_book(*PLACE, 1000, bids[:1], asks)
    store.write_book(*PLACE, 2000, bids, asks[:0])
    book = store.latest_book(*PLACE)
    assert book is not None
    assert (book.time, book.bids.tolist(), book.asks.tolist()) == (2000, bids.tolist(), [])


def test_funding_rates_come_back_by_time(store: Store) -> None:
    given = Funding(np.array([3000, 1000]), np.array([1e-4, -2.5e-5]))
    assert store.write_funding(*PLACE, given) == 2
    assert store.write_funding(*PLACE, given) == 0
    found = store.read_funding(*PLACE, 0, 3001)
    assert found.time.tolist() == [1000, 3000]
    assert found.rate.tolist() == [-2.5e-5, 1e-4]
    assert store.read_funding(*PLACE, 1001, 3000).time.tolist() == []
    with pytest.raises(ValueError, match="twice"):
        store.write_funding(*PLACE, Funding(np.array([1, 1]), np.array([0.1, 0.2])))


def test_a_document_is_the_last_one_put(store: Store) -> None:
    assert store.document("markets", "binance") is None
    store.put_document("markets", "binance", '{"a": "1"}', 10)
    store.put_document("markets", "binance", '{"ü": "\\u0000"}', 20)
    store.put_document("markets", "kraken", "{}")
    assert store.document("markets", "binance") == Document('{"ü": "\\u0000"}', 20)
    kraken = store.document("markets", "kraken")
    assert kraken is not None
    assert kraken.fetched_at > 1_600_000_000_000


def test_the_first_answer_counts_unless_it_is_overwritten(store: Store) -> None:
    first = Answer("ab" * 32, "small", '{"m": 1}', b"\x00\xff {}", 12, None, {"cost": 0.1}, 5)
    second = replace(first, answer=b"other", created=6)
    assert store.answer(first.key) is None
    assert store.put_answer(first) == first
    assert store.put_answer(second) == first
    assert store.answer(first.key) == first
    assert store.put_answer(second, overwrite=True) == second


def test_the_index_of_runs_can_be_built_again_and_tags_stay(store: Store) -> None:
    one = Run("sma-1", "sma", "BTC/USDT", "1h", 10, '{"metrics": {}}')
    two = Run("sma-2", "sma", "ETH/USDT", "1d", 20, "{}")
    store.put_run(one)
    store.put_run(replace(two, document="old"))
    store.put_run(two)
    store.tag_run("sma-1", ["good", "btc", "good"])
    store.note_run("sma-1", "the first one")
    tagged = replace(one, tags=("btc", "good"), note="the first one")
    assert store.runs() == [two, tagged]
    store.rebuild_runs([one])
    assert store.runs() == [tagged]
    store.tag_run("sma-1", ["best"])
    store.note_run("sma-1", "")
    assert store.runs() == [replace(one, tags=("best",))]
    assert store.forget_run("sma-1")
    assert not store.forget_run("sma-1")
    store.put_run(one)
    assert store.runs() == [one]


def test_nothing_of_it_is_lost_when_the_store_is_opened_again(url: str, tmp_path: Path) -> None:
    with open_store(url, tmp_path) as store:
        store.write_trades(*PLACE, trades([1, 2]), [span(0, 1)])
        store.write_bars(KEY, [span(0, 5)], rows(0, 5))
        store.note_run("a", "kept")
    with open_store(url, tmp_path) as store:
        assert len(store.read_trades(*PLACE, 0, 10**13)) == 2
        assert store.count_bars(KEY, 0, 10**13) == 5
        store.put_run(Run("a", "s", "BTC/USDT", "1h", 1, "{}"))
        assert store.runs()[0].note == "kept"


def test_the_newest_of_each_feed_is_known(store: Store) -> None:
    assert store.newest_of_feeds() == []
    one = np.array([[100.0, 1.0]])
    for at in (5, 9, 7):
        store.write_book("a", "BTC/USDT", at, one, one)
    store.write_book("a", "ETH/USDT", 3, one, one)
    assert store.newest_of_feeds() == [("a", "BTC/USDT", "book", 9), ("a", "ETH/USDT", "book", 3)]
