"""RESULTS.md: tables in Markdown, the machine they were measured on, sections that are replaced."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import rtrade

FILE = Path(__file__).resolve().parent / "RESULTS.md"
TITLE = """# Measured

Each section is written by the script that it names, with `--write`; `make bench` runs them all.
CPU seconds are those of the process, user and system; figures are medians, and ratios are of one
run, round by round. A ratio holds on other machines about as well as here, seconds do not.
"""
ORDER = ("peers", "sweeps", "scaling", "cold")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, the first column to the left, the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value: float) -> str:
    """Return a number with three digits that count, and commas from a thousand on."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 or not value else f"{value:.1e}"


def circumstances(rounds: int) -> str:
    """Return when, in how many rounds and on what machine, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[1]
    ours = ", ".join(f"{name} {version(name)}" for name in ("numba", "numpy", "backtrader"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {cpu()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()}; Python {platform.python_version()}, rtrade {rtrade.__version__}, "
        f"{ours}.\nRounds: {rounds}; load average over five minutes, its own included: {load:.1f}. "
        "A load above 2 makes wall times too long, and CPU times somewhat."
    )


def cpu() -> str:
    """Return the model of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write(name: str, text: str) -> None:
    """Put a section in the place of the one of that name, and leave the others as they are."""
    sections = _sections(FILE.read_text()) if FILE.exists() else {}
    sections[name] = text.strip()
    kept = [f"<!-- {one} -->\n\n{sections[one]}\n" for one in ORDER if one in sections]
    FILE.write_text("\n".join([TITLE, *kept]))


def _sections(text: str) -> dict[str, str]:
    found = {}
    for part in text.split("<!-- ")[1:]:
        name, _, body = part.partition(" -->")
        found[name] = body.strip()
    return found
