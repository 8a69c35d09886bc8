"""What fits without jsonschema is what fits with it: one verdict, whatever the file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.mutating import SOURCES, STRATEGIES, changed
from rtrade.config import validation
from rtrade.config.fitting import fits
from rtrade.config.reader import read_text
from rtrade.core.errors import InvalidInput

SHAPES = (validation._STRATEGY, validation._SOURCE)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["BTC/USDT", "1h", "2%", "csv", "synthetic", "1", 10**400, 0, 1, 0.0, 1.0]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=6) | st.sampled_from(["kind", "series"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def agree(data) -> None:
    for shape in SHAPES:
        errors = list(shape.validator.iter_errors(data))
        assert fits(data, shape.schema()) is not bool(errors), (data, errors)


def parsed(text):
    try:
        return read_text(text, "any.yaml").data
    except InvalidInput:
        return None


def test_all_shipped_files_fit():
    for shape, texts in zip(SHAPES, (STRATEGIES, SOURCES), strict=True):
        assert all(fits(parsed(text), shape.schema()) for text in texts)


@settings(max_examples=300)
@given(st.one_of(changed(STRATEGIES), changed(SOURCES)))
def test_of_any_file(text):
    agree(parsed(text))


@settings(max_examples=300)
@given(st.data())
def test_of_any_value_in_any_place(data):
    document = parsed(data.draw(st.sampled_from([*STRATEGIES, *SOURCES])))
    place = document
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from([*place, "other"]))
        if key not in place or data.draw(st.booleans()):
            place[key] = data.draw(VALUES)
            break
        place = place[key]
    agree(document)


@pytest.mark.parametrize("shape", SHAPES, ids=["strategy", "source"])
def test_of_values_for_every_part_of_the_schema(shape):
    """Also those parts that no file of ours comes to."""

    inner = {"additionalProperties", "items", "propertyNames", "not", "if", "then"}

    def parts(schema):
        yield schema
        for name, what in schema.items():
            if name == "properties":
                for part in what.values():
                    yield from parts(part)
            elif name in {"allOf", "anyOf"}:
                for part in what:
                    yield from parts(part)
            elif name in inner and isinstance(what, dict):
                yield from parts(what)

    values = [None, True, False, 0, 1, 1.0, -1, 0.5, 1e300, "", "a", "1h", "5%", "x\n", [], [1],
              {}, {"a": 1}, {"kind": "csv"}]  # fmt: skip
    found = list(parts(shape.schema()))
    assert len(found) > 40
    for part in found:
        validator = shape.validator.evolve(schema=part)
        for value in [*values, *part.get("examples", []), *part.get("enum", [])]:
            assert fits(value, part) is validator.is_valid(value), (value, part)
