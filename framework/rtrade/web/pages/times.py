"""Times that people write into forms."""

from __future__ import annotations

from rtrade.core.timeframes import iso, parse_time
from rtrade.web.parameters import EARLIEST, LATEST
from rtrade.web.problems import invalid_parameters


def moment_of(name: str, text: str) -> int:
    """Return the time (ms) that a field says; raise Problem (422) where it says none."""
    try:
        moment = parse_time(text)
        iso(moment)
    except (ValueError, OverflowError):
        moment = -1
    if not EARLIEST <= moment <= LATEST:
        raise invalid_parameters([{"name": name, "detail": "is no day such as 2024-01-31"}])
    return moment
