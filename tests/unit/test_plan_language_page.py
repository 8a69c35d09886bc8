"""The language page says what the compiler does: every example on it is compiled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.core.errors import InvalidInput
from rtrade.llm.filters import OWN
from rtrade.llm.names import known_names
from rtrade.plan.names import PRICES
from rtrade.plan.nodes import Const
from rtrade.plan.operators import ARITHMETIC, COMPARISONS
from rtrade.plan.plan import Plan
from rtrade.workflow.compiling import compile_strategy
from unit.plan_strategies import findings, is_error

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
ALSO = {"daily": ("BTC/USDT", "1d"), "eth": ("ETH/USDT", "1h")}


def lines(language: str) -> list[str]:
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def pairs(language: str) -> list[tuple[str, str]]:
    return [tuple(re.split(r"\s{2,}", line, maxsplit=1)) for line in lines(language)]


@pytest.mark.parametrize("text", lines("expr"))
def test_example_compiles_without_a_finding(text):
    assert findings(signals={"it": text}, also=ALSO) == ()


@pytest.mark.parametrize(("text", "words"), pairs("refused"))
def test_refused_example_is_refused_in_those_words(text, words):
    found = findings(signals={"it": text}, also=ALSO)
    assert is_error(found[0])
    assert words in found[0].message


@pytest.mark.parametrize(("text", "words"), pairs("warned"))
def test_doubtful_example_is_warned_of_in_those_words(text, words):
    found = findings(signals={"it": text}, also=ALSO)
    assert [is_error(one) for one in found] == [False]
    assert words in found[0].message


REST = {
    "data": "data: {source: sample, symbol: BTC/USDT, timeframe: 1h}",
    "sizing": "sizing: {equity: 95%}",
    "costs": "costs: {commission: 0.1%, slippage: 5 bps}",
    "backtest": "backtest: {cash: 10000}",
}


BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def page_strategy(block: str, folder: Path) -> Plan:
    """Compile a block of the page, the rest of a strategy and the page's prompt beside it."""
    text = "rtrade: 1\nname: page\n" + block
    text = text.replace("data:\n", "data:\n  source: sample\n  symbol: BTC/USDT\n  timeframe: 1h\n")
    for key, line in REST.items():
        if not re.search(rf"^{key}:", text, re.MULTILINE):
            text += f"{line}\n"
    path = folder / "page.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "prompts").mkdir()
    for name in ("analyst", "sceptic"):
        (folder / "prompts" / f"{name}.j2").write_text("\n".join(lines("jinja")))
    return compile_strategy(path, NO_OVERRIDES, folder).plan


@pytest.mark.parametrize("block", BLOCKS)
def test_block_of_a_strategy_compiles(block, tmp_path):
    plan = page_strategy(block, tmp_path)
    assert plan.warnings == ()
    assert not any(isinstance(node, Const) for node in plan.rules.values())


@pytest.mark.parametrize(("text", "words"), pairs("refused-answer"))
def test_refused_use_of_an_answer_is_refused_in_those_words(text, words, tmp_path):
    block = next(block for block in BLOCKS if "risk_levels" in block)
    with pytest.raises(InvalidInput) as caught:
        page_strategy(re.sub("exit_long: .*", f"exit_long: {text}", block), tmp_path)
    assert words in caught.value.diagnostics[0].message


def test_every_name_of_a_prompt_is_on_the_page():
    known = known_names((), ())
    parts = {part for attributes in known.values() for part in attributes or ()}
    for name in {*known, *parts, *OWN}:
        assert f"`{name}`" in PAGE, name


def test_every_price_operator_and_function_of_the_language_is_on_the_page():
    for name in (*PRICES, *ARITHMETIC, *COMPARISONS, "and", "or", "not"):
        assert f"`{name}`" in PAGE, name
    groups = {"conditions", "windows", "changes", "arithmetic", "clock"}
    for entry in builtin().entries():
        if entry.group in groups and entry.name not in {"log_return_deviation"}:
            assert f"`{entry.name}" in PAGE, entry.name
