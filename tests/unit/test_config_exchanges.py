"""Source files of exchanges, and what every source says about quality."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtrade.config.definitions import (
    ExchangeDef,
    FiltersDef,
    OutlierDef,
    QualityDef,
    SecretDef,
)
from rtrade.config.document import masked
from rtrade.config.loading import load_source
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.core.rendering import as_dict, render
from rtrade.core.timeframes import DAY, HOUR, Timeframe
from rtrade.core.units import Length
from unit.config_strategies import ROOT, marked

EXCHANGE = """\
rtrade: 1
kind: exchange
exchange: binance
base_url: http://127.0.0.1:8123/
ws_url: ws://127.0.0.1:8124
api_key: ${env:BINANCE_API_KEY}
secret: ${env:BINANCE_SECRET}
rate: 80%
markets_ttl: 12h
filters: {lot: 1e-5, min_notional: 5 USDT}
quality:
  gaps: fill
  max_gap: 6 bars
  duplicates: last
  ohlc: repair
  outliers: {action: drop, k: 9.5, window: 200}
"""
FILES = """\
rtrade: 1
kind: csv
series:
  - {symbol: BTC/USDT, timeframe: 1h, path: btc.csv}
quality: {gaps: error, max_gap: 6h}
"""
CANARY = "kA9f3kD0q1wZ"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def findings(folder: Path, text: str) -> list[Diagnostic]:
    with pytest.raises(InvalidInput) as caught:
        load_source(written(folder, text))
    return list(caught.value.diagnostics)


def test_an_exchange_is_decoded_whole(tmp_path):
    source = load_source(written(tmp_path, EXCHANGE))
    assert (source.kind, source.series) == ("exchange", ())
    assert source.exchange == ExchangeDef(
        id="binance",
        base_url="http://127.0.0.1:8123",
        ws_url="ws://127.0.0.1:8124",
        api_key=SecretDef("BINANCE_API_KEY"),
        secret=SecretDef("BINANCE_SECRET"),
        rate=0.8,
        markets_ttl=12 * HOUR,
    )
    assert source.filters == FiltersDef(lot="0.00001", min_notional=5.0, currency="USDT")
    assert source.quality == QualityDef(
        "fill", Length(bars=6), "last", "repair", OutlierDef("drop", 9.5, 200)
    )


def test_an_exchange_needs_no_more_than_its_name(tmp_path):
    source = load_source(written(tmp_path, "{rtrade: 1, kind: exchange, exchange: kraken}"))
    assert source.exchange == ExchangeDef("kraken", rate=0.98, markets_ttl=DAY)
    assert source.quality == QualityDef("keep", None, "error", "error", OutlierDef("flag", 12, 500))
    assert source.filters is None


def test_a_venue_is_named_with_an_address_of_its_own():
    assert ExchangeDef("binance").venue == "binance"
    own = ExchangeDef("binance", base_url="http://127.0.0.1:8123")
    assert own.venue == "binance@http://127.0.0.1:8123"


def test_quality_belongs_to_every_kind(tmp_path):
    source = load_source(written(tmp_path, FILES))
    assert source.exchange is None
    assert source.quality == QualityDef("error", Length(duration=Timeframe(6 * HOUR)))


def test_the_shipped_source_is_binances_own(tmp_path):
    source = load_source(ROOT / "datasources" / "binance.yaml")
    assert source.exchange == ExchangeDef("binance")
    assert source.quality == QualityDef()


@pytest.mark.parametrize(("amount", "currency"), [("5", None), ("5 EUR", "EUR"), ("5USDT", "USDT")])
def test_a_minimum_keeps_the_currency_that_it_was_written_in(tmp_path, amount, currency):
    text = EXCHANGE.replace("5 USDT", amount)
    filters = load_source(written(tmp_path, text)).filters
    assert (filters.min_notional, filters.currency) == (5.0, currency)


CASES = [
    (EXCHANGE, "exchange: binance\n", "", "r", "RT022", "the key `exchange` is missing",
     "add `exchange: binance`"),
    (EXCHANGE, "exchange: binance\n", "exchange: Binance US\n", "Binance US", "RT025",
     "`exchange`: `Binance US` is not the id of an exchange",
     "write it as ccxt does, such as `binance` or `kraken`"),
    (EXCHANGE, "http://127.0.0.1:8123/", "127.0.0.1:8123", "127.0.0.1:8123", "RT025",
     "`base_url`: `127.0.0.1:8123` is not an address",
     "write `https://host` or `http://host:port`, without a user or a query"),
    (EXCHANGE, "http://127.0.0.1:8123/", "http://me:pw@host", "http://*****@host", "RT025",
     "`base_url`: `http://*****@host` is not an address",
     "write `https://host` or `http://host:port`, without a user or a query"),
    (EXCHANGE, "http://127.0.0.1:8123/", "http://127.0.0.1:81234", "http://127.0.0.1:81234",
     "RT025", "`base_url`: `http://127.0.0.1:81234` has no usable host and port",
     "write `https://host` or `http://host:port`, without a user or a query"),
    (EXCHANGE, "ws://127.0.0.1:8124", "http://127.0.0.1:8124", "http://127.0.0.1:8124", "RT025",
     "`ws_url`: `http://127.0.0.1:8124` is not the address of a socket",
     "write `wss://host` or `ws://host:port`, without a user or a query"),
    (EXCHANGE, "rate: 80%", "rate: 120%", "120%", "RT026",
     "`rate` must be above 0% and at most 100%, not `120%`", "write for example `80%`"),
    (EXCHANGE, "rate: 80%", "rate: 0.8", "0.8", "RT024", "`rate` needs a unit: `0.8` has none",
     "write `80%` or `0.8%`, whichever is meant"),
    (EXCHANGE, "markets_ttl: 12h", "markets_ttl: 12", "12", "RT024",
     "`markets_ttl` needs a unit: `12` has none", "write `12h` or `12d`, whichever is meant"),
    (EXCHANGE, "secret: ${env:BINANCE_SECRET}\n", "", "api_key", "RT029",
     "`api_key` is given without `secret`", "add `secret`, or remove it"),
    (EXCHANGE, "rate: 80%", "series: [{symbol: BTC/USDT, timeframe: 1h}]", "series", "RT021",
     "`series` has no meaning in a source of `kind: exchange`", "remove it"),
    (EXCHANGE, "rate: 80%", "seed: 3", "seed", "RT021",
     "`seed` has no meaning in a source of `kind: exchange`", "remove it"),
    (EXCHANGE, "gaps: fill", "gaps: fil", "fil", "RT023", "`gaps` cannot be `fil`",
     "did you mean `fill`?"),
    (EXCHANGE, "gaps: fill", "gap: fill", "gap", "RT021", "unknown key `gap` in `quality`",
     "did you mean `gaps`?"),
    (EXCHANGE, "max_gap: 6 bars", "max_gap: 6", "6", "RT024",
     "`max_gap` needs a unit: `6` has none", "write `6 bars`, or a duration such as `6h`"),
    (EXCHANGE, "max_gap: 6 bars", "max_gap: 0 bars", "0 bars", "RT026",
     "`max_gap` must be at least 1 bar, not `0 bars`", "write for example `6 bars`"),
    (EXCHANGE, "window: 200", "window: 3", "3", "RT026",
     "`window` must be at least 20 and at most 100000, not `3`", None),
    (EXCHANGE, "action: drop", "action: clip", "clip", "RT023", "`action` cannot be `clip`",
     "write one of `flag`, `drop`, `keep`"),
    (EXCHANGE, "rate: 80%", "gaps: keep", "gaps", "RT021", "unknown key `gaps` in the file",
     "`gaps` belongs under `quality:`"),
    (FILES, "series:\n  - {symbol: BTC/USDT, timeframe: 1h, path: btc.csv}\n", "", "r", "RT022",
     "the key `series` is missing",
     "add `series: [{symbol: BTC/USDT, timeframe: 1h, path: BTCUSDT_1h.csv.gz}]`"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "old", "new", "mark", "code", "message", "remedy"),
    CASES,
    ids=[case[5] for case in CASES],
)
def test_a_mistake_is_named_marked_and_mended(
    tmp_path, text, old, new, mark, code, message, remedy
):
    assert old in text
    [found] = findings(tmp_path, text.replace(old, new))
    assert (found.code, found.message, found.help) == (code, message, remedy)
    assert marked(found) == mark


# Secrets.


@pytest.mark.parametrize("key", ["api_key", "secret"])
@pytest.mark.parametrize(
    "given",
    [
        CANARY,
        f'"{CANARY}"',
        f"'{CANARY}'   # mine",
        f"${{env:KEY}}{CANARY}",
        f">\n  {CANARY}",
        f"[{CANARY}]",
        f"{{value: {CANARY}}}",
        "1234567890123",
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_never_shown(tmp_path, key, given):
    text = EXCHANGE.replace(f"{key}: ${{env:BINANCE_{key.upper()}}}", f"{key}: {given}")
    found = findings(tmp_path, text)
    assert [one.code for one in found] == ["RT033"]
    assert f"`{key}`" in found[0].message
    assert "${env:EXCHANGE_" in found[0].help
    shown = "".join(render(one) + str(as_dict(one)) + repr(one) for one in found)
    assert CANARY not in shown
    assert "1234567890123" not in shown


@pytest.mark.parametrize(
    "text",
    [
        f"{{rtrade: 1, kind: exchange, exchange: binance, api_key: {CANARY}, weather: 1}}",
        f"{{rtrade: 1, kind: csv, series: [], secret: {CANARY}, 'api-kee': 1}}",
        f"{{rtrade: 1, kind: exchange, exchange: binance, api_kye: {CANARY}}}",
        f"{{rtrade: 1, kind: exchange, exchange: binance, apiKey: '{CANARY}'}}",
        f'{{rtrade: 1, kind: exchange, exchange: binance, "secret": "{CANARY}"',
        f"rtrade: 1\nkind: exchange\nexchange: binance\nsecret: '{CANARY}\n",
        f"rtrade: 1\nkind: exchange\nexchange: binance\nsecret: a{CANARY} b: c\n",
        f"rtrade: 1\nkind: exchange\nexchange: binance\nbase_url: http://me:{CANARY}@host\n",
    ],
)
def test_no_finding_shows_a_secret_that_stands_beside_it(tmp_path, text):
    found = findings(tmp_path, text)
    shown = "".join(render(one) + str(as_dict(one)) for one in found)
    assert CANARY not in shown


def test_only_secrets_read_the_environment(tmp_path):
    text = EXCHANGE.replace("exchange: binance", "exchange: ${env:NAME}")
    assert [one.code for one in findings(tmp_path, text)] == ["RT028"]
    text = EXCHANGE.replace("action: drop", "'api_key': '${env:NAME}'")
    assert "RT028" in [one.code for one in findings(tmp_path, text)]


def test_columns_of_a_masked_line_are_kept():
    line = f"{{api_key: {CANARY}, exchange: 3}}"
    assert masked(line) == "{api_key: " + "*" * len(f"{CANARY}, exchange: 3}}")
    assert masked("api_key: ${env:NAME}") == "api_key: ${env:NAME}"
    assert masked("{secret: '${env:A}', a: 1}") == "{secret: '${env:A}', a: 1}"
    assert masked("secrets: sma(close, 20)") == "secrets: sma(close, 20)"
