"""Turns the records of `resources` into JSON with the member names of the API's document."""

from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic.alias_generators import to_camel

from baton.domain.json import Json, JsonObject

_LEFT_OUT: Final = frozenset(("function", "config"))
"""Members that the document's examples don't have; they are left out if they have no value."""


def json_form(record: Any) -> JsonObject:
    """Return a record as a JSON object: names in camel case, records in it likewise."""
    shown: JsonObject = {}
    for name, member in _members(record.__class__):
        value = getattr(record, name)
        if value is not None or name not in _LEFT_OUT:
            shown[member] = _value(value)
    return shown


@lru_cache
def _members(cls: type[Any]) -> tuple[tuple[str, str], ...]:
    assert is_dataclass(cls)  # noqa: S101 - the records of `resources` are
    return tuple((field.name, to_camel(field.name)) for field in fields(cls))


def _value(value: object) -> Json:
    if isinstance(value, tuple):
        return [_value(element) for element in value]
    return json_form(value) if is_dataclass(value) else value
