"""The cursors of lists: opaque text that names the place of an item in a list's order."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import orjson
from multidict import MultiMapping

from baton.command_api.dialect.contract import QueryParameter
from baton.command_api.http.query_parameters import single
from baton.command_api.http.refusal import refused_field

CURSOR: Final = "cursor"
CURSOR_PARAMETER: Final = QueryParameter(
    name=CURSOR,
    schema={"type": "string", "minLength": 1},
    description="The `next` of the page before",
)
_MAX_CURSOR: Final = 500
_INT64: Final = range(-(2**63), 2**63)


def render_cursor(number: int, ident: str) -> str:
    """Return the cursor of the item with this number (a time in ms, a position) and this id."""
    return urlsafe_b64encode(orjson.dumps([number, ident])).decode().rstrip("=")


def parse_cursor(query: MultiMapping[str]) -> tuple[int, str] | None:
    """Return the number and the id of the query's cursor, None without one; raises Refused 400."""
    text = single(query, CURSOR)
    if text is None:
        return None
    try:
        padded = text[:_MAX_CURSOR].encode() + b"=" * (-len(text) % 4)
        number, ident = orjson.loads(urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError):
        raise _refused() from None
    if type(number) is not int or number not in _INT64 or type(ident) is not str or "\0" in ident:
        raise _refused()
    return number, ident


def _refused() -> Exception:
    return refused_field(f"{CURSOR} must be the `next` of an earlier page", CURSOR)
