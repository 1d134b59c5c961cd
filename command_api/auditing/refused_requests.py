"""Counts refused requests until they are recorded: one event a minute for each subject."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from baton.domain.access.messages import AccessRefused

MAX_KEPT: Final = 1_000
"""The number of events of one minute; the requests of further subjects share an event."""


class RefusedRequests:
    """The refused requests since the last `take`, as one event for each subject and reason.

    Requests without a valid credential are distinguished by their claimed name and their address.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[str, ...], AccessRefused] = {}

    def add(self, refused: AccessRefused) -> None:
        """Count a request, an event with the count 1."""
        actor, unknown = refused.actor, (refused.claimed, refused.origin.address)
        subject = (actor.method, actor.subject) if actor else unknown
        key: tuple[str, ...] = (refused.tenant, refused.reason, *subject)
        if key not in self._events and len(self._events) >= MAX_KEPT:
            key = ("others", refused.tenant, refused.reason)
        before = self._events.get(key)
        if before is not None:
            refused = replace(refused, count=before.count + 1, since=before.since)
        self._events[key] = refused

    def take(self) -> Sequence[AccessRefused]:
        """Return the events, and start a new count."""
        events, self._events = list(self._events.values()), {}
        return events
