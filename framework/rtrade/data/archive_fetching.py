"""Files of Binance's public archives, or of a copy of them, over HTTP.

What there is cannot be listed at an address: months are asked for one by one, since the exchange
began, and days where a month's file may not be made yet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtrade.core.errors import WorldError
from rtrade.core.settings import load_settings
from rtrade.core.timeframes import Timeframe, iso, parse_time
from rtrade.data.archive import CHECKSUM, DAY, MONTH, Archive, PackedFile, Period, day, month
from rtrade.exchange.addresses import Guard, host_of
from rtrade.exchange.sending import make_session

# The month in which Binance opened.
FIRST = parse_time("2017-07-01")
_ATTEMPTS = 5
_TIMEOUT = 20.0
_PASSING = frozenset({429, 500, 502, 503, 504})
# Files of days are asked for in this many months before the present.
_RECENT = 2


class _Passing(Exception):
    """An answer that the next one may differ from."""


def fetched(
    base_url: str, archive: Archive, workspace: Path, *, now: int | None = None
) -> Iterator[PackedFile]:
    """Yield the files of a series below `base_url`, oldest first.

    Requests go to that host alone; with RTRADE_LOOPBACK set, to this machine only. Raises
    AddressRefused, and WorldError where the server cannot be asked.
    """
    loopback = load_settings(workspace)["RTRADE_LOOPBACK"] not in ("", "0")
    guard = Guard(frozenset([host_of(base_url)]), loopback=loopback)
    guard.check(base_url)
    present = int(time.time() * 1000) if now is None else now
    with make_session(guard) as session:
        for one in _periods(FIRST, present, MONTH):
            found = _file(session, base_url, archive, one)
            if found is not None:
                yield found
            elif one.end > MONTH.ahead(present, -_RECENT + 1):
                days = _periods(one.start, min(one.end, present), DAY)
                files = (_file(session, base_url, archive, each) for each in days)
                yield from (file for file in files if file is not None)


def _periods(start: int, end: int, length: Timeframe) -> Iterator[Period]:
    """Yield the months or the days that begin in a stretch."""
    while start < end:
        yield month(iso(start)[:7]) if length == MONTH else day(iso(start)[:10])
        start = length.close(start)


def _file(session: Any, base_url: str, archive: Archive, period: Period) -> PackedFile | None:
    where = f"{archive.folder(period)}/{archive.name(period)}"
    content = _get(session, f"{base_url.rstrip('/')}/{where}")
    if content is None:
        return None
    checksum = _get(session, f"{base_url.rstrip('/')}/{where}{CHECKSUM}")
    return PackedFile(Path(where), period, content, checksum)


def _get(session: Any, url: str) -> bytes | None:
    """Return what is at an address, None where nothing is; ask again where that may help."""
    import requests
    from tenacity import (
        RetryError,
        Retrying,
        retry_if_exception_type,
        stop_after_attempt,
        wait_random_exponential,
    )

    passing = (
        _Passing,
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ContentDecodingError,
    )
    attempts = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        retry=retry_if_exception_type(passing),
    )
    try:
        return attempts(_ask, session, url)
    except RetryError as fault:
        reason = fault.last_attempt.exception()
        message = f"{url} cannot be fetched: {reason}"
        raise WorldError(message, hint="try again later; what was stored is kept") from reason


def _ask(session: Any, url: str) -> bytes | None:
    response = session.get(url, timeout=_TIMEOUT)
    if response.status_code == 404:
        return None
    if response.status_code in _PASSING:
        raise _Passing(f"the server answers {response.status_code}")
    if response.status_code != 200:
        raise WorldError(
            f"{url} cannot be fetched: the server answers {response.status_code}",
            hint="check the address: files are below `data/spot/`",
        )
    content: bytes = response.content
    return content
