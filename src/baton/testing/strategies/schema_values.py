"""Values of a JSON Schema, or of a type that pydantic knows."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias, cast

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from baton.domain.json import Json

Values: TypeAlias = st.SearchStrategy[Json]
_Schema: TypeAlias = Mapping[str, Any]

_WITHOUT_MEANING: Final = frozenset(
    (
        *("$defs", "$id", "$schema", "additionalProperties", "default", "deprecated"),
        *("description", "discriminator", "examples", "format", "readOnly", "required"),
        *("title", "type", "writeOnly"),
    )
)
"""Keywords that exclude no value, or that are read beside another one."""
_KEYWORDS: Final = frozenset(
    (
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "items", "minItems", "maxItems", "uniqueItems"),
        "properties",
    )
)
"""Keywords of types that are read."""
_FORMATS: Final[Mapping[str, Callable[[], st.SearchStrategy[str]]]] = {
    "date-time": lambda: st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    "date": lambda: st.dates().map(str),
    "email": st.emails,
    "uuid": lambda: st.uuids().map(str),
}
_LARGEST: Final = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exact."""


def inputs(of: Any) -> Values:
    """Return a strategy of JSON values, as inputs of runs or outputs of steps.

    Args:
        of: A JSON Schema as a dictionary, or a type: a model of pydantic, a dataclass, a TypedDict
            or another type that pydantic can validate.

    Raises ValueError for a schema with a keyword that isn't supported; the message names it.
    """
    if isinstance(of, Mapping):
        return _Reader(of).values(of)
    adapter: TypeAdapter[Any] = TypeAdapter(of)
    schema = adapter.json_schema()
    return _Reader(schema).values(schema).filter(partial(_is_valid, adapter))


def any_json() -> Values:
    """Return a strategy of small JSON values of every type."""
    leaves: Values = st.none() | st.booleans() | st.integers(-1_000, 1_000) | st.text(max_size=8)
    return leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.text(max_size=4), leaves)


def _is_valid(adapter: TypeAdapter[Any], value: Json) -> bool:
    try:
        adapter.validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


class _Reader:
    """Reads the parts of one schema.

    Args:
        root: The whole schema, which references lead into.
    """

    def __init__(self, root: _Schema) -> None:
        self._root = root
        self._referred: dict[str, Values] = {}

    def values(self, schema: _Schema) -> Values:
        """Return the values of a part of the schema; raises ValueError."""
        if "$ref" in schema:
            return self._reference(str(schema["$ref"]))
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(list(schema["enum"]))
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return st.one_of([self.values(one) for one in schema[several]])
        if len(schema.get("allOf", ())) == 1:
            return self.values(schema["allOf"][0])
        return self._of_types(schema)

    def _of_types(self, schema: _Schema) -> Values:
        named = schema.get("type", ())
        kinds = [named] if isinstance(named, str) else list(named)
        _require_known(schema, _KEYWORDS if kinds else frozenset())
        return st.one_of([self._of_type(one, schema) for one in kinds]) if kinds else any_json()

    def _reference(self, reference: str) -> Values:
        if reference not in self._referred:
            made: list[Values] = []
            self._referred[reference] = st.deferred(lambda: made[0])
            made.append(self.values(self._part(reference)))
        return self._referred[reference]

    def _part(self, reference: str) -> _Schema:
        found: Any = self._root
        for name in reference.removeprefix("#/").split("/"):
            if not isinstance(found, Mapping) or name not in found:
                raise ValueError(f"$ref {reference!r} leads nowhere in the schema")
            found = found[name]
        return cast("_Schema", found)

    def _of_type(self, kind: str, schema: _Schema) -> Values:
        match kind:
            case "null":
                return st.none()
            case "boolean":
                return st.booleans()
            case "integer":
                return _integers(schema)
            case "number":
                return _numbers(schema)
            case "string":
                return _strings(schema)
            case "array":
                return self._arrays(schema)
            case "object":
                return self._objects(schema)
            case _:
                raise ValueError(f"{kind!r} isn't a type of JSON Schema")

    def _arrays(self, schema: _Schema) -> Values:
        return st.lists(
            self.values(schema.get("items", {})),
            min_size=schema.get("minItems", 0),
            max_size=schema.get("maxItems"),
            unique_by=json.dumps if schema.get("uniqueItems") else None,
        )

    def _objects(self, schema: _Schema) -> Values:
        members = {name: self.values(one) for name, one in schema.get("properties", {}).items()}
        needed = schema.get("required", ())
        if members or needed:
            return st.fixed_dictionaries(
                {name: members.get(name, any_json()) for name in needed},
                optional={name: one for name, one in members.items() if name not in needed},
            )
        others = schema.get("additionalProperties", True)
        if others is False:
            return st.just({})
        values = self.values(others) if isinstance(others, Mapping) else any_json()
        return st.dictionaries(st.text(max_size=8), values, max_size=4)


def _integers(schema: _Schema) -> Values:
    factor = schema.get("multipleOf", 1)
    if factor != int(factor):
        raise ValueError("multipleOf is supported for whole numbers alone")
    least = schema.get("minimum", schema.get("exclusiveMinimum", -_LARGEST - 1) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", _LARGEST + 1) - 1)
    return st.integers(-(-least // factor), most // factor).map(lambda number: number * factor)


def _numbers(schema: _Schema) -> Values:
    if "multipleOf" in schema:
        raise ValueError("multipleOf is supported for whole numbers alone")
    return st.floats(
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
        exclude_min="exclusiveMinimum" in schema,
        exclude_max="exclusiveMaximum" in schema,
        allow_nan=False,
        allow_infinity=False,
    )


def _strings(schema: _Schema) -> Values:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        # In a schema, $ is the end of the text; in Python, a newline may follow it.
        matching = st.from_regex(re.sub(r"(?<!\\)\$$", r"\\Z", schema["pattern"]))
    elif schema.get("format") is not None:
        if schema["format"] not in _FORMATS:
            raise ValueError(f"format {schema['format']!r} isn't supported")
        matching = _FORMATS[schema["format"]]()
    else:
        return st.text(min_size=least, max_size=most)
    return matching.filter(lambda text: least <= len(text) <= (len(text) if most is None else most))


def _require_known(schema: _Schema, known: frozenset[str]) -> None:
    if unread := sorted(schema.keys() - known - _WITHOUT_MEANING):
        raise ValueError(f"keyword {', '.join(map(repr, unread))} isn't supported")
