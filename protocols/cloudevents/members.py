"""Reads members of a JSON document; each fault names the path of its member."""

from baton.domain.errors import Fault, Invalid
from baton.domain.json import Json, JsonObject
from baton.domain.text import has_controls

MAX_TEXT = 200

Path = tuple[str | int, ...]
"""The names and indexes that lead from the document to a member."""


def invalid(message: str, *path: str | int) -> Invalid:
    """Return the refusal of one member."""
    return Invalid(message, faults=(Fault(path, message),))


def as_object(value: Json, path: Path) -> JsonObject:
    """Return `value`; raises `Invalid` unless it is an object."""
    if not isinstance(value, dict):
        raise invalid("must be an object", *path)
    return value


def required_text(source: JsonObject, name: str, path: Path, *, limit: int = MAX_TEXT) -> str:
    """Return a text member of `source`, which is at `path`; raises `Invalid`.

    It has 1 to `limit` characters, none of them a control character (CloudEvents 1.0, type system).
    """
    value = source.get(name)
    if value is None:
        raise invalid("required", *path, name)
    if not isinstance(value, str) or not 0 < len(value) <= limit or has_controls(value):
        raise invalid(
            f"must be a string of 1 to {limit} characters without control characters", *path, name
        )
    return value
