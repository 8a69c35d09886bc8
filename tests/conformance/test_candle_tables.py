"""What a trader relies on: each rule of the fills, as a small table worked out by hand."""

from __future__ import annotations

import importlib

import pytest

from conformance import candle_table

ENGINES = ("reference.model", "rtrade.execution.bt", "rtrade.execution.compiled")
TABLES = candle_table.read_all()


def label(table):
    return f"{table.file}: {table.title}"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("table", TABLES, ids=label)
def test_the_table_holds(table, engine):
    result = importlib.import_module(engine).run(table.program, table.bars)
    assert candle_table.disagreements(table, result) == []


def test_each_rule_has_its_table():
    titles = [table.title for table in TABLES]
    assert len(titles) == len(set(titles))
    assert len(titles) >= 60


def test_each_table_says_why():
    assert [label(table) for table in TABLES if len(table.why.split()) < 10] == []
