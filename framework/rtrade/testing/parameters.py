"""Parameters of a request, read as Binance reads them and refused in its words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from rtrade.testing.refusals import (
    Refusal,
    illegal_characters,
    invalid_data,
    invalid_interval,
    invalid_symbol,
    missing,
    unread_parameters,
)

_NUMBER = r"^[0-9]{1,20}$"
_SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
_SYMBOLS = r"^\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\]$"
_INTERVAL = r"^[a-zA-Z0-9]{1,20}$"


class Parameters:
    """The query of one request; keeps count of what was read, so that the rest can be refused."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self._read: set[str] = set()

    def number(self, name: str) -> int | None:
        """Return a whole number, None where it was not sent."""
        value = self._take(name)
        if value is None:
            return None
        if re.match(_NUMBER, value) is None:
            raise illegal_characters(name, _NUMBER)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """Return `limit`, at most `most`: more is cut in silence, as Binance does."""
        limit = self.number("limit")
        if limit is None:
            return default
        if limit < 1:
            raise invalid_data("limit")
        return min(limit, most)

    def symbol(self) -> str | None:
        """Return `symbol`, None where it was not sent."""
        value = self._take("symbol")
        if value is not None and re.match(_SYMBOL, value) is None:
            raise illegal_characters("symbol", _SYMBOL)
        return value

    def the_symbol(self) -> str:
        """Return `symbol`, which must be there."""
        value = self.symbol()
        if value is None:
            raise missing("symbol")
        return value

    def symbols(self) -> list[str] | None:
        """Return the JSON list `symbols`, None where it was not sent."""
        value = self._take("symbols")
        if value is None:
            return None
        try:
            names = json.loads(value)
        except ValueError:
            names = None
        if not isinstance(names, list) or not names:
            raise illegal_characters("symbols", _SYMBOLS)
        if not all(isinstance(name, str) for name in names):
            raise invalid_symbol()
        return names

    def interval(self) -> str:
        """Return `interval`, which must be there and have the form of one."""
        value = self._take("interval")
        if value is None:
            raise missing("interval")
        if re.match(_INTERVAL, value) is None:
            raise invalid_interval()
        return value

    def text(self, name: str) -> str | None:
        """Return a parameter as it was sent, None where it was not."""
        return self._take(name)

    def finish(self) -> None:
        """Raise where more was sent than was read."""
        if len(self._query) > len(self._read):
            raise unread_parameters(len(self._read), len(self._query))

    def _take(self, name: str) -> str | None:
        value = self._query.get(name)
        if value is None:
            return None
        self._read.add(name)
        if not value:
            raise _empty(name)
        return value


def _empty(name: str) -> Refusal:
    return Refusal(-1105, f"Parameter '{name}' was empty.")
