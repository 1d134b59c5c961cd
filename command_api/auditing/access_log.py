"""Records accesses as events: sign-ins, exports, and refused requests.

Refused requests are recorded once a minute, and at a clean stop; a killed process loses those of
its last minute. All other accesses are recorded before their caller gets an answer.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from baton.command_api.auditing.refused_requests import RefusedRequests
from baton.domain.access.decisions import DECIDER as ACCESS
from baton.domain.access.messages import (
    AccessRefused,
    Event,
    ExportMade,
    LetterRedriven,
    Origin,
    Reason,
    RecordAccess,
    SignedIn,
    SignedOut,
    ViewsChanged,
    WebhookTested,
)
from baton.domain.actor import Actor
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.ids import new_id
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore

INTERVAL_MS: Final = 60_000
"""The time between two records of refused requests, in ms."""

_log = logging.getLogger("baton.access")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The tenant and the subject of a request, and where it came from."""

    tenant: str
    actor: Actor
    origin: Origin


class AccessLog:
    """Records accesses to one process.

    Args:
        store: Takes the events.
        clock: Gives events their times, and paces the records of refused requests.
        new_id: Returns a new id.
    """

    def __init__(self, store: EventStore, clock: Clock, new_id: Callable[[], str]) -> None:
        self._store, self._clock, self._new_id = store, clock, new_id
        self._refused = RefusedRequests()

    async def signed_in(self, caller: Caller) -> None:
        """Record a sign-in; raises `Unavailable`."""
        await self._record(
            SignedIn(
                tenant=caller.tenant, actor=caller.actor, origin=caller.origin, at=self._clock.now()
            )
        )

    async def signed_out(self, caller: Caller) -> None:
        """Record the end of a session; raises `Unavailable`."""
        await self._record(
            SignedOut(
                tenant=caller.tenant, actor=caller.actor, origin=caller.origin, at=self._clock.now()
            )
        )

    async def export_made(self, caller: Caller, route: str) -> None:
        """Record an export of the list at `route`; raises `Unavailable`."""
        await self._record(
            ExportMade(
                tenant=caller.tenant,
                actor=caller.actor,
                origin=caller.origin,
                route=route,
                at=self._clock.now(),
            )
        )

    async def webhook_tested(self, caller: Caller, url: str) -> None:
        """Record a test message to a URL without a query; raises `Unavailable`."""
        at = self._clock.now()
        await self._record(
            WebhookTested(
                tenant=caller.tenant, actor=caller.actor, url=url, origin=caller.origin, at=at
            )
        )

    async def letter_redriven(self, caller: Caller, letter_id: str) -> None:
        """Record that a dead letter is sent again; raises `Unavailable`."""
        at = self._clock.now()
        await self._record(
            LetterRedriven(
                tenant=caller.tenant,
                actor=caller.actor,
                letter_id=letter_id,
                origin=caller.origin,
                at=at,
            )
        )

    async def views_changed(
        self, caller: Caller, change: Literal["rebuild", "promote"], number: int
    ) -> None:
        """Record a change of the sets of views; raises `Unavailable`."""
        await self._record(
            ViewsChanged(
                tenant=caller.tenant,
                actor=caller.actor,
                change=change,
                number=number,
                origin=caller.origin,
                at=self._clock.now(),
            )
        )

    def refused(
        self,
        *,
        tenant: str,
        reason: Reason,
        actor: Actor | None,
        claimed: str,
        route: str,
        origin: Origin,
    ) -> None:
        """Count a refused request.

        Args:
            tenant: The tenant of the credential, or of the user that a sign-in named.
            reason: Why it was refused.
            actor: The subject of a valid credential, None without one.
            claimed: The user name that a sign-in gave, or an empty text.
            route: The path template of the request.
            origin: The request's network address and user agent.
        """
        at = self._clock.now()
        self._refused.add(
            AccessRefused(
                tenant=tenant,
                reason=reason,
                actor=actor,
                claimed=claimed,
                count=1,
                route=route,
                origin=origin,
                since=at,
                at=at,
            )
        )

    async def run(self) -> None:
        """Record the refused requests of each minute, until cancelled."""
        while True:
            await self._clock.idle(INTERVAL_MS)
            await self.save()

    async def save(self) -> None:
        """Record the counted refused requests; log those that can't be stored."""
        for event in self._refused.take():
            try:
                await self._record(event)
            except Unavailable as error:
                _log.warning("%d refused requests aren't recorded: %s", event.count, error)

    async def _record(self, event: Event) -> None:
        stream = stream_name(event.tenant, ACCESS.name, self._new_id())
        await transact(self._store, ACCESS, stream, RecordAccess(event))


def accesses_on(store: EventStore, clock: Clock) -> AccessLog:
    """Return the record of accesses in a store, with ids that grow with the time."""
    return AccessLog(store, clock, lambda: new_id(clock.now()))
