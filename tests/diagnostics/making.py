"""Make bad files that a line of text cannot say."""

from __future__ import annotations

import gzip
from pathlib import Path


def deep(path: Path) -> None:
    """Nest 200 lists."""
    path.write_text("[" * 200 + "]" * 200 + "\n")


def bomb(path: Path) -> None:
    """Let each of 20 lists hold the one before ten times."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    path.write_text("\n".join(lines) + "\n")


def huge(path: Path) -> None:
    """Write 100 MB, most of them a hole."""
    with path.open("wb") as file:
        file.truncate(100_000_000)


def binary(path: Path) -> None:
    """Write bytes that are no text."""
    path.write_bytes(bytes(range(256)) * 8)


def utf16(path: Path) -> None:
    """Save in another encoding."""
    path.write_text(path.read_text(), encoding="utf-16")


def bom(path: Path) -> None:
    """Put a byte order mark in front."""
    path.write_text(path.read_text(), encoding="utf-8-sig")


def nul(path: Path) -> None:
    """Put a NUL into a name."""
    path.write_text(path.read_text().replace("calm: sma", "calm: s\0ma"))


def latin1(path: Path) -> None:
    """Write a letter in Latin-1."""
    path.write_bytes(path.read_bytes().replace(b"name: example", b"name: exampl\xe9"))


def folder(path: Path) -> None:
    """Put a folder in the place of the file."""
    path.unlink()
    path.mkdir()


def missing(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def minuses(path: Path) -> None:
    """Write 90,000 minus signs."""
    path.write_text(path.read_text().replace("sma(close, slow)", "-" * 90_000 + "close"))


def parentheses(path: Path) -> None:
    """Open 5,000 parentheses, and close them."""
    text = "(" * 5_000 + "close" + ")" * 5_000
    path.write_text(path.read_text().replace("sma(close, slow)", text))


def only_header(path: Path) -> None:
    """Leave the first line only."""
    path.write_text(path.read_text().splitlines()[0] + "\n")


def empty_bars(path: Path) -> None:
    """Leave nothing."""
    path.write_text("")


def truncated_gzip(path: Path) -> None:
    """Compress, and lose the second half."""
    whole = gzip.compress(path.read_bytes(), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])


def binary_bars(path: Path) -> None:
    """Write bytes that are no table."""
    path.write_bytes(bytes(range(256)) * 8)


def seconds(path: Path) -> None:
    """Give times in seconds, and call them milliseconds."""
    _in_units(path, lambda number: 1)
    source = path.with_name("own.yaml")
    source.write_text(source.read_text() + "time_unit: ms\n")


def mixed_units(path: Path) -> None:
    """Give the first time in seconds and all others in milliseconds."""
    _in_units(path, lambda number: 1 if number == 0 else 1000)


def _in_units(path, scale) -> None:
    header, *rows = path.read_text().splitlines()
    made = [
        f"{(1_704_067_200 + number * 3_600) * scale(number)},{row.split(',', 1)[1]}"
        for number, row in enumerate(rows)
    ]
    path.write_text("\n".join([header, *made, ""]))


def digits(path: Path) -> None:
    """Write an amount of 5,000 digits."""
    path.write_text(path.read_text().replace("10000", "1" * 5_000))


def link(path: Path) -> None:
    """Put a link in the place of the source; it leads out of the workspace."""
    source = path.parent / "datasources" / "own.yaml"
    elsewhere = path.parent.parent / f"{path.parent.name}-own.yaml"
    elsewhere.write_text(source.read_text())
    source.unlink()
    source.symlink_to(elsewhere)


def all_wrong(path: Path) -> None:
    """Leave out the close of each bar."""
    header, *rows = path.read_text().splitlines()
    made = [",".join([*row.split(",")[:4], "", *row.split(",")[5:]]) for row in rows]
    path.write_text("\n".join([header, *made, ""]))


def holed(path: Path) -> None:
    """Allow no holes, and take two bars out of the file beside it."""
    path.write_text(path.read_text() + "quality: {gaps: error}\n")
    bars = path.parent / "bars.csv"
    lines = bars.read_text().splitlines(keepends=True)
    bars.write_text("".join(lines[:4] + lines[6:]))
