"""The form of an answer: its JSON Schema, and what a reply comes to.

A reply is an answer where its text is one JSON object of the form and nothing else. Nothing is
looked for in prose, nothing is taken out of a code fence, no number is moved into its range:
everything else is invalid, with a reason that a repair can be asked with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField, TextField
from rtrade.llm.replies import Reply

if TYPE_CHECKING:
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import ValidationError

# Characters of a text that is read at all: an answer of the form is far shorter.
MAX_TEXT = 64 * 1024
_QUOTED = 60


class Reason(StrEnum):
    """Why a reply is not an answer."""

    EMPTY = "empty"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    OVERSIZED = "oversized"
    NOT_JSON = "not_json"
    EXTRA_TEXT = "extra_text"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    WRONG_CHOICE = "wrong_choice"
    OUT_OF_RANGE = "out_of_range"


@dataclass(frozen=True)
class Answer:
    """A valid answer: the value of each field; `notes` say what was dropped or cut."""

    values: Mapping[str, str | int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invalid:
    """A reply that is no answer: the reason, and one sentence on it."""

    reason: Reason
    detail: str


class _Unusable(ValueError):
    """JSON that Python would read, and that has no place in an answer."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class AnswerForm:
    """The fields that an answer has, all of them, in this order."""

    fields: tuple[AnswerField, ...]

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema (draft-07) of an answer, in the subset that endpoints share.

        Endpoints differ in whether they take `maxLength`; text that is too long is cut by us.
        """
        return self._schema(lengths=False)

    @cached_property
    def bounded_schema(self) -> dict[str, Any]:
        """The schema with the lengths of texts, for the local engine, which keeps to them."""
        return self._schema(lengths=True)

    def _schema(self, *, lengths: bool) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {one.name: _schema_of(one, lengths=lengths) for one in self.fields},
            "required": [one.name for one in self.fields],
            "additionalProperties": False,
        }

    @cached_property
    def _validator(self) -> Draft7Validator:
        from jsonschema import Draft7Validator

        return Draft7Validator(self.schema)

    def read(self, reply: Reply) -> Answer | Invalid:
        """Return the answer that a reply holds, or why it holds none."""
        unfinished = _unfinished(reply)
        if unfinished is not None:
            return unfinished
        assert reply.text is not None
        try:
            found = _parsed(reply.text)
        except _Unusable as fault:
            return Invalid(fault.reason, str(fault))
        if not isinstance(found, dict):
            return Invalid(Reason.NOT_AN_OBJECT, f"the answer is {_kind(found)}, not an object")
        return self._judged(found)

    def _judged(self, found: dict[str, Any]) -> Answer | Invalid:
        names = [one.name for one in self.fields]
        kept = {name: found[name] for name in names if name in found}
        notes = [f"dropped {_shown(name)}" for name in found if name not in kept]
        for error in self._validator.iter_errors(kept):
            return _worded(error)
        for one in self.fields:
            value = kept[one.name]
            if isinstance(one, IntegerField):
                kept[one.name] = int(value)
            elif isinstance(one, TextField):
                kept[one.name], cut = _clean(value, one.limit)
                notes += [f"cut `{one.name}` to {one.limit} characters"] if cut else []
        return Answer(MappingProxyType(kept), tuple(notes))


def _schema_of(one: AnswerField, *, lengths: bool) -> dict[str, Any]:
    match one:
        case EnumField():
            return {"type": "string", "enum": list(one.values)}
        case IntegerField():
            return {"type": "integer", "minimum": one.low, "maximum": one.high}
        case TextField():
            return {"type": "string"} | ({"maxLength": one.limit} if lengths else {})


def _unfinished(reply: Reply) -> Invalid | None:
    """Return what is wrong with a reply before its text is read."""
    if reply.refusal:
        return Invalid(Reason.REFUSED, f"the model refuses: {_shown(reply.refusal)}")
    if reply.finish == "content_filter":
        return Invalid(Reason.REFUSED, "the endpoint's content filter took the answer away")
    if reply.finish == "length":
        return Invalid(Reason.TRUNCATED, "the answer was cut off at its greatest length")
    if reply.finish == "oversized" or (reply.text and len(reply.text) > MAX_TEXT):
        return Invalid(Reason.OVERSIZED, f"the answer is longer than {MAX_TEXT:,} characters")
    if not reply.text or not reply.text.strip():
        return Invalid(Reason.EMPTY, "the answer is empty")
    return None


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except _Unusable:
        raise
    except RecursionError:
        raise _Unusable(Reason.NOT_JSON, "the answer nests too deep") from None
    except json.JSONDecodeError as fault:
        if fault.msg == "Extra data":
            rest = _shown(text[fault.pos :].strip())
            raise _Unusable(Reason.EXTRA_TEXT, f"text follows the answer: {rest}") from None
        where = f"{fault.msg} at character {fault.pos + 1}"
        raise _Unusable(Reason.NOT_JSON, f"the answer is not JSON: {where}") from None
    except ValueError:
        # A whole number of more digits than Python converts.
        raise _Unusable(Reason.NOT_A_NUMBER, "a number has too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unusable(Reason.DUPLICATE_KEY, f"{_shown(twice)} is given twice")
    return found


def _constant(name: str) -> Any:
    raise _Unusable(Reason.NOT_A_NUMBER, f"`{name}` is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _worded(error: ValidationError) -> Invalid:
    place = f"`{error.absolute_path[0]}`" if error.absolute_path else "the answer"
    demanded: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "required":
            name = next(one for one in demanded if one not in given)
            return Invalid(Reason.MISSING_FIELD, f"`{name}` is missing")
        case "enum":
            message = f"{place} is {_shown(given)}, not one of {', '.join(demanded)}"
            return Invalid(Reason.WRONG_CHOICE, message)
        case "minimum" | "maximum":
            most = "least" if error.validator == "minimum" else "most"
            message = f"{place} is {_shown(given)}, and {demanded} at {most}"
            return Invalid(Reason.OUT_OF_RANGE, message)
        case _:
            kind = "a whole number" if demanded == "integer" else "text"
            return Invalid(Reason.WRONG_TYPE, f"{place} is {_kind(given)}, not {kind}")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names[type(value)]


def _shown(value: Any) -> str:
    text = str(value)
    return f"`{text if len(text) <= _QUOTED else text[:_QUOTED] + '…'}`"


def _clean(text: str, limit: int) -> tuple[str, bool]:
    """Return a text as it can be kept: no half of a surrogate pair, no NUL, at most `limit`."""
    usable = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return usable[:limit], len(usable) > limit
