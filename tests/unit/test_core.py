"""Timeframes, times, units, settings, text positions: the small things everything stands on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars, Filters
from rtrade.core.codes import CODES
from rtrade.core.diagnostics import SourceText, Span
from rtrade.core.settings import SETTINGS, load_settings
from rtrade.core.timeframes import DAY, HOUR, MINUTE, Timeframe, iso, parse_time
from rtrade.core.units import parse_fraction, parse_length, parse_money


@pytest.mark.parametrize(
    ("text", "ms", "canonical"),
    [
        ("1s", 1000, "1s"),
        ("5m", 5 * MINUTE, "5m"),
        ("60m", HOUR, "1h"),
        ("90m", 90 * MINUTE, "90m"),
        ("4h", 4 * HOUR, "4h"),
        ("24h", DAY, "1d"),
        ("7d", 7 * DAY, "1w"),
    ],
)
def test_timeframes(text: str, ms: int, canonical: str) -> None:
    assert Timeframe.parse(text).ms == ms
    assert str(Timeframe.parse(text)) == canonical


@pytest.mark.parametrize(
    "text", ["", "1", "h", "0h", "-1h", "1.5h", "5M", "24M", "1Y", "1 hour", "999999w"]
)
def test_what_is_no_timeframe(text: str) -> None:
    with pytest.raises(ValueError, match=r"timeframe|longer"):
        Timeframe.parse(text)


def test_weeks_begin_on_monday() -> None:
    sunday = parse_time("2024-01-07T23:59:59")
    assert iso(Timeframe.parse("1w").floor(sunday)) == "2024-01-01T00:00:00Z"
    assert iso(Timeframe.parse("1w").floor(sunday + 1000)) == "2024-01-08T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", "2024-01-31T00:00:00Z"),
        ("2024-01-31 09:30", "2024-01-31T09:30:00Z"),
        ("2024-01-31T09:30:00Z", "2024-01-31T09:30:00Z"),
        ("2024-01-31T09:30:00+02:00", "2024-01-31T07:30:00Z"),
        ("1969-12-31T23:59:59.500Z", "1969-12-31T23:59:59.500Z"),
    ],
)
def test_times_are_utc(text: str, expected: str) -> None:
    assert iso(parse_time(text)) == expected


@given(st.integers(-62_000_000_000_000, 250_000_000_000_000))
def test_times_come_back(moment: int) -> None:
    assert parse_time(iso(moment)) == moment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2%", 0.02),
        ("0.1%", 0.001),
        ("5 bps", 0.0005),
        ("50bps", 0.005),
        ("0%", 0.0),
        ("1e1%", 0.1),
    ],
)
def test_fractions(text: str, value: float) -> None:
    assert parse_fraction(text) == value


@pytest.mark.parametrize("text", ["2", "0.02", "%", "2 percent", "two%", "2%%", "nan%", "inf%", ""])
def test_a_fraction_without_its_unit(text: str) -> None:
    with pytest.raises(ValueError):
        parse_fraction(text)


def test_lengths_are_bars_or_divide() -> None:
    assert parse_length("20 bars").in_bars(Timeframe(HOUR)) == 20
    assert parse_length("1 bar").in_bars(Timeframe(HOUR)) == 1
    assert parse_length("2d").in_bars(Timeframe(HOUR)) == 48
    with pytest.raises(ValueError, match="not a whole number"):
        parse_length("90m").in_bars(Timeframe(HOUR))


def test_money_has_a_currency() -> None:
    assert parse_money("1000.5 USDT") == (1000.5, "USDT")
    with pytest.raises(ValueError):
        parse_money("1000")


@pytest.mark.parametrize(
    ("lot", "step"),
    [("1e-8", (1, 8)), ("0.00001", (1, 5)), ("0.25", (25, 2)), ("1", (1, 0)), ("100", (100, 0))],
)
def test_lot_steps_are_exact(lot: str, step: tuple[int, int]) -> None:
    assert Filters(lot=Decimal(lot)).lot_step() == step


def bars_at(*hours: int) -> Bars:
    ones = np.ones(len(hours))
    times = np.array(hours, dtype=np.int64) * HOUR
    return Bars("A/B", Timeframe(HOUR), times, ones, ones, ones, ones, ones)


def test_gaps_and_missing_bars() -> None:
    assert bars_at().gaps() == (0, 0)
    assert bars_at(1, 2, 3).gaps() == (0, 0)
    assert bars_at(1, 2, 5, 6, 8).gaps() == (2, 3)


def test_the_digest_follows_the_content() -> None:
    assert bars_at(1, 2).digest() == bars_at(1, 2).digest()
    assert bars_at(1, 2).digest() != bars_at(1, 3).digest()
    assert bars_at(1, 2, 3).slice(0, 2).digest() == bars_at(1, 2).digest()


def test_a_span_points_at_the_characters_of_a_string() -> None:
    text = SourceText("ab cd", "f.yaml", ((0, 3, 7), (3, 4, 2)))
    assert text.span(0, 2) == Span("f.yaml", 3, 7, 3, 9)
    assert text.span(3, 5) == Span("f.yaml", 4, 2, 4, 4)
    assert text.span(1, 4) == Span("f.yaml", 3, 8, 4, 3)


def test_every_code_is_explained() -> None:
    for code, entry in CODES.items():
        assert code == entry.code
        assert len(entry.doc) > 20
        assert not entry.title.endswith(".")


def test_settings_environment_then_file_then_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RTRADE_OUT=/from/file\nRTRADE_LOG=info\n", encoding="utf-8")
    settings = load_settings(tmp_path, {"RTRADE_OUT": "/from/environment"})
    assert settings["RTRADE_OUT"] == "/from/environment"
    assert settings["RTRADE_LOG"] == "info"
    assert settings.origins["RTRADE_LOG"] == ".env"
    assert load_settings(tmp_path / "none", {})["RTRADE_LOG"] == "warning"


def test_a_setting_of_the_process_is_not_read_from_a_workspace(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RTRADE_CACHE=/from/file\n", encoding="utf-8")
    settings = load_settings(tmp_path, {})
    assert (settings["RTRADE_CACHE"], settings.origins["RTRADE_CACHE"]) == ("", "default")
    assert load_settings(tmp_path, {"RTRADE_CACHE": "/there"})["RTRADE_CACHE"] == "/there"
    assert all(setting.help for setting in SETTINGS)
