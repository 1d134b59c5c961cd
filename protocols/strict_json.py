"""The one reader of JSON that comes in, over HTTP or by a topic: strict where parsers are lax.

orjson turns integers from 2^64 into floats, lets NUL through and reads to depth 1,024; it refuses
NaN, infinities, lone surrogates, bad UTF-8 and a BOM (orjson 3.13). What it lets through is found
here; a look at the bytes tells whether a document needs the slow look at all.
"""

import json
import re
from collections.abc import Iterable

import orjson

from baton.domain.errors import Invalid

MAX_BYTES = 1024 * 1024
"""How long a document may be; who takes it in looks, before all of it has come."""
MAX_DEPTH = 64
INT64 = range(-(2**63), 2**63)

_LONG_NUMBER = re.compile(rb"\d{19}")
_LONGEST_INT64 = 20


def parse(raw: bytes, *, unique_keys: bool = False) -> object:
    """Return the value in `raw`.

    `unique_keys` refuses repeated member names, for documents that are signed or hashed. Raises
    `Invalid`, whose message wants a subject in front: "is not valid JSON (line 1, column 1)".
    """
    if not raw:
        message = "is empty: JSON is expected"
        raise Invalid(message)
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        message = f"is not valid JSON (line {error.lineno}, column {error.colno})"
        raise Invalid(message) from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _require_depth(value)
    if b"\\u0000" in raw:
        _require_no_nul(value)
    if unique_keys or _LONG_NUMBER.search(raw):
        _look_closely(raw, unique_keys=unique_keys)
    return value


def _require_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    if any(isinstance(leaf, (dict, list)) for leaf in level):
        message = f"is nested deeper than {MAX_DEPTH} levels"
        raise Invalid(message)


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
                message = "holds a NUL character"
                raise Invalid(message)
        level = [child for parent in level for child in _children(parent)]


def _look_closely(raw: bytes, *, unique_keys: bool) -> None:
    """Read again with a parser that shows integers as they were written, and repeated names."""
    hook = _refuse_repeats if unique_keys else None
    json.loads(raw, parse_int=_int64, object_pairs_hook=hook)


def _int64(text: str) -> int:
    if len(text) <= _LONGEST_INT64 and int(text) in INT64:
        return int(text)
    message = "holds an integer outside -2^63 to 2^63-1"
    raise Invalid(message)


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        message = "repeats a member name"
        raise Invalid(message)
