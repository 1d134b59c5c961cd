"""Pages of a list, by page number or by offset. A value out of range is refused, not clamped."""

from dataclasses import dataclass

from multidict import MultiMapping

from baton.command_api.dialect.contract import QueryParameter
from baton.command_api.http.query_parameters import integer

MAX_OFFSET = 2**31 - 1
"""The last offset at which a page may start; SQL stores take 32 bits."""
OFFSET_PARAMETER = QueryParameter(
    name="offset",
    schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_OFFSET},
)
"""The parameter that `offset_page` reads, in the OpenAPI document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The part of a list that a request asks for: `limit` items from `offset` (0 is the first)."""

    offset: int
    limit: int

    @property
    def number(self) -> int:
        """The page's number, counted from 1."""
        return self.offset // self.limit + 1


def numbered_page(query: MultiMapping[str], *, sizes: tuple[int, int]) -> Page:
    """Return the page that `page` (counted from 1) and `pageSize` ask for; raises Refused 400.

    Args:
        query: The request's query parameters.
        sizes: The smallest and the largest size allowed.
    """
    size = integer(query, "pageSize", 20, at_least=sizes[0], at_most=sizes[1])
    number = integer(query, "page", 1, at_least=1, at_most=MAX_OFFSET // size)
    return Page(offset=(number - 1) * size, limit=size)


def offset_page(query: MultiMapping[str], *, max_limit: int, default_limit: int = 50) -> Page:
    """Return the page that `offset` and `limit` ask for; raises Refused 400.

    Args:
        query: The request's query parameters.
        max_limit: The largest limit allowed; the smallest is 1.
        default_limit: The limit of a request that names none.
    """
    limit = integer(query, "limit", default_limit, at_least=1, at_most=max_limit)
    offset = integer(query, "offset", 0, at_least=0, at_most=MAX_OFFSET)
    return Page(offset=offset, limit=limit)


def limit_parameter(default: int, maximum: int) -> QueryParameter:
    """Return the parameter for the size of a page, in the OpenAPI document."""
    return QueryParameter(
        name="limit",
        schema={"type": "integer", "default": default, "minimum": 1, "maximum": maximum},
    )
