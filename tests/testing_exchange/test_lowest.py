"""The tests of ccxt once more, with the lowest versions that rtrade says it works with."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOWEST = ROOT / ".venv" / "ccxt-lowest"


def floors() -> dict[str, str]:
    """What setup.cfg asks for at least."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    required = config["options"]["install_requires"]
    return dict(re.findall(r"^(ccxt|aiohttp) >= ([0-9.]+)", required, re.MULTILINE))


def test_ccxt_of_the_lowest_version() -> None:
    assert LOWEST.is_dir(), "the lowest versions are not there: run `make .venv/ccxt-lowest`"
    surroundings = os.environ | {"PYTHONPATH": str(LOWEST)}
    asked = "import aiohttp, ccxt; print(ccxt.__version__, aiohttp.__version__)"
    versions = subprocess.run(
        [sys.executable, "-c", asked], env=surroundings, capture_output=True, text=True, check=True
    )
    assert versions.stdout.split() == [floors()["ccxt"], floors()["aiohttp"]]
    done = subprocess.run(
        # ccxt 4.5.60 leaves a session of its own open after close().
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "-W", "ignore::pytest.PytestUnraisableExceptionWarning",
         str(Path(__file__).with_name("test_ccxt.py"))],
        env=surroundings, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    assert re.search(r"\d+ passed", done.stdout)
    assert "skipped" not in done.stdout
