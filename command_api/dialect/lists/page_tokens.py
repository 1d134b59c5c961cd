"""Pages of a list by opaque tokens: a token names the last item of the previous page.

A list stays complete while items are added: a token is a position in the list's order, never a
number of items. A token belongs to one list with its filters; with others it is refused.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar

import orjson

from baton.command_api.http.query_parameters import AS_OF, integer, single
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.request_context import RequestContext

Position: TypeAlias = tuple[str | int, ...]
"""The members of an item by which its list is sorted."""
T = TypeVar("T")

TOKEN: Final = "page_token"  # noqa: S105 - a parameter's name
SIZE: Final = "page_size"
_DEFAULT_SIZE: Final = 50
_MAX_TOKEN: Final = 1_000
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPage:
    """The part of a list that a request asks for: at most `size` items after `after`.

    `after` None is the beginning. `of` identifies the list with its filters.
    """

    size: int
    after: Position | None
    of: str

    def token(self, last: Position) -> str:
        """Return the token of the page after the item at `last`."""
        raw = orjson.dumps([self.of, *last])
        return urlsafe_b64encode(raw).decode().rstrip("=")


def token_page(context: RequestContext, shape: Sequence[type], *, max_size: int) -> TokenPage:
    """Return the page that the query asks for; raises Refused 400.

    Args:
        context: The request.
        shape: The types of a position's members, `str` or `int`.
        max_size: The largest size allowed; the smallest is 1.
    """
    query = context.query
    size = integer(query, SIZE, _DEFAULT_SIZE, at_least=1, at_most=max_size)
    filters = sorted(
        (name, value) for name, value in query.items() if name not in (TOKEN, SIZE, AS_OF)
    )
    of = sha256(orjson.dumps([context.request.path, filters])).hexdigest()[:12]
    text = single(query, TOKEN)
    after = None if text is None else _position(text, of, shape)
    return TokenPage(size=size, after=after, of=of)


def _position(text: str, of: str, shape: Sequence[type]) -> Position:
    try:
        padded = text[:_MAX_TOKEN].encode() + b"=" * (-len(text) % 4)
        list_id, *position = orjson.loads(urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError):
        raise _refused("isn't the nextPageToken of a page") from None
    if [type(member) for member in position] != list(shape) or type(list_id) is not str:
        raise _refused("isn't the nextPageToken of a page")
    if any(type(member) is int and member not in _INT64 for member in position) or "\0" in str(
        position
    ):
        raise _refused("isn't the nextPageToken of a page")
    if list_id != of:
        raise _refused("belongs to another list, or to one with other filters")
    return tuple(position)


def _refused(fault: str) -> Exception:
    return refused_field(f"{TOKEN} {fault}", TOKEN)
