"""Any text is taken or refused in findings of ours; a small part of what `make nightly` tries."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.answers import (
    ANSWERS,
    BODIES,
    MESSAGES,
    changed_answers,
    changed_messages,
    decodes,
    decodes_body,
    decodes_message,
)
from fuzz.mutating import EXPRESSIONS, SOURCES, STRATEGIES, changed
from fuzz.targets import compiles, loads_source, loads_strategy, reads

EXAMPLES = int(os.environ.get("RTRADE_FUZZ", "400"))
some = settings(max_examples=EXAMPLES)


@some
@given(st.one_of(st.text(), changed(STRATEGIES)))
def test_any_text_is_read_or_refused(text):
    reads(text)


@some
@given(changed(STRATEGIES))
def test_any_strategy_is_loaded_or_refused(text):
    loads_strategy(text)


@some
@given(changed(SOURCES))
def test_any_source_is_loaded_or_refused(text):
    loads_source(text, Path.cwd)


@some
@given(st.one_of(st.text(max_size=60), changed(EXPRESSIONS)))
def test_any_expression_compiles_or_is_refused(text):
    compiles(text)


@some
@given(changed_answers())
def test_any_answer_of_an_exchange_is_decoded_or_refused(answer):
    decodes(*answer)


@some
@given(st.one_of(st.text(), changed_messages(), changed(MESSAGES)))
def test_any_message_of_a_stream_is_decoded_or_refused(text):
    decodes_message(text)


@some
@given(changed(BODIES))
def test_any_body_is_decoded_or_refused(text):
    decodes_body(text)


def test_what_is_changed_in_nothing_is_taken():
    assert all(map(loads_strategy, STRATEGIES))
    assert all(loads_source(text, Path.cwd) for text in SOURCES)
    assert len(EXPRESSIONS) > 20
    assert all(decodes(name, answer) for name, (_, answer) in ANSWERS.items() if name != "ohlcv")
    assert all(map(decodes_message, MESSAGES))
