"""Any exchange of ccxt can be opened, asks only where it is told to, and errs in our words."""

from __future__ import annotations

import pytest

from exchange.support import LOOPBACK, VirtualPace
from exchange.test_bad_input import Server, http
from rtrade.config.definitions import ExchangeDef, SourceDef
from rtrade.core.errors import ExchangeError
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.exchange.addresses import addresses, is_loopback
from rtrade.exchange.library import exchange_ids
from rtrade.exchange.venues import Venue, open_venue

PAGE = http("503 Service Unavailable", b"<html>down</html>", "Content-Type: text/html")


def opened(exchange: str, url: str, folder) -> Venue:
    source = SourceDef("x", "exchange", (), exchange=ExchangeDef(exchange, base_url=url))
    return open_venue(source, folder, environ=LOOPBACK, pace=VirtualPace().pace)


@pytest.mark.parametrize("exchange", exchange_ids())
def test_it_is_opened_and_asks_this_machine_alone(exchange, tmp_path):
    venue = opened(exchange, "http://127.0.0.1:9", tmp_path)
    instance = venue._connection.bare()
    assert instance.id == exchange
    assert all(is_loopback(url) for url in addresses(instance.urls))
    assert 1 <= venue.page <= 998
    assert list(venue.timeframes) == sorted(venue.timeframes)
    limiter = venue._connection.limiter
    assert limiter.windows or limiter.spacing > 0


@pytest.mark.parametrize("exchange", ["okx", "kraken", "bybit", "coinbase", "kucoin", "gate"])
def test_what_goes_wrong_is_said_in_our_words(exchange, tmp_path):
    with Server(PAGE) as server:
        venue = opened(exchange, server.url, tmp_path)
        assert Timeframe(HOUR) in venue.timeframes
        for ask in (venue.now, lambda: venue.market("BTC/USDT")):
            with pytest.raises(ExchangeError) as caught:
                ask()
            assert caught.value.message.startswith(f"{exchange}: ")
            assert caught.value.hint
            assert "<html" not in caught.value.message
        assert len(server.asked) >= 2
