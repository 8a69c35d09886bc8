"""Strategies made from the JSON Schema run alike on all engines, whatever the file says."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import kept
from conformance.documents import PROMPTS, document, paths, types
from conformance.engines import disagreements
from conformance.expressions import Grammar, Names
from conformance.markets import market_of
from reference.watched import Watched
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.config.fitting import fits
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.config.reader import read_text
from rtrade.config.schema import strategy_schema
from rtrade.core.errors import InvalidInput
from rtrade.execution.preparing import prepare
from rtrade.signals.evaluate import evaluate
from rtrade.signals.standins import drawn
from rtrade.workflow.compiling import compile_document

ROOT = Path(__file__).parents[2]
SCHEMA = strategy_schema()
PART = 350
MARKETS = 4
MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
# Two thousand programs in every test run: of 700 documents some 500 compile, each on four markets.
PARTS = max(2, round(MORE / 1000))
# The least share of documents that the language takes; the others break a rule beyond the schema.
TAKEN = 0.6


def compiled(text):
    """Return the plan of a document; None where the language refuses it."""
    try:
        return compile_document(read_text(text, "any.yaml"), NO_OVERRIDES, ROOT, PROMPTS).plan
    except InvalidInput:
        return None


def cases_of(plan, pick):
    """Return programs of a plan, each over bars of its own."""
    for _ in range(MARKETS):
        market = market_of(plan, pick)
        yield prepare(plan, market, evaluate(plan, market, drawn(plan, market))), market.bars


@pytest.mark.parametrize("part", range(PARTS))
def test_the_engines_agree_on_any_document(part, record_property):
    seen, taken = Counter(), 0
    for number in range(part * PART, (part + 1) * PART):
        pick = Random(number).choice
        text = json.dumps(document(pick))
        plan = compiled(text)
        if plan is None:
            continue
        taken += 1
        for case in cases_of(plan, pick):
            watched = Watched(*case)
            found = disagreements(*case, watched)
            assert found == {}, f"document {number}: {text}\n{kept.text_of(case)}"
            seen.update(watched.seen)
    record_property("documents", taken * MARKETS)
    record_property("branches", dict(seen))
    assert taken >= TAKEN * PART
    # Programs that do nothing agree easily.
    assert seen["fill: enter_long"] + seen["fill: enter_short"] > taken


@settings(max_examples=max(40, MORE // 50), suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
def test_the_engines_agree_on_drawn_documents(data):
    def pick(options):
        return data.draw(st.sampled_from(options))

    plan = compiled(json.dumps(document(pick)))
    for case in () if plan is None else cases_of(plan, pick):
        assert disagreements(*case) == {}, kept.text_of(case)


@pytest.fixture(scope="module")
def many():
    """Documents, and how often each place of the schema was drawn with which type."""
    seen = Counter()
    drawn_ones = [
        document(Random(number).choice, lambda *place: seen.update([place]))
        for number in range(1500)
    ]
    return drawn_ones, seen


def test_every_document_fits_the_schema(many):
    assert [one for one in many[0] if not fits(one, SCHEMA)] == []


def test_every_place_of_the_schema_is_drawn(many):
    """A property that is added to the schema is here at once, with every type it may have."""
    places = paths(SCHEMA)
    assert len(places) > 80
    assert [place for place in places if not many[1][place]] == []


def test_a_new_property_is_drawn_without_a_word():
    schema = json.loads(json.dumps(SCHEMA))
    schema["properties"]["risk"]["properties"]["pause"] = {
        "type": ["string", "integer"], "pattern": "^(a|b[0-9]{2,4}|[^x]\\s?)$", "minimum": 3,
    }  # fmt: skip
    found = set()
    for number in range(200):
        one = document(Random(number).choice, schema=schema)
        assert fits(one, schema), one
        found.add(type(one.get("risk", {}).get("pause")))
    assert found == {type(None), str, int}


def test_every_choice_of_the_schema_is_drawn(many):
    wanted = {(place, kind) for place, kind in paths(SCHEMA) if kind == "enum"}
    assert wanted
    for place, _ in wanted:
        schema, values = SCHEMA, many[0]
        for name in place:
            free = schema.get("additionalProperties")
            schema = free if name == "*" else schema["properties"][name]
            inner = [value for value in values if isinstance(value, dict)]
            if name == "*":
                values = [part for value in inner for part in value.values()]
            else:
                values = [value[name] for value in inner if name in value]
        assert types(schema) == ["enum"]
        assert set(schema["enum"]) == set(values)


def test_every_entry_of_the_catalog_is_called():
    grammar = Grammar(Random(1).choice, registry(), Names(params=["n"], series=["daily"]))
    for _ in range(6000):
        grammar.expression(grammar.pick((Kind.NUMBER, Kind.BOOLEAN)))
    assert set(registry().names()) - grammar.used == set()
