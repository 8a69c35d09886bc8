"""Bars out of Binance's public archives: one zip a month or a day, with one CSV file in it.

    data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip
    data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-01.zip

The CSV has twelve columns, with a header or without; times are in milliseconds, from 2025 on in
microseconds, which their magnitude tells. A `.CHECKSUM` file (sha256) beside a zip is compared.

What comes out of a zip is only ever read, never written: one member of the expected name, no larger
than the bars of its month or day can be.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rtrade.config.definitions import QualityDef
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import DataUnavailable, InvalidInput, UsageError, WorldError
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.data.csv_files import Header, read_rows
from rtrade.data.findings import Finding, RowPlaces, broken, diagnose
from rtrade.data.quality import check
from rtrade.data.tables import Table

CHECKSUM = ".CHECKSUM"
MONTH = Timeframe.of_months(1)
DAY = Timeframe.parse("1d")
# The name that archives have for months: file systems may not tell `1m` from `1M`.
_MONTHLY = "1mo"
_NAMES = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip
_HEADER = Header(",", len(_NAMES), {"time": 0} | {name: _NAMES.index(name) for name in COLUMNS[1:]})
# Twelve numbers of usual length are 160 characters; no bar needs this many.
_ROW = 512
# The largest there are, of a month of seconds, have some 60 MB.
MAX_PACKED = 256 << 20
_FOLDERS = (
    "data/spot/monthly/klines", "data/spot/daily/klines", "spot/monthly/klines",
    "spot/daily/klines", "monthly/klines", "daily/klines", "",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Period:
    """The month or the day that a file is of: `start <= t < end` in ms."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Archive:
    """What archives call a series: `BTCUSDT` and `1h`, or `1mo`."""

    symbol: str
    timeframe: Timeframe

    @property
    def market(self) -> str:
        """The symbol as in the names of files."""
        return self.symbol.replace("/", "")

    @property
    def interval(self) -> str:
        """The timeframe as in the names of files."""
        return _MONTHLY if self.timeframe == MONTH else str(self.timeframe)

    def name(self, period: Period) -> str:
        """Return the name of the file of a month or a day."""
        return f"{self.market}-{self.interval}-{period.text}.zip"

    def folder(self, period: Period) -> str:
        """Return where the file is, below the root of the archives."""
        kind = "monthly" if len(period.text) == len("2024-01") else "daily"
        return f"data/spot/{kind}/klines/{self.market}/{self.interval}"

    def period(self, name: str) -> Period | None:
        """Return the month or the day that a file is of; None for other files."""
        start = re.escape(f"{self.market}-{self.interval}-")
        match = re.fullmatch(rf"{start}(\d{{4}}-\d\d(-\d\d)?)\.zip", name, re.ASCII)
        if match is None:
            return None
        try:
            return month(match[1]) if match[2] is None else day(match[1])
        except ValueError:
            # Such as 2024-13: nothing that an archive is of.
            return None


def month(text: str) -> Period:
    """Return the month `2024-01`."""
    start = parse_time(f"{text}-01")
    return Period(start, MONTH.close(start), text)


def day(text: str) -> Period:
    """Return the day `2024-01-31`."""
    start = parse_time(text)
    return Period(start, DAY.close(start), text)


def archived_bars(
    place: str, symbol: str, timeframe: Timeframe, *, workspace: Path = Path()
) -> Iterator[Bars]:
    """Yield the bars of each file of a series, oldest first, from a folder or an address.

    A folder holds the files themselves, or Binance's folders; an address has them below
    `data/spot/`. A day is left out where its month is there. Damaged files are passed over, and
    InvalidInput with what is wrong in all of them is raised at the end; WorldError and
    DataUnavailable where there is nothing to read.
    """
    if ":" in symbol:
        message = f"{symbol} is no spot symbol, and archives are read of spot markets only"
        raise UsageError(message, hint="name one such as BTC/USDT")
    archive = Archive(symbol, timeframe)
    if place.startswith(("http://", "https://")):
        from rtrade.data.archive_fetching import fetched

        files = fetched(place, archive, workspace)
    else:
        files = _in_folder(Path(place), archive)
    findings: list[Diagnostic] = []
    count = 0
    for file in files:
        count += 1
        try:
            yield read_archive(file, archive)
        except InvalidInput as invalid:
            findings.extend(invalid.diagnostics)
    if not count:
        raise _nothing(place, archive)
    if findings:
        raise InvalidInput(findings)


def _nothing(place: str, archive: Archive) -> DataUnavailable:
    name = f"{archive.market}-{archive.interval}"
    return DataUnavailable(
        f"there is no archive of {archive.symbol} {archive.timeframe} at {place}",
        hint=f"files are called {name}-2024-01.zip or {name}-2024-01-31.zip, in that folder or in "
        f"data/spot/monthly/klines/{archive.market}/{archive.interval} below it",
    )


