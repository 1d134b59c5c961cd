"""Parses incoming JSON strictly, from HTTP and from topics.

orjson 3.13 refuses NaN, infinities, lone surrogates, invalid UTF-8 and a byte order mark. But it
turns integers from 2^64 into floats, accepts NUL characters, and parses up to a depth of 1,024:
these are refused here. Cheap checks of the bytes decide whether a document needs a closer check.
"""

import json
import re
from collections.abc import Iterable

import orjson

from baton.domain.errors import Invalid

MAX_BYTES = 1024 * 1024
"""The largest document, in bytes. `parse` doesn't check it: receivers must, while they read."""
MAX_DEPTH = 64
MAX_VALUES = 100_000
"""The number of values of a document: each object, array, member and element counts."""
INT64 = range(-(2**63), 2**63)

_LONG_NUMBER = re.compile(rb"\d{19}")
_LONGEST_INT64 = 20


def parse(raw: bytes, *, unique_keys: bool = False, max_values: int = MAX_VALUES) -> object:
    """Return the value of a document.

    Args:
        max_values: The most values in it; 0 is no limit.
        unique_keys: Refuse repeated member names, for documents that are signed or hashed.

    Raises `Invalid`, whose message lacks its subject: "is not valid JSON (line 1, column 1)".
    """
    if not raw:
        raise Invalid("is empty: JSON is expected")
    if max_values:
        _require_fewer_values(raw, max_values)
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"is not valid JSON (line {error.lineno}, column {error.colno})") from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH or 0 < max_values < len(raw):
        _require_shape(value, max_values)
    if b"\\u0000" in raw:
        _require_no_nul(value)
    if unique_keys or _LONG_NUMBER.search(raw):
        _parse_closely(raw, unique_keys=unique_keys)
    return value


def _require_fewer_values(raw: bytes, limit: int) -> None:
    """Refuse a document by its commas after the last text, before any value is created."""
    if len(raw) > limit and raw.count(b",", raw.rfind(b'"') + 1) >= limit:
        raise _too_many_values(limit)


def _require_shape(value: object, max_values: int) -> None:
    """Walk down level by level; a level adds the sizes of its arrays and objects."""
    level, values = [value], 1
    for _ in range(MAX_DEPTH):
        containers = [container for container in level if isinstance(container, (dict, list))]
        if not containers:
            return
        values += sum(map(len, containers))
        if max_values and values > max_values:
            raise _too_many_values(max_values)
        level = [child for parent in containers for child in _children(parent)]
    if any(isinstance(leaf, (dict, list)) for leaf in level):
        raise Invalid(f"is nested deeper than {MAX_DEPTH} levels")


def _too_many_values(limit: int) -> Invalid:
    return Invalid(f"has more than {limit} values")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _require_no_nul(value: object) -> None:
    level = [value]
    while level:
        for found in level:
            names = found if isinstance(found, dict) else (found,)
            if any(isinstance(text, str) and "\0" in text for text in names):
                raise Invalid("contains a NUL character")
        level = [child for parent in level for child in _children(parent)]


def _parse_closely(raw: bytes, *, unique_keys: bool) -> None:
    """Parse again with a parser that shows the digits of integers and repeated member names."""
    hook = _refuse_repeats if unique_keys else None
    json.loads(raw, parse_int=_int64, object_pairs_hook=hook)


def _int64(text: str) -> int:
    if len(text) <= _LONGEST_INT64 and int(text) in INT64:
        return int(text)
    raise Invalid("contains an integer outside -2^63 to 2^63-1")


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise Invalid("repeats a member name")
