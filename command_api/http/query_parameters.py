"""Query parameters, read strictly: a value out of range is refused, not clamped."""

import re
from collections.abc import Sequence
from typing import Final, TypeVar, overload

from multidict import MultiMapping

from baton.command_api.http.refusal import refused_field
from baton.protocols.iso_time import parse_rfc3339

AS_OF: Final = "asOf"
"""The parameter that any read may take; `baton.command_api.as_of` reads it before the handler."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,9})", re.ASCII)

Text = TypeVar("Text", bound=str)


def integer(
    query: MultiMapping[str], name: str, default: int, *, at_least: int, at_most: int
) -> int:
    """Return a whole number written in decimal digits; raises Refused 400 naming the parameter."""
    text = single(query, name)
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
    """Return one of `allowed`, or `default` without the parameter; raises Refused 400."""
    text = single(query, name)
    if text is None:
        return default
    for value in allowed:
        if value == text:
            return value
    message = f"{name} must be one of {', '.join(allowed)}"
    raise refused_field(message, name)


def instant(query: MultiMapping[str], name: str) -> int | None:
    """Return an RFC 3339 time in milliseconds since the epoch; raises Refused 400."""
    text = single(query, name)
    if text is None:
        return None
    try:
        return parse_rfc3339(text)
    except ValueError:
        message = f"{name} must be an RFC 3339 time, such as 2027-01-01T09:00:00Z"
        raise refused_field(message, name) from None


def choices(query: MultiMapping[str], name: str, allowed: Sequence[Text]) -> tuple[Text, ...]:
    """Return every value of a parameter, each one of `allowed`; raises Refused 400."""
    values = query.getall(name, [])
    if not set(values) <= set(allowed):
        message = f"{name} must be one of {', '.join(allowed)}; it may be given several times"
        raise refused_field(message, name)
    return tuple(value for value in allowed if value in values)


def known_only(query: MultiMapping[str], names: Sequence[str]) -> None:
    """Raise Refused 400 for a parameter that isn't one of `names`."""
    for name in query:
        if name not in names and name != AS_OF:
            known = f"known ones are {', '.join(names)}" if names else "there are none here"
            message = f"Unknown parameter; {known}"
            raise refused_field(message, name)


def single(query: MultiMapping[str], name: str) -> str | None:
    """Return a parameter's only value, or None without it; raises Refused 400 for several."""
    values = query.getall(name, [])
    if not values:
        return None
    if len(values) > 1 or "\0" in values[0]:
        message = f"{name} must be given at most once, without a NUL character"
        raise refused_field(message, name)
    return values[0]
