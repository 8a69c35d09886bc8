"""What users get wrong, and what the world does: one clear error each, with a way out."""

from __future__ import annotations

import logging
import socket
import threading

import pytest

from exchange.support import H1, LOOPBACK, START, make_bars, source_of, venue_of
from exchange.test_venue import COUNT, stand_in
from rtrade.config.definitions import ExchangeDef, SourceDef
from rtrade.config.loading import load_source
from rtrade.core.errors import (
    ExchangeDenied,
    ExchangeError,
    ExchangeUnreachable,
    InvalidInput,
    MalformedAnswer,
    UnknownMarket,
    UnknownTimeframe,
)
from rtrade.core.intervals import Interval
from rtrade.core.rendering import render
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.exchange.addresses import Guard
from rtrade.exchange.asking import Asker, _meaning
from rtrade.exchange.binding import Keys, bind
from rtrade.exchange.library import ccxt, check_exchange
from rtrade.exchange.limiter import Limiter
from rtrade.exchange.markets import market_of, read_document
from rtrade.exchange.venues import open_venue
from rtrade.testing.faults import Fault, WrittenScript

FIRST = Interval(START, START + HOUR)
CANARY = "kA9f3kD0q1wZ"


def test_an_unknown_exchange_is_marked_in_its_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("rtrade: 1\nkind: exchange\nexchange: binanse\n")
    source = load_source(path)
    with pytest.raises(InvalidInput) as caught:
        open_venue(source, tmp_path, environ={})
    [found] = caught.value.diagnostics
    assert (found.code, found.help, caught.value.exit_code) == (
        "RT023",
        "did you mean `binance`?",
        3,
    )
    assert (found.span.line, found.span.column) == (3, 11)
    assert "`exchange` cannot be `binanse`: ccxt knows no such exchange" in render(found)
    other = SourceDef("x", "exchange", (), exchange=ExchangeDef("nyse9"))
    assert check_exchange(other)[0].help == "write the id that ccxt gives it"
    assert check_exchange(SourceDef("x", "csv", ())) == []


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [
        ("BTCUSDT", "did you mean `BTC/USDT`?"), ("btc/usdt", "did you mean `BTC/USDT`?"),
        ("BTC-USDT", "did you mean `BTC/USDT`?"), ("BTC/USDC", "did you mean `BTC/USDT`?"),
        ("DOGE/TRY", "it has BTC/USDT"),
    ],
)  # fmt: skip
def test_an_unknown_symbol_names_the_one_that_was_meant(tmp_path, symbol, hint):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        for ask in (
            venue.market, venue.ticker, venue.order_book, venue.trades,
            lambda one: venue.bars(one, H1, FIRST), lambda one: venue.next_bar(one, H1, 0),
            lambda one: venue.funding_rates(one, 0),
        ):  # fmt: skip
            with pytest.raises(UnknownMarket, match=f"has no symbol `{symbol}`") as caught:
                ask(symbol)
            assert (caught.value.hint, caught.value.exit_code) == (hint, 4)


