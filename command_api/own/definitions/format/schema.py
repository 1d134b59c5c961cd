"""The JSON Schema of the format (2020-12), which is a file of this package."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from baton.domain.json import JsonObject

MEDIA_TYPE: Final = "application/schema+json"
_NAME: Final = "definition.schema.json"
_REFERENCE: Final = "#/$defs/"


@cache
def schema_text() -> str:
    """Return the schema as its file has it."""
    return files(__package__).joinpath(_NAME).read_text(encoding="utf-8")


def schema() -> JsonObject:
    """Return the schema as JSON."""
    document: JsonObject = json.loads(schema_text())
    return document


@cache
def document_schema() -> JsonObject:
    """Return the schema with its references filled in, for use inside another document."""
    whole = schema()
    definitions = whole.pop("$defs")
    filled = _filled(whole, definitions)
    return {name: value for name, value in filled.items() if name != "$schema"}


_TYPES: Final = {bool: "boolean", int: "integer"}


def _filled(part: Any, definitions: Any) -> Any:
    """Return a part of the schema without references; no definition refers to itself."""
    if isinstance(part, list):
        return [_filled(element, definitions) for element in part]
    if not isinstance(part, dict):
        return part
    members = {name: _filled(value, definitions) for name, value in part.items()}
    constant = members.get("const")
    if type(constant) in _TYPES:  # generated clients compare texts only
        del members["const"]
        members["type"] = _TYPES[type(constant)]
    reference = members.pop("$ref", None)
    if reference is None:
        return members
    definition = definitions[reference.removeprefix(_REFERENCE)]
    return {**_filled(definition, definitions), **members}
