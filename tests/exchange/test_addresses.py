"""Every address is rewritten, and nothing leaves the machine that must not."""

from __future__ import annotations

import pytest

from exchange.support import LOOPBACK, source_of
from rtrade.config.definitions import ExchangeDef, SourceDef
from rtrade.core.errors import AddressRefused
from rtrade.exchange.addresses import Guard, addresses, host_of, is_loopback, redirected
from rtrade.exchange.library import ccxt, exchange_ids
from rtrade.exchange.venues import open_venue

OWN = "http://127.0.0.1:8123"


@pytest.mark.parametrize("exchange", ["binance", "okx", "kraken", "bybit", "kucoin", "gate"])
def test_every_address_of_an_exchange_is_rewritten(exchange):
    urls = getattr(ccxt(), exchange)().urls
    before, after = list(addresses(urls)), list(addresses(redirected(urls, OWN)))
    assert len(before) == len(after) > 3
    assert all(url.startswith((OWN, "ws://127.0.0.1:8123")) for url in after)
    assert all(is_loopback(url) for url in after)


def test_paths_are_kept():
    urls = redirected(ccxt().binance().urls, OWN)
    assert urls["api"]["public"] == f"{OWN}/api/v3"
    assert urls["api"]["private"] == f"{OWN}/api/v3"
    assert urls["api"]["v1"] == f"{OWN}/api/v1"
    assert urls["api"]["sapi"] == f"{OWN}/sapi/v1"
    assert redirected({"a": [f"https://{'{hostname}'}/x"]}, OWN) == {"a": [f"{OWN}/x"]}


def test_sockets_are_those_of_spot_to_ccxt():
    import ccxt.pro

    exchange = ccxt.pro.binance()
    exchange.urls = redirected(exchange.urls, OWN, "ws://127.0.0.1:9000/")
    sockets = exchange.urls["api"]["ws"]
    assert sockets["spot"] == "ws://127.0.0.1:9000/stream/ws"
    assert all(is_loopback(url) for url in addresses(exchange.urls))
    assert list(addresses(sockets))
    assert exchange.is_spot_url(type("Client", (), {"url": sockets["spot"]}))


@pytest.mark.parametrize("url", ["http://localhost:1", "ws://127.8.9.1/x", "http://[::1]:8/"])
def test_loopback_is_this_machine(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1", "https://api.binance.com", "http://127.0.0.1.example.com", "http://0.0.0.0",
     "http://localhost.example.com", "http://[::2]", "http://127.1@example.com", "x", "http://[oops"],
)  # fmt: skip
def test_all_else_is_not(url):
    assert not is_loopback(url)


def test_ports_belong_to_hosts():
    assert host_of("https://a.example/x") == "a.example:443"
    assert host_of("ws://a.example:81") == "a.example:81"


def test_a_guard_lets_through_what_it_is_told():
    Guard().check("https://api.binance.com/api/v3/time")
    Guard(frozenset(["127.0.0.1:8123"]), loopback=True).check(f"{OWN}/api/v3/time?x=1")
    with pytest.raises(AddressRefused, match="RTRADE_LOOPBACK"):
        Guard(loopback=True).check("https://api.binance.com/api/v3/time")
    with pytest.raises(AddressRefused, match="`base_url`") as caught:
        Guard(frozenset(["127.0.0.1:8123"])).check("https://api.binance.com/a?signature=s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_an_exchange_of_its_own_address_is_refused_before_anything_is_asked(tmp_path):
    source = SourceDef("binance", "exchange", (), exchange=ExchangeDef("binance"))
    with pytest.raises(AddressRefused, match="RTRADE_LOOPBACK allows this machine only"):
        open_venue(source, tmp_path, environ=LOOPBACK)
    with pytest.raises(AddressRefused):
        open_venue(source_of("https://proxy.example"), tmp_path, environ=LOOPBACK)
    (tmp_path / ".env").write_text("RTRADE_LOOPBACK=1\n")
    with pytest.raises(AddressRefused):
        open_venue(source, tmp_path, environ={})
    assert open_venue(source, tmp_path, environ={"RTRADE_LOOPBACK": "0"}).id == "binance"


def test_ids_are_known_without_importing_the_library():
    assert list(exchange_ids()) == sorted(ccxt().exchanges)
