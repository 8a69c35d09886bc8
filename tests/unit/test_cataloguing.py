"""The catalog as readers see it: examples that compile, pictures, and an indicator in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtrade.catalog.builtin import builtin
from rtrade.catalog.declaring import problems_of
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Entry, Input, Output, Param, Unit
from rtrade.core.errors import PluginFault
from rtrade.plan.build import build
from rtrade.signals.kernels import compute
from rtrade.workflow.cataloguing import as_text, call_of, card, drawn, page
from unit.plan_strategies import findings, strategy

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("entry", builtin().entries(), ids=lambda entry: entry.name)
def test_every_example_compiles_without_a_finding(entry: Entry) -> None:
    assert findings(signals={"it": call_of(entry)}) == ()


@pytest.mark.parametrize("entry", builtin().entries(), ids=lambda entry: entry.name)
def test_every_declaration_is_right(entry: Entry) -> None:
    assert problems_of(entry) == ()


@pytest.mark.parametrize("name", ["sma", "macd", "cdlhammer", "crosses_above", "acos", "hour"])
def test_a_picture_has_a_line_for_the_close_and_for_each_result(name: str) -> None:
    lines = drawn(name)
    outputs = builtin().get(name).outputs
    assert len(lines) == 1 + len(outputs)
    assert lines[0].startswith("close")
    assert re.search("[▁▂▃▄▅▆▇█]{60}", lines[0])
    assert drawn(name) == lines


def test_a_pattern_is_drawn_where_it_is_seen() -> None:
    assert "▁" in drawn("cdlhammer")[1]
    assert "█" in drawn("cdlhammer")[1]
    assert "█" in drawn("crosses_below")[1]


def test_what_never_forgets_says_so() -> None:
    assert "the start of the data matters for ever (RT150)" in as_text(card("obv"))


RIGHT = Entry(
    "right", "oscillators", "A sentence.", (Output("value", Unit.NONE),), lambda p: 1, lambda p: 0,
    inputs=(Input("x", "a series"),), params=(Param("n", "bars", 1, 9, 3),), words="{x} {n}",
    source="-", kernel=lambda x, n: x,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "Right"}, "lower-case"),
        ({"doc": "No sentence"}, "full stop"),
        ({"source": ""}, "formula"),
        ({"inputs": (), "words": "{n}"}, "computed from something"),
        ({"prices": ("price",)}, "prices must be among"),
        ({"words": ""}, "it needs words"),
        ({"words": "{y}"}, "no input or param"),
        ({"params": (Param("n", "bars", 9, 1),)}, "range of `n` is empty"),
        ({"params": (Param("n", "bars", 1, 9, 30),)}, "default of `n`"),
        ({"params": (Param("n", "", 1, 9, 3),)}, "needs a doc"),
        ({"params": (Param("x", "bars", 1, 9, 3),)}, "names of their own"),
        ({"warmup": lambda p: -1}, "numbers of bars"),
        ({"outputs": ()}, "needs an output"),
        ({"outputs": (Output("it", Unit.NONE),)}, "called `value`"),
    ],
)
def test_a_declaration_that_is_not_right_is_refused(change: dict[str, Any], problem: str) -> None:
    assert problems_of(RIGHT) == ()
    assert any(problem in found for found in problems_of(replace(RIGHT, **change)))


def fails(x: Any, n: int) -> Any:
    raise KeyError("n")


@pytest.mark.parametrize("kernel", [fails, lambda x, n: x[:2], lambda x, n: (x, x)])
def test_a_kernel_of_a_plug_in_that_fails_is_a_fault_of_the_plug_in(kernel: Any) -> None:
    with pytest.raises(PluginFault, match="`right`"):
        compute(replace(RIGHT, kernel=kernel), [np.arange(9.0)], {"n": 3})


@pytest.fixture
def added() -> Iterator[Entry]:
    """The indicator of CONTRIBUTING.md, from its very text."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert block is not None
    names: dict[str, Any] = {}
    exec(block[1], names)
    entry = names["DISPARITY"]
    registry().add(entry)
    yield entry
    del registry()._entries[entry.name]


def test_adding_an_indicator_touches_one_place(added: Entry) -> None:
    """Declared once, it is called, checked, explained, shown, drawn and computed."""
    assert problems_of(added) == ()
    definition = strategy("disparity(close, 20) < -5", signals={"it": "disparity(close, 20)"})
    plan = build(definition, registry())
    assert plan.warmup == 19
    with pytest.raises(Exception, match="RT115"):
        build(strategy("disparity(close, 0) < -5"), registry())
    assert build(strategy("disparity(close, 9) > close"), registry()).warnings[0].code == "RT122"
    assert "How far the value is" in as_text(card("disparity"))
    assert drawn("disparity")[1].startswith("disparity")
    x = np.arange(1.0, 60.0)
    x[30] = np.nan
    values = compute(added, [x], {"n": 3})["value"]
    assert np.isnan(values[:2]).all()
    assert np.isnan(values[30:33]).all()
    assert values[2] == pytest.approx(50.0)
    assert values[33] == pytest.approx(100 * (34 / 33 - 1))
    assert "disparity" not in page()


def test_examples_are_what_traders_write() -> None:
    """A snippet of an editor that nobody would keep as it is teaches nothing."""
    calls = {entry.name: call_of(entry) for entry in builtin().entries()}
    assert calls["bbands"] == "bbands(close, 20, 2)"
    assert calls["stoch"] == "stoch(14, 3, 3)"
    assert calls["rising"] == "rising(close, 3)"
    assert calls["macd"] == "macd(close, 12, 26, 9)"
