"""Counts refused requests until they are recorded: one event a minute for each subject."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from baton.domain.access.messages import AccessRefused

MAX_KEPT: Final = 1_000
"""Events of one minute; the requests of further subjects are counted together."""


class RefusedRequests:
    """The refused requests since the last `take`, as one event for each subject and reason.

    Requests without a valid credential are distinguished by their claimed name and their address.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[str, ...], AccessRefused] = {}

    def add(self, one: AccessRefused) -> None:
        """Count a request, an event with the count 1."""
        actor, unknown = one.actor, (one.claimed, one.origin.address)
        subject = (actor.method, actor.subject) if actor else unknown
        key: tuple[str, ...] = (one.tenant, one.reason, *subject)
        if key not in self._events and len(self._events) >= MAX_KEPT:
            key = ("others", one.tenant, one.reason)
        before = self._events.get(key)
        if before is not None:
            one = replace(one, count=before.count + 1, since=before.since)
        self._events[key] = one

    def take(self) -> Sequence[AccessRefused]:
        """Return the events, and begin again."""
        events, self._events = list(self._events.values()), {}
        return events
