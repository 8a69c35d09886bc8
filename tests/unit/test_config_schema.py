"""The schemas: valid draft-07, described throughout, the committed files up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from rtrade.catalog.risk import RISK_RULES
from rtrade.catalog.sizing import SIZERS
from rtrade.config.definitions import RiskDef, RulesDef, SizingKind
from rtrade.config.formats import FORMATS
from rtrade.config.schema import strategy_schema
from rtrade.config.schema_parts import dump, subschema
from rtrade.config.schema_sources import datasource_schema
from rtrade.workflow.snippets import with_snippets
from unit.config_strategies import ROOT

BOTH = pytest.mark.parametrize("schema", [strategy_schema(), datasource_schema()])


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            if key not in ("examples", "default", "enum", "defaultSnippets"):
                yield from nodes(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from nodes(value, f"{path}/{index}")


@BOTH
def test_it_is_a_draft_07_schema(schema):
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(schema)


@BOTH
def test_every_property_is_described_and_every_mapping_closed(schema):
    for path, node in nodes(schema):
        if path.endswith("/properties") or "/then/" in path or "/if/" in path:
            continue
        if "/properties/" in path and path.split("/")[-2] == "properties":
            assert len(node["description"]) > 10, path
        if node.get("type") == "object" or ("properties" in node and not path.endswith("/then")):
            assert "additionalProperties" in node or path.endswith(("/if", "/then")), path


@BOTH
def test_alternatives_never_ruin_messages(schema):
    """`oneOf` nowhere; `anyOf` only to say that one of two rules must be there."""
    places = [path for path, node in nodes(schema) if "oneOf" in node or "anyOf" in node]
    assert places in ([], ["/properties/rules"])


@BOTH
def test_formats_are_known_and_examples_valid(schema):
    for path, node in nodes(schema):
        if "format" in node and not path.endswith("/properties"):
            assert node["format"] in FORMATS, path
        for example in node.get("examples", ()):
            jsonschema.Draft7Validator(node).validate(example)


@pytest.mark.parametrize(
    ("name", "schema"),
    [("strategy", with_snippets(strategy_schema())), ("datasource", datasource_schema())],
)
def test_the_committed_file_is_up_to_date(name, schema):
    text = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert text == dump(schema)
    assert json.loads(text) == schema


def test_the_schema_knows_what_the_catalog_declares():
    properties = strategy_schema()["properties"]
    assert [*properties["risk"]["properties"]] == [rule.name for rule in RISK_RULES]
    names = [sizer.name for sizer in SIZERS]
    assert [*properties["sizing"]["properties"]] == [*names, "scale_by", "risk_levels"]


def test_declarations_and_definitions_have_the_same_names():
    assert [rule.name for rule in RISK_RULES] == [*RiskDef.__dataclass_fields__]
    assert tuple(sizer.name for sizer in SIZERS) == SizingKind.__args__
    rules = strategy_schema()["properties"]["rules"]["properties"]
    assert [*rules] == [*RulesDef.__dataclass_fields__]


def test_a_part_is_found_by_its_path():
    schema = strategy_schema()
    assert subschema(schema, ("risk", "stop_loss", "atr"))["type"] == "number"
    assert subschema(schema, ("params", "any", "min"))["type"] == "number"
    assert subschema(schema, ("risk", "stoploss")) is None
    assert subschema(schema, ("name", "x", "y")) is None
    assert subschema(datasource_schema(), ("series", 3, "path"))["type"] == "string"


def test_no_format_of_ours_has_the_name_of_another():
    # Editors check these by rules of their own: a time of RFC 3339 is none of ours.
    names = "date time date-time uri uri-reference email hostname regex ipv4 ipv6 color duration"
    standard = {*names.split(), "color-hex", "uuid", "json-pointer"}
    assert not standard & FORMATS.keys()
