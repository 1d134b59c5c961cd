"""Canonical JSON (RFC 8785) and the SHA-256 over it, which identify a value by its content.

orjson writes everything but floats, and sorts members by code points. Floats are written here as
ECMAScript writes them, and members are sorted by UTF-16 code units where that makes a difference.
RFC 8785 expects integers within ±2^53; others are written digit by digit, so that no value that
Baton accepts is refused or rounded.
"""

import re
from hashlib import sha256
from itertools import chain
from typing import Final

import orjson

_BEHIND_SURROGATES: Final = re.compile(rb"[\xee-\xf4]")
"""Matches the first byte of a character that UTF-8 and UTF-16 sort differently, in UTF-8.

A match outside the names of members only costs time.
"""
_EXPONENT_FROM: Final = 21
"""ECMAScript uses an exponent for a number with more digits before its point."""
_LEADING_ZEROS: Final = 6
"""ECMAScript uses an exponent for a number with more zeros after its point."""


def canonical(value: object) -> bytes:
    """Return the canonical form of a JSON value.

    Raises TypeError for a value without a JSON form, and ValueError for NaN and infinities.
    """
    raw = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    sort = not raw.isascii() and _BEHIND_SURROGATES.search(raw) is not None
    if sort or _holds_float(value):
        return orjson.dumps(_written(value, sort=sort), option=orjson.OPT_SORT_KEYS)
    return raw


def digest(raw: bytes) -> str:
    """Return the SHA-256 of canonical bytes in lower-case hexadecimal digits."""
    return sha256(raw).hexdigest()


def ecmascript_number(number: float) -> str:
    """Return a finite float as `Number.prototype.toString` writes it; raises ValueError."""
    if number - number != 0:
        raise ValueError("JSON has no form for NaN and infinities")
    sign, digits, point = _decimal(number)
    if not digits:
        return "0"
    if len(digits) <= point <= _EXPONENT_FROM:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= _EXPONENT_FROM:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -_LEADING_ZEROS < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return sign + text


def _decimal(number: float) -> tuple[str, str, int]:
    """Return sign, shortest digits without zeros at either end, and the place of the point."""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return ("-" if number < 0 else ""), digits.rstrip("0"), point


def _holds_float(value: object) -> bool:
    """Return whether `value` contains a float. C code iterates over each of its levels."""
    level: list[object] = [value]
    while level:
        if float in set(map(type, level)):
            return True
        objects = [value.values() for value in level if isinstance(value, dict)]
        arrays = [value for value in level if isinstance(value, list | tuple)]
        level = [*chain.from_iterable(objects), *chain.from_iterable(arrays)]
    return False


def _written(value: object, *, sort: bool) -> object:
    """Return `value` with its floats, and with `sort` its objects, as fragments of JSON.

    Depth is bounded where a value enters Baton, so this may recurse.
    """
    if type(value) is float:
        return orjson.Fragment(ecmascript_number(value))
    if isinstance(value, list | tuple):
        return [_written(member, sort=sort) for member in value]
    if not isinstance(value, dict):
        return value
    members = {name: _written(member, sort=sort) for name, member in value.items()}
    return orjson.Fragment(_object(members)) if sort else members


def _object(members: dict[str, object]) -> bytes:
    """Return an object with its members in the order of their names' UTF-16 code units."""
    names = sorted(members, key=lambda name: name.encode("utf-16-be"))
    parts = [orjson.dumps(name) + b":" + orjson.dumps(members[name]) for name in names]
    return b"{" + b",".join(parts) + b"}"
