"""What every shipped strategy comes to on known bars, to the last bit, on both engines.

`golden.json` has, by source and strategy, the sha256 of the bars, the number of fills, their
sha256 with floats to the last bit, and the final equity as `float.hex()`. Models are not asked:
answers are drawn by the time of their question, as `rtrade check` does.

These numbers are promises to users. Whoever changes them writes into CHANGELOG.md what changed and
why, and then, with that sentence as it stands there:

    RTRADE_GOLDEN='The sentence.' .venv/bin/pytest tests/golden

which writes the file anew, sentence included. It takes the real bars too (RTRADE_REAL_DATA), and
one process. Other numbers take another sentence.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from conftest import REAL_DATA, ROOT
from rtrade.analysis.verification import fills_digest, first_difference
from rtrade.config.overrides import Overrides
from rtrade.execution.engines import ENGINES, engine
from rtrade.execution.preparing import prepare
from rtrade.signals.evaluate import evaluate
from rtrade.signals.standins import drawn
from rtrade.workflow.compiling import compile_strategy
from rtrade.workflow.markets import plan_data

FILE = Path(__file__).with_name("golden.json")
STRATEGIES = sorted(path.stem for path in (ROOT / "strategies").glob("*.yaml"))
REAL = "BTCUSDT_1h_2017_2024.csv.gz"
SENTENCE = os.environ.get("RTRADE_GOLDEN", "")


def words(text: str) -> str:
    return " ".join(text.split())


def changelog() -> str:
    return words((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def written() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def outcomes(strategy: str, source: str | None) -> dict[str, dict[str, Any]]:
    """Run a strategy on both engines; return what came of each, in the form of the file."""
    path = ROOT / "strategies" / f"{strategy}.yaml"
    compiled = compile_strategy(path, Overrides(source=source))
    market, plan = plan_data(compiled), compiled.plan
    program = prepare(plan, market, evaluate(plan, market, drawn(plan, market)))
    results = {name: engine(name)(program, market.bars) for name in ENGINES}
    assert first_difference(*results.values(), market.bars) is None
    return {
        name: {
            "bars": market.base.digest(),
            "fills": len(result.fills),
            "sha256": fills_digest(result.fills),
            "final_equity": float(result.equity[-1]).hex(),
        }
        for name, result in results.items()
    }


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A source of real bars."""
    path = tmp_path_factory.mktemp("golden") / "real.yaml"
    series = {"symbol": "BTC/USDT", "timeframe": "1h", "path": str(REAL_DATA.resolve() / REAL)}
    text = f"rtrade: 1\nkind: csv\nseries:\n  - {json.dumps(series)}\n"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def rewritten() -> Any:
    """Collect what is made where the file is to be written, and write it at the end."""
    made: dict[str, Any] = {}
    yield made
    if SENTENCE:
        made = {source: made.get(source, {}) for source in ("sample", "real")}
        assert all(sorted(found) == STRATEGIES for found in made.values()), "not written: not whole"
        assert words(SENTENCE) in changelog(), "not written: CHANGELOG.md has no such sentence"
        before = written() if FILE.exists() else {}
        assert {**before, **made} == before or before.get("explained") != SENTENCE, "not explained"
        text = json.dumps({"explained": SENTENCE, **made}, indent=2)
        FILE.write_text(f"{text}\n", encoding="utf-8")


def agree(source: str, strategy: str, found: dict[str, Any], rewritten: dict[str, Any]) -> None:
    if SENTENCE:
        rewritten.setdefault(source, {})[strategy] = found["backtrader"]
        return
    expected = written()[source][strategy]
    for name in ENGINES:
        assert found[name] == expected, f"{name} comes to something else"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_on_the_sample(strategy: str, rewritten: dict[str, Any]) -> None:
    agree("sample", strategy, outcomes(strategy, None), rewritten)


@pytest.mark.realdata
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_on_real_bars(strategy: str, real: str, rewritten: dict[str, Any]) -> None:
    agree("real", strategy, outcomes(strategy, real), rewritten)


def test_every_strategy_trades_in_the_file_and_no_other_is_in_it() -> None:
    if SENTENCE:
        pytest.skip("the file is being written: run again without RTRADE_GOLDEN")
    document = written()
    assert document.keys() == {"explained", "sample", "real"}
    for source in ("sample", "real"):
        assert sorted(document[source]) == STRATEGIES
        assert all(found["fills"] >= 4 for found in document[source].values())
        assert len({found["sha256"] for found in document[source].values()}) == len(STRATEGIES)


def test_the_changelog_explains_the_numbers() -> None:
    sentence = SENTENCE or written()["explained"]
    assert words(sentence) in changelog()
    assert len(words(sentence).split()) >= 5
