"""Unions of records that are recognized by their literal `kind`.

pydantic tries each record of a plain union in turn, which costs about 1 µs for each wrong one. It
chooses the right record at once when it knows the discriminator. The domain doesn't import
pydantic, so the discriminator is added to pydantic's schema here.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator

KIND: Final = "kind"
"""The member whose constant value distinguishes the records of a union."""

_Schemas = Mapping[str, Any]


def validator_of(cls: type) -> SchemaValidator:
    """Return pydantic's validator of a class, in which unions of tagged records are tagged."""
    schema = TypeAdapter(cls).core_schema
    shared = {
        definition["ref"]: definition for definition in cast("Any", schema).get("definitions", ())
    }
    return SchemaValidator(cast("CoreSchema", _tagged(schema, shared)))


def _tagged(node: Any, shared: _Schemas) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_tagged(element, shared) for element in node)
    if not isinstance(node, dict):
        return node
    rebuilt = {name: _tagged(member, shared) for name, member in node.items()}
    return _tagged_union(rebuilt, shared) if rebuilt.get("type") == "union" else rebuilt


def _tagged_union(union: dict[str, Any], shared: _Schemas) -> dict[str, Any]:
    """Return `union` with its discriminator, or unchanged if a choice has no tag."""
    choices = {_tag_of(choice, shared): choice for choice in union["choices"]}
    if None in choices or len(choices) < len(union["choices"]):
        return union
    return {"type": "tagged-union", "choices": choices, "discriminator": KIND}


def _tag_of(choice: Any, shared: _Schemas) -> str | None:
    if not isinstance(choice, dict):
        return None
    record = shared.get(choice.get("schema_ref", ""), choice)
    if record["type"] != "dataclass":
        return None
    for field in record["schema"]["fields"]:
        constant = field["schema"].get("schema", {})
        if field["name"] == KIND and constant.get("type") == "literal":
            return cast("str", constant["expected"][0])
    return None
