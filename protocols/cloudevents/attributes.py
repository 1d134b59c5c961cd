"""The rules for context attributes: their names, types and text (CloudEvents 1.0, section 3).

Attributes arrive as members of a JSON object, or as headers, whose values are text.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from baton.domain.json import Json, JsonObject
from baton.protocols.cloudevents.members import Path, invalid

DATA: Final = frozenset(("data", "data_base64"))
"""The members of the JSON format that aren't attributes."""
_TEXTS: Final = frozenset(
    ("id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time")
)
"""The attributes of the specification, all of which are text; extensions may have other types."""
_NAME: Final = re.compile(r"[a-z0-9]+", re.ASCII)
_INT32: Final = range(-(2**31), 2**31)
_LAST_OF_PLANES: Final = "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_FORBIDDEN: Final = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef" + _LAST_OF_PLANES + "]"
)
"""Control characters, surrogates and noncharacters (section 3.1, String)."""
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")
_BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_IN_URI: Final = re.compile(r"[ <>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.", re.ASCII)


def read_attributes(event: JsonObject, path: Path) -> JsonObject:
    """Return the attributes of `event`, which is at `path`; a null attribute counts as absent.

    Raises `Invalid`.
    """
    attributes = {
        name: value for name, value in event.items() if name not in DATA and value is not None
    }
    for name, value in attributes.items():
        if _NAME.fullmatch(name) is None:
            raise invalid("is no attribute: a name consists of a-z and 0-9", *path, name)
        _check_value(name, value, path)
    _check_uris(attributes, path)
    return attributes


def decode_header(value: str, name: str) -> str:
    """Return the attribute that an HTTP header holds (HTTP binding 1.0, section 3.1.3.2).

    Quoted strings are unquoted, then one round of percent-decoding follows. Raises `Invalid` for a
    value that has two readings, so that no two different ids become one.
    """
    unquoted = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), value)
    if _QUOTED.sub("", value).count('"'):
        raise invalid("has an unbalanced quotation mark; it is written %22", name)
    if _BROKEN_PERCENT.search(unquoted):
        raise invalid("has a % without two hexadecimal digits; it is written %25", name)
    try:
        return unquote_to_bytes(unquoted.encode()).decode()
    except UnicodeError:  # raw bytes of a header arrive as lone surrogates
        raise invalid("must be percent-encoded UTF-8", name) from None


def _check_value(name: str, value: Json, path: Path) -> None:
    if isinstance(value, str):
        if _FORBIDDEN.search(value):
            raise invalid("must not hold control characters or noncharacters", *path, name)
    elif name in _TEXTS:
        raise invalid("must be a string", *path, name)
    elif not isinstance(value, bool) and not (isinstance(value, int) and value in _INT32):
        raise invalid("must be a string, a boolean or a 32-bit integer", *path, name)


def _check_uris(event: JsonObject, path: Path) -> None:
    """Refuse a text that isn't a URI; letters beyond ASCII pass, as in an IRI (RFC 3987)."""
    for name in ("source", "dataschema"):
        if _NOT_IN_URI.search(str(event.get(name, ""))):
            raise invalid("must be a URI: RFC 3986 wants this character encoded", *path, name)
    schema = event.get("dataschema")
    if schema is not None and _SCHEME.match(str(schema)) is None:
        raise invalid("must be an absolute URI", *path, "dataschema")