def test_an_unknown_timeframe_names_those_there_are(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        with pytest.raises(UnknownTimeframe, match="has no bars of 7m") as caught:
            venue.bars("BTC/USDT", Timeframe.parse("7m"), FIRST)
        assert caught.value.hint.startswith("it has 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h")
        assert not fake.requests


def test_dates_before_the_first_bar_and_after_the_last_hold_nothing(tmp_path):
    fake, clock = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        early = Interval(START - 48 * HOUR, START - 24 * HOUR)
        assert len(venue.bars("BTC/USDT", H1, early)) == 0
        assert venue.next_bar("BTC/USDT", H1, START + 9000 * HOUR) is None
        # Delisted: there are no bars any more.
        clock.set(START + (COUNT + 100) * HOUR)
        late = Interval(START + (COUNT + 10) * HOUR, START + (COUNT + 20) * HOUR)
        assert len(venue.bars("BTC/USDT", H1, late)) == 0


def test_a_delisted_symbol_is_told_as_such():
    markets = {"OLD/USDT": {"active": False, "precision": {}, "limits": {}}}
    market = market_of(markets, 4, "OLD/USDT", "binance")
    assert (market.active, market.lot, market.min_notional) == (False, None, None)


@pytest.mark.parametrize(
    ("mode", "given", "text"),
    [(4, 1e-05, "0.00001"), (4, 0.5, "0.5"), (4, 10.0, "10"), (4, "0.00000001", "0.00000001"),
     (2, 5, "0.00001"), (2, 0, "1"), (3, 5, None), (4, 0.0, None), (4, None, None)],
)  # fmt: skip
def test_steps_are_exact_texts(mode, given, text):
    markets = {"A/B": {"precision": {"amount": given, "price": given}, "created": 5}}
    market = market_of(markets, mode, "A/B", "x")
    assert (market.lot, market.tick, market.listed) == (text, text, 5)


def test_a_document_of_another_age_is_asked_for_anew():
    text = (
        '{"version":1,"exchange":"x","fetched":1000,"rate_limits":[],"markets":[{"symbol":"A/B"}]}'
    )
    assert read_document(text, "x", 1500, 600) is not None
    assert read_document(text, "x", 1600, 600) is None
    assert read_document(text, "x", 900, 600) is None
    assert read_document(text, "y", 1500, 600) is None
    for odd in ("", "[]", '"x"', "{}", text.replace('"A/B"', "null").replace("symbol", "s")):
        assert read_document(odd, "x", 1500, 600) is None


# The world.


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_nobody_listens(tmp_path):
    venue, pace = venue_of(f"http://127.0.0.1:{closed_port()}", tmp_path)
    with pytest.raises(ExchangeUnreachable) as caught:
        venue.market("BTC/USDT")
    assert caught.value.message == (
        "binance: the list of markets: the connection was refused (5 attempts)"
    )
    assert caught.value.hint == "is the network up, and `base_url` right?"
    assert len(pace.slept) == 4


def test_a_name_without_an_address(tmp_path):
    pace = venue_of("http://127.0.0.1:1", tmp_path)[1]
    source = source_of("http://no-such-host.invalid:81")
    venue = open_venue(source, tmp_path, environ={}, pace=pace.pace)
    with pytest.raises(ExchangeUnreachable, match=r"its name has no address \(DNS\)"):
        venue.market("BTC/USDT")


def test_a_server_that_speaks_no_tls(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url.replace("http:", "https:"), tmp_path)
        with pytest.raises(ExchangeError, match="TLS"):
            venue.market("BTC/USDT")


class Server:
    """Answers every connection with the same bytes, after reading a request."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []

    def __enter__(self) -> Server:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(65536))
                connection.sendall(self._answer)


def http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_redirection_to_elsewhere_is_not_followed(tmp_path):
    away = http("302 Found", b"", "Location: https://api.binance.com/api/v3/exchangeInfo")
    with Server(away) as server:
        venue, _ = venue_of(server.url, tmp_path)
        with pytest.raises(ExchangeError, match=r"refused: RTRADE_LOOPBACK") as caught:
            venue.market("BTC/USDT")
        assert type(caught.value).__name__ == "AddressRefused"
        assert len(server.asked) == 1
        pace = venue_of(server.url, tmp_path)[1]
        venue = open_venue(source_of(server.url), tmp_path, environ={}, pace=pace.pace)
        with pytest.raises(ExchangeError, match="it is not the source's `base_url`"):
            venue.market("BTC/USDT")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b"3", b'"x"', b"<html></html>", b'{"symbols":[]}',
     b'{"symbols":3}',
     b'{"symbols":[{"symbol":3}]}', b'{"symbols":[null]}', b"\xff\xfe\x00"],
)  # fmt: skip
def test_a_list_of_markets_that_is_none(tmp_path, body):
    with Server(http("200 OK", body, "Content-Type: application/json")) as server:
        venue, _ = venue_of(server.url, tmp_path)
        with pytest.raises((MalformedAnswer, ExchangeError)) as caught:
            venue.market("BTC/USDT")
        assert caught.value.message.startswith("binance: the list of markets: ")
        assert caught.value.hint


def test_an_answer_that_ends_too_soon(tmp_path):
    torn = http("200 OK", b'{"symbols":[').replace(b"Content-Length: 12", b"Content-Length: 99")
    with Server(torn) as server:
        venue, _ = venue_of(server.url, tmp_path)
        with pytest.raises(ExchangeUnreachable, match="the connection was lost"):
            venue.market("BTC/USDT")
        assert len(server.asked) == 8


# Credentials.


def test_a_secret_whose_variable_is_not_set(tmp_path):
    with pytest.raises(ExchangeDenied, match="`MY_KEY` is not set") as caught:
        venue_of("http://127.0.0.1:1", tmp_path, api_key="MY_KEY", secret="MY_SECRET")
    assert caught.value.exit_code == 4
    (tmp_path / ".env").write_text(f"MY_KEY={CANARY}\nMY_SECRET=x\n")
    venue, _ = venue_of("http://127.0.0.1:1", tmp_path, api_key="MY_KEY", secret="MY_SECRET")
    instance = venue._connection.bare()
    assert (instance.apiKey, instance.secret) == (CANARY, "x")
    venue, _ = venue_of("http://127.0.0.1:1", tmp_path, api_key="MY_KEY", secret="MY_SECRET",
                        environ={"MY_KEY": "other"})  # fmt: skip
    assert venue._connection.bare().apiKey == "other"


DENIED = (
    f'{{"code":-2015,"msg":"Invalid API-key {CANARY}, IP, or permissions for action."}}'.encode()
)


def test_wrong_credentials_are_told_once_and_never_shown(tmp_path):
    environ = {"MY_KEY": CANARY, "MY_SECRET": f"s{CANARY}s"}
    answer = http("401 Unauthorized", DENIED, "Content-Type: application/json")
    with Server(answer) as server:
        venue, pace = venue_of(
            server.url, tmp_path, api_key="MY_KEY", secret="MY_SECRET", environ=environ
        )
        with pytest.raises(ExchangeDenied, match="Invalid API-key") as caught:
            venue.market("BTC/USDT")
        assert (len(server.asked), pace.slept) == (1, [])
        shown = repr(caught.value) + str(caught.value.hint) + repr(venue._connection.asker)
        assert CANARY not in shown
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert CANARY not in repr(source_of(server.url)) + repr(Keys(CANARY, CANARY))


def test_signed_requests_keep_to_the_address(tmp_path):
    """Even what is asked with credentials goes nowhere else."""
    fake, _ = stand_in()
    with fake:
        exchange = ExchangeDef("binance", base_url=fake.url)
        guard = Guard(frozenset([fake.url.removeprefix("http://")]), loopback=True)
        instance = bind(exchange, Keys("key", "secret"), Limiter(), guard)
        with pytest.raises(ccxt().BaseError):
            instance.sapiGetCapitalConfigGetall()
        assert fake.requests[-1].path == "/sapi/v1/capital/config/getall"


def test_no_log_holds_a_credential(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    fake, _ = stand_in()
    with fake:
        exchange = ExchangeDef("binance", base_url=fake.url)
        instance = bind(exchange, Keys(CANARY, f"s{CANARY}"), Limiter(), Guard(loopback=True))
        with pytest.raises(ccxt().BaseError):
            instance.fetch_balance()
        assert "signature" in fake.requests[-1].params
    assert CANARY not in caplog.text


def test_what_an_exchange_says_is_shown_without_its_markup(tmp_path):
    page = b"Sorry \x1b[31m<html><script>x</script></html>"
    with Server(http("403 Forbidden", page, "Content-Type: text/html")) as server:
        venue, _ = venue_of(server.url, tmp_path)
        with pytest.raises(ExchangeError) as caught:
            venue.market("BTC/USDT")
        assert "403 Forbidden Sorry ?[31m…" in caught.value.message
        assert "script" not in caught.value.message


def test_error_codes_mean_what_they_mean_at_the_exchanges_own_address(tmp_path):
    """ccxt picks its table of codes by the address: -1008 is an overload, and passes."""
    script = WrittenScript([Fault("error_body", {"code": -1008}, endpoint="klines")])
    fake, _ = stand_in(faults=script)
    with fake:
        venue, pace = venue_of(fake.url, tmp_path)
        assert len(venue.bars("BTC/USDT", H1, FIRST)) == 1
        assert len(pace.slept) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("AuthenticationError", "ExchangeDenied"), ("PermissionDenied", "ExchangeDenied"),
        ("InvalidNonce", "ExchangeDenied"), ("DDoSProtection", "ExchangeBusy"),
        ("RateLimitExceeded", "ExchangeBusy"), ("BadSymbol", "UnknownMarket"),
        ("RequestTimeout", "ExchangeUnreachable"), ("ExchangeNotAvailable", "ExchangeUnreachable"),
        ("OnMaintenance", "ExchangeUnreachable"), ("NotSupported", "ExchangeError"),
        ("OperationFailed", "ExchangeError"), ("BadRequest", "ExchangeError"),
        ("RestrictedLocation", "ExchangeError"), ("BaseError", "ExchangeError"),
    ],
)  # fmt: skip
def test_every_error_of_ccxt_is_one_of_ours(name, kind):
    fault = getattr(ccxt(), name)("binance GET https://x/y?signature=abc went wrong")
    meant, _, hint = _meaning(fault)
    assert meant.__name__ == kind
    assert hint

    def fail():
        raise fault

    with pytest.raises(meant) as caught:
        Asker("binance", pace=venue_pace()).ask("bars", fail, lambda answer: answer)
    assert "signature" not in caught.value.message


def venue_pace():
    from exchange.support import VirtualPace

    return VirtualPace().pace


def test_what_is_opened_is_an_exchange(tmp_path):
    with pytest.raises(Exception, match="is no exchange"):
        open_venue(SourceDef("x", "csv", ()), tmp_path, environ=LOOPBACK)


def test_bars_of_another_symbol_are_served_beside(tmp_path):
    fake, _ = stand_in(series=[make_bars(50), make_bars(50, symbol="ETH/BTC", seed=9)],
                       now=START + 60 * HOUR)  # fmt: skip
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        one, two = (
            venue.bars(s, H1, Interval(START, START + 50 * HOUR)) for s in ("BTC/USDT", "ETH/BTC")
        )
        assert one.symbol == "BTC/USDT"
        assert one.close[-1] != two.close[-1]