@dataclass(frozen=True)
class PackedFile:
    """A zip as it was found: what it is of, its bytes, and what its checksum file says."""

    path: Path
    period: Period
    content: bytes
    checksum: bytes | None


def _in_folder(folder: Path, archive: Archive) -> Iterator[PackedFile]:
    if not folder.is_dir():
        raise WorldError(f"there is no folder {folder}", hint="name the folder with the zip files")
    found: dict[Period, Path] = {}
    for below in _FOLDERS:
        for inner in (f"{archive.market}/{archive.interval}", archive.interval, ""):
            part = folder / below / inner
            for path in sorted(part.iterdir()) if part.is_dir() else []:
                period = archive.period(path.name)
                if period is not None and path.is_file():
                    found.setdefault(period, path)
    for period in chosen(found):
        path = found[period]
        beside = path.with_name(path.name + CHECKSUM)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_PACKED + 1)
            said = beside.read_bytes() if beside.is_file() else None
        except OSError as error:
            message = f"cannot read {path}: {error.strerror or error}"
            raise WorldError(message, hint="check that the file may be read") from error
        yield PackedFile(path, period, content, said)


def chosen(periods: Iterable[Period]) -> list[Period]:
    """Return the months, and the days that no month holds, by time."""
    ordered = sorted(periods, key=lambda one: (one.start, -one.end))
    kept: list[Period] = []
    for one in ordered:
        if not kept or one.end > kept[-1].end:
            kept.append(one)
    return kept


def read_archive(file: PackedFile, archive: Archive) -> Bars:
    """Return the bars of a file; raise InvalidInput with what is wrong in it."""
    if len(file.content) > MAX_PACKED:
        raise broken(file.path, "RT302", "the file is far too large", "fetch the file again")
    _compare(file)
    count = archive.timeframe.count(file.period.start, file.period.end)
    text = _unpacked(file.path, file.content, (count + 2) * _ROW)
    table = _rows(file.path, text)
    findings = [*table.findings, *check(table, archive.timeframe, QualityDef())]
    outside = (table.time < file.period.start) | (table.time >= file.period.end)
    findings += [
        Finding("RT302", int(row), f"the bar is not of {file.period.text}, as the name says")
        for row in np.flatnonzero(outside & (table.time >= 0))
    ]
    if findings:
        raise InvalidInput(diagnose(findings, table.places, table.time))
    columns = [np.ascontiguousarray(line) for line in table.values]
    return Bars(archive.symbol, archive.timeframe, np.ascontiguousarray(table.time), *columns)


def _compare(file: PackedFile) -> None:
    """Raise where the checksum file says another sum."""
    if file.checksum is None:
        return
    stated = file.checksum[:64].decode("ascii", errors="replace").lower()
    if stated != hashlib.sha256(file.content).hexdigest():
        message = f"the sha256 is not the one that {file.path.name}{CHECKSUM} states"
        raise broken(file.path, "RT302", message, "fetch both files again")


def _unpacked(path: Path, content: bytes, limit: int) -> bytes:
    """Return what is in the zip, of at most `limit` bytes."""

    def refused(message: str) -> InvalidInput:
        return broken(path, "RT302", message, "fetch the file again")

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = packed.infolist()
            expected = f"{path.stem}.csv"
            if len(members) != 1:
                raise refused(f"the zip holds {len(members)} files, not one")
            if members[0].filename != expected:
                raise refused(f"the zip holds {members[0].filename[:80]!r}, not {expected}")
            if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise refused("the zip is packed in a way that archives are not")
            with packed.open(members[0]) as file:
                text = file.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as fault:
        raise refused(f"the zip is damaged or cut off ({fault})") from fault
    except RuntimeError as fault:
        # So it says that a password is needed.
        raise refused("the zip is encrypted") from fault
    if len(text) > limit:
        raise refused(f"unpacked it is larger than its bars can be ({limit:,} bytes)")
    return text


def _rows(path: Path, text: bytes) -> Table:
    if not text.strip():
        raise broken(path, "RT303", "the file in it is empty", "fetch the file again")
    stated = not text.lstrip(b"\xef\xbb\xbf \t")[:1].isdigit()
    if stated:
        return read_rows(path, text, _HEADER, "auto")
    table = read_rows(path, ",".join(_NAMES).encode() + b"\n" + text, _HEADER, "auto")
    places = table.places

    def locate(rows: Sequence[int]) -> list[tuple[int, str | None]]:
        return [(number - 1, line) for number, line in places.locate(rows)]

    return replace(table, places=RowPlaces(path, places.word, locate))
