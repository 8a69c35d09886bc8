"""Binance's own errors, with its codes and words."""

from __future__ import annotations


class Refusal(Exception):
    """A request that Binance would refuse: an HTTP status, a code and a message."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid_symbol() -> Refusal:
    """Return the error for a symbol that does not exist."""
    return Refusal(-1121, "Invalid symbol.")


def invalid_interval() -> Refusal:
    """Return the error for an interval that does not exist, or that cannot be served."""
    return Refusal(-1120, "Invalid interval.")


def missing(name: str) -> Refusal:
    """Return the error for a mandatory parameter that is not there."""
    message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return Refusal(-1102, message)


def illegal_characters(name: str, legal: str) -> Refusal:
    """Return the error for a parameter that does not match the pattern `legal`."""
    message = f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    return Refusal(-1100, message)


def invalid_data(name: str) -> Refusal:
    """Return the error for a parameter whose value has the right form and makes no sense."""
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def unread_parameters(read: int, sent: int) -> Refusal:
    """Return the error for parameters that the endpoint does not know."""
    message = (
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
    )
    return Refusal(-1104, message)


def bad_combination() -> Refusal:
    """Return the error for parameters that exclude one another."""
    return Refusal(-1128, "Combination of optional parameters invalid.")
