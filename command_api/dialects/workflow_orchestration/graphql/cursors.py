"""Cursors of connections: each names an item by the members that its list is sorted by.

A list stays complete while items are added: a cursor is a position in its order, never a number.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import orjson

from baton.command_api.dialects.workflow_orchestration.graphql.limits import MAX_PAGE
from baton.command_api.http.refusal import refused_field

_MAX_CURSOR: Final = 200
_INT64: Final = range(-(2**63), 2**63)


def cursor_of(at: int, ident: str) -> str:
    """Return the cursor of the item that was created at `at` (ms)."""
    return urlsafe_b64encode(orjson.dumps([at, ident])).decode().rstrip("=")


def position_of(cursor: str | None) -> tuple[int, str] | None:
    """Return time and id of the item that a cursor names, None for none; raises Refused 400."""
    if cursor is None:
        return None
    try:
        padded = cursor[:_MAX_CURSOR].encode() + b"=" * (-len(cursor) % 4)
        at, ident = orjson.loads(urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError):
        raise refused_field("after isn't a cursor of this list", "after") from None
    if type(at) is not int or at not in _INT64 or type(ident) is not str or "\0" in ident:
        raise refused_field("after isn't a cursor of this list", "after")
    return at, ident


def require_page(first: int) -> int:
    """Return the size of a page; raises Refused 400 for one out of range."""
    if not 1 <= first <= MAX_PAGE:
        raise refused_field(f"first must be from 1 to {MAX_PAGE}", "first")
    return first
