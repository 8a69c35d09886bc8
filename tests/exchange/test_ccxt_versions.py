"""The lowest ccxt that is supported does the same as the newest, which all other tests use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.support import ROOT, stated_lowest

LOWEST = Path(os.environ.get("RTRADE_CCXT_LOWEST", ROOT / ".venv" / "ccxt-lowest"))
# What goes through ccxt: windows with faults, the generic way, markets, trades, books, errors.
CHOSEN = (
    "whole or seeded_run or ccxts_own_method or allows_is_told or asked_for_once or paged_by "
    "or books_and or funding or version_that_is_meant or error_codes or nobody_listens "
    "or credentials or addresses"
)


def test_the_lowest_version_of_ccxt_does_the_same():
    if not (LOWEST / "ccxt").is_dir():
        pytest.skip(f"{LOWEST} has no ccxt: `make .venv/ccxt-lowest` puts it there")
    environ = {**os.environ, "PYTHONPATH": str(LOWEST)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
               "-k", CHOSEN, "tests/exchange/test_venue.py", "tests/exchange/test_bad_input.py",
               "tests/exchange/test_addresses.py"]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env={**environ, "RTRADE_CCXT_VERSION": stated_lowest()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "passed" in done.stdout
