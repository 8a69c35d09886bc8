"""What people see who edit our files: completion, hover and diagnostics of yaml-language-server."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from editors.language_server import SERVER, LanguageServer
from integration.test_cli import rtrade
from rtrade.catalog.builtin import builtin

ASKED = Path(__file__).parents[2] / "docs" / "diagnostics" / "base" / "asked.yaml"
MODELINE = "# yaml-language-server: $schema=../schemas/strategy.schema.json\n"
NOWHERE = {"enable": False}
SETTINGS = {
    "yaml": {
        "completion": True,
        "hover": True,
        "validate": True,
        "schemaStore": NOWHERE,
        "kubernetesCRDStore": NOWHERE,
    }
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("editor") / "ws"
    assert rtrade("init", folder, "--quiet", cwd=folder.parent).returncode == 0
    return folder


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[LanguageServer]:
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None or not SERVER.is_file():
        reason = "no yaml-language-server: `make .venv/ready-editor` installs it"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason)
        pytest.skip(reason)
    running = LanguageServer(node, workspace, SETTINGS)
    yield running
    running.close()


def place(text: str, words: str) -> tuple[int, int]:
    """Return the line and column, from 0, of the second letter of `words`."""
    line = next(at for at, line in enumerate(text.splitlines()) if words in line)
    return line, text.splitlines()[line].index(words) + 1


def shipped(workspace: Path) -> list[Path]:
    return sorted([*workspace.glob("strategies/*.yaml"), *workspace.glob("datasources/*.yaml")])


def test_what_is_shipped_has_no_diagnostics(server: LanguageServer, workspace: Path) -> None:
    files = shipped(workspace)
    assert len(files) >= 10
    for file in files:
        assert server.open(file, file.read_text(encoding="utf-8")) == [], file.name


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("sizing: {equity: 95%}", "sizing: {equity: 0.95}", "sizing:", "Incorrect type"),
        ("costs:", "cost:", "cost:", "Property cost is not allowed"),
        ("  timeframe: 1h", "  timeframe: 1hour", "1hour", "does not match the pattern"),
        ("rtrade: 1", "rtrade: 2", "rtrade: 2", "Value is not accepted"),
        ("  fast: {default: 20", "  fast: {defualt: 20", "defualt", "defualt is not allowed"),
    ],
)
def test_a_mistake_is_underlined_where_it_is(
    server: LanguageServer, workspace: Path, old: str, new: str, line: str, words: str
) -> None:
    text = (workspace / "strategies" / "sma_btc.yaml").read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    name = "".join(letter for letter in new if letter.isalnum())
    found = server.open(workspace / "strategies" / f"{name}.yaml", changed)
    at = place(changed, line)[0]
    assert [one for one in found if words in one["message"] and one["range"]["start"]["line"] == at]


def test_keys_are_offered_with_what_must_stand_in_them(
    server: LanguageServer, workspace: Path
) -> None:
    file = workspace / "strategies" / "new.yaml"
    missing = server.open(file, f"{MODELINE}rtrade: 1\nname: new\n\n")
    assert 'Missing property "costs".' in [one["message"] for one in missing]
    offered = server.complete(file, 3, 0)
    assert {"data", "signals", "rules", "sizing", "risk", "costs", "backtest"} <= offered.keys()
    assert "name" not in offered
    assert offered["costs"]["insertText"] == "costs:\n  commission: $1\n  slippage: $2"
    assert "What trading costs" in str(offered["costs"]["documentation"])


def test_the_functions_of_the_catalog_are_offered_for_a_signal(
    server: LanguageServer, workspace: Path
) -> None:
    file = workspace / "strategies" / "signals.yaml"
    server.open(file, f"{MODELINE}rtrade: 1\nsignals:\n  average: \n")
    offered = server.complete(file, 3, 11)
    names = {label.partition("(")[0].partition(".")[0] for label in offered}
    assert {"sma", "rsi", "bbands", "macd", "atr", "crosses_above"} <= names
    assert len(names & set(builtin().names())) > 150


def test_a_whole_strategy_is_offered_in_an_empty_file_and_is_right(
    server: LanguageServer, workspace: Path
) -> None:
    file = workspace / "strategies" / "whole.yaml"
    server.open(file, f"{MODELINE}\n")
    snippet = server.complete(file, 1, 0)["a strategy"]["insertText"]
    text = f"{MODELINE}{snippet}\n"
    assert server.open(workspace / "strategies" / "filled.yaml", text) == []
    (workspace / "strategies" / "filled.yaml").write_text(text, encoding="utf-8")
    done = rtrade("validate", "strategies/filled.yaml", cwd=workspace)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sizing:", "How much to buy"),
        ("commission:", "Commission of each fill"),
        ("timeframe:", "bar"),
        ("enter_long:", "Open a long position"),
    ],
)
def test_a_key_explains_itself(
    server: LanguageServer, workspace: Path, key: str, words: str
) -> None:
    file = workspace / "strategies" / "sma_btc.yaml"
    text = file.read_text(encoding="utf-8")
    server.open(file, text)
    assert words in server.hover(file, *place(text, key))


def test_the_settings_of_a_workspace_find_the_schemas_without_modelines(workspace: Path) -> None:
    settings = (workspace / ".vscode" / "settings.json").read_text(encoding="utf-8")
    for name in ("strategy", "datasource"):
        assert f'"./schemas/{name}.schema.json"' in settings
        assert (workspace / "schemas" / f"{name}.schema.json").is_file()


def test_a_model_is_offered_for_a_signal(server: LanguageServer, workspace: Path) -> None:
    file = workspace / "strategies" / "models.yaml"
    server.open(file, f"{MODELINE}rtrade: 1\nsignals:\n  analyst: \n")
    offered = server.complete(file, 3, 11)
    assert "\n  llm:\n    provider: ${1:local_llm}\n" in offered["llm"]["insertText"]
    second = workspace / "strategies" / "asking.yaml"
    start = f"{MODELINE}rtrade: 1\nsignals:\n  analyst:\n    llm:\n"
    server.open(second, f"{start}      provider: local_llm\n      \n")
    keys = server.complete(second, 6, 6)
    assert {"prompt", "every", "at", "answer", "vote", "budget"} <= keys.keys()
    assert "What the model answers" in str(keys["answer"]["documentation"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0..100", "0-100", "does not match the pattern"),
        ("[buy, sell, hold]", "[buy]", "too few items"),
        ("every: 24 bars", "every: 24", "Incorrect type"),
        ("provider:", "provder:", "provder is not allowed"),
    ],
)
def test_a_mistake_in_a_model_is_underlined(
    server: LanguageServer, workspace: Path, old: str, new: str, words: str
) -> None:
    text = f"{MODELINE}{ASKED.read_text(encoding='utf-8')}"
    assert server.open(workspace / "strategies" / "asked.yaml", text) == []
    name = "".join(letter for letter in new if letter.isalnum())
    changed = text.replace(old, new, 1)
    found = server.open(workspace / "strategies" / f"{name}.yaml", changed)
    at = place(changed, new)[0]
    assert [one for one in found if words in one["message"] and one["range"]["start"]["line"] == at]
