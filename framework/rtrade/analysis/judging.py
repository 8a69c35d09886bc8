"""Words that reasons of diagnoses share."""

from __future__ import annotations


def percent(fraction: float, *, signed: bool = False) -> str:
    """Write a fraction in percent: three digits that mean something."""
    value = fraction * 100
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    return f"{text} %"


def money(amount: float) -> str:
    """Write an amount of the quote currency."""
    return f"{amount:,.2f}"


def counted(number: int, noun: str) -> str:
    """Write `1 trade`, `2 trades`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def made_or_lost(amount: float) -> str:
    """Write `made 12.00` or `lost 12.00`."""
    return f"made {money(amount)}" if amount > 0 else f"lost {money(-amount)}"
