"""House rules that a linter does not know."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "framework").rglob("*.py"))
# DESIGN: what `--help`, `validate` and completion never import.
BARRED = (
    "pandas", "polars", "talib", "backtrader", "ccxt", "numba", "matplotlib", "openai", "flask",
    "optuna", "sqlalchemy", "pyarrow",
)  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_short(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert length <= 40, f"{node.name} has {length} lines"


SMA = str(ROOT / "strategies" / "sma_btc.yaml")


def imported(barred: tuple[str, ...], *command: str) -> list[str]:
    """Return which of the libraries a command has loaded when it ends."""
    program = (
        "import sys; sys.argv[0] = 'rtrade'\n"
        "from rtrade.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        f"print(*[name for name in {barred!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["run", "--help"],
        ["validate", SMA],
        ["validate", SMA, "--engine", "compiled"],
        ["explain", SMA, "--engine", "compiled"],
    ],
    ids=" ".join,
)
def test_light_commands_import_no_heavy_library(command: list[str]) -> None:
    assert imported(BARRED, *command) == []


def test_a_run_imports_no_engine_but_its_own(tmp_path: Path) -> None:
    run = ("run", SMA, "--last", "30d", "--quiet", "--no-assumptions", "--out", str(tmp_path))
    engines = ("backtrader", "numba")
    assert imported(engines, *run) == ["backtrader"]
    assert imported(engines, *run, "--engine", "compiled") == ["numba"]
    assert imported(engines, *run, "--verify") == ["backtrader", "numba"]
