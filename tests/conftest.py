"""Shared by all tests: hypothesis profiles, and where the real market files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from reference.branches import branch_table
from store.postgres import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]  # fixtures, which are looked for here

ROOT = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("RTRADE_REAL_DATA", ROOT.parent / "shared" / "data"))

# Fixed examples: a failure in CI is one on every desk. `RTRADE_PROFILE=explore` draws new ones.
settings.register_profile(
    "fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("RTRADE_PROFILE", "fixed"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of the real market files where those are not at hand."""
    if REAL_DATA.is_dir():
        return
    real = [item for item in items if item.get_closest_marker("realdata")]
    config.hook.pytest_deselected(items=real)
    items[:] = [item for item in items if item not in real]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often programs met each branch of the fill rules, and what did not run."""
    for line in branch_table(terminalreporter.getreports("passed")):
        terminalreporter.write_line(line)
    if not REAL_DATA.is_dir():
        terminalreporter.write_line(
            "tests of real market files not run: set RTRADE_REAL_DATA to a folder that has them"
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market files."""
    return REAL_DATA
