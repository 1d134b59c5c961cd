"""Query parameters, read strictly: a value out of range is refused, not clamped.

Also the numbers of a page. Links and envelopes around a page are a dialect's own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

from multidict import MultiMapping

from baton.command_api.http.refusal import refused_field

MAX_OFFSET = 2**31 - 1
"""How deep into a list a page may lie."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,9})", re.ASCII)

Text = TypeVar("Text", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page is asked for: `number` counts from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many items come before the page."""
        return (self.number - 1) * self.size


def page_of(
    query: MultiMapping[str],
    *,
    sizes: tuple[int, int],
    default_size: int = 20,
    names: tuple[str, str] = ("page", "pageSize"),
) -> PageRequest:
    """Return the page that two parameters ask for; raises Refused 400 naming the wrong one."""
    number_name, size_name = names
    size = integer(query, size_name, default_size, at_least=sizes[0], at_most=sizes[1])
    number = integer(query, number_name, 1, at_least=1, at_most=MAX_OFFSET // size)
    return PageRequest(number=number, size=size)


def integer(
    query: MultiMapping[str], name: str, default: int, *, at_least: int, at_most: int
) -> int:
    """Return a whole number written in plain decimal digits; raises Refused 400."""
    text = one(query, name)
    if text is None:
        return default
    if _INTEGER.fullmatch(text) is None or not at_least <= int(text) <= at_most:
        message = f"{name} must be a whole number from {at_least} to {at_most}"
        raise refused_field(message, name)
    return int(text)


@overload
def choice(query: MultiMapping[str], name: str, allowed: Sequence[Text], default: Text) -> Text: ...
@overload
def choice(
    query: MultiMapping[str], name: str, allowed: Sequence[Text], default: None = None
) -> Text | None: ...
def choice(
    query: MultiMapping[str], name: str, allowed: Sequence[Text], default: Text | None = None
) -> Text | None:
    """Return one of `allowed`, `default` when nothing is asked; raises Refused 400."""
    text = one(query, name)
    if text is None:
        return default
    for value in allowed:
        if value == text:
            return value
    message = f"{name} must be one of {', '.join(allowed)}"
    raise refused_field(message, name)


def one(query: MultiMapping[str], name: str) -> str | None:
    """Return the only value of a parameter, None when it is not there; raises Refused 400."""
    values = query.getall(name, [])
    if not values:
        return None
    if len(values) > 1 or "\0" in values[0]:
        message = f"{name} must be given once, as text"
        raise refused_field(message, name)
    return values[0]
