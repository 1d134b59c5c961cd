"""Finds the tenant that an unreadable message nevertheless names."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from baton.domain.definition.slug import is_slug
from baton.domain.errors import Invalid
from baton.domain.json import Json
from baton.eventlog.ports.topics import Message
from baton.protocols.strict_json import parse

_HEADER: Final = "ce_workspaceslug"
_MEMBERS: Final = ("workspaceslug", "workspaceSlug")


def tenant_of(message: Message) -> str | None:
    """Return the only tenant that a message names, None if it names none or several."""
    slugs = {name for name in _names(message) if is_slug(name)}
    return slugs.pop() if len(slugs) == 1 else None


def _names(message: Message) -> Iterator[str]:
    for name, value in message.headers:
        if name.lower() == _HEADER:
            yield value.decode(errors="replace")
    with suppress(Invalid):
        document = parse(message.value or b"")
        for event in document if isinstance(document, list) else [document]:
            yield from _named_by(event)


def _named_by(event: Json) -> Iterator[str]:
    """Yield the tenants that an event names in its own members and in its data."""
    if not isinstance(event, dict):
        return
    for part in (event, event.get("data")):
        if isinstance(part, dict):
            yield from (value for name in _MEMBERS if isinstance(value := part.get(name), str))
