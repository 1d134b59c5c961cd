"""Turns the values that functions return into plain JSON values."""

from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

MAX_DEPTH: Final = 64
"""The number of levels of nested containers that a value may have."""

_TEXTS: Final = (UUID, Decimal, PurePath)
_TIMES: Final = (datetime, date, time)


class InvalidOutput(Exception):
    """The value can't be recorded; the message says why."""


def plain_json(value: object, depth: int = 0) -> object:
    """Return `value` with models, dataclasses, dates, UUIDs, decimals, enums and sets as JSON.

    Other values stay as they are; the caller checks them. Raises InvalidOutput for bytes, which
    JSON can't represent.
    """
    if depth > MAX_DEPTH:
        raise InvalidOutput(f"the output is deeper than {MAX_DEPTH} levels")
    if isinstance(value, Enum):
        return plain_json(value.value, depth)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        kind = type(value).__name__
        raise InvalidOutput(f"the output contains {kind}: decode them, or encode them as base64")
    return _text(value) if isinstance(value, _TEXTS + _TIMES) else _container(value, depth + 1)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, _TIMES) else str(value)


def _container(value: object, depth: int) -> object:
    if isinstance(value, Mapping):
        return {_key(key): plain_json(member, depth) for key, member in value.items()}
    if isinstance(value, list | tuple | deque):
        return [plain_json(member, depth) for member in value]
    if isinstance(value, AbstractSet):
        return [plain_json(member, depth) for member in _sorted(value)]
    dump: Callable[..., object] | None = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):  # a pydantic model
        return plain_json(dump(mode="json"), depth)
    if is_dataclass(value) and not isinstance(value, type):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: plain_json(member, depth) for name, member in members.items()}
    return value


def _key(key: object) -> object:
    if isinstance(key, Enum):
        return key.value
    return _text(key) if isinstance(key, _TEXTS + _TIMES) else key


def _sorted(values: AbstractSet[Any]) -> list[Any]:
    """Return the members of a set in an order that doesn't depend on the process."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)
