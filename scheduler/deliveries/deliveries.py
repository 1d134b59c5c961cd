"""Webhooks out, in one process at a time: follows the log, requests and sends deliveries.

A lease elects that process. The lease only avoids duplicate work: if two processes are active at
the same time, derived ids and expected versions prevent duplicate records, and receivers may get a
message twice.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from baton.domain.webhook.event_types import NOTIFIED_EVENTS
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Elected
from baton.eventlog.loops.retry import retry
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Log
from baton.scheduler.deliveries.attempts import Attempts, Sending
from baton.scheduler.deliveries.counters import Counters
from baton.scheduler.deliveries.forget_deliveries import Forgetting
from baton.scheduler.deliveries.receivers import Receivers
from baton.scheduler.deliveries.registrations import CHANGES, Registrations, registrations_at
from baton.scheduler.deliveries.request_deliveries import match_events, request_deliveries
from baton.scheduler.deliveries.send_deliveries import DELIVERY_EVENTS, NEAR_MS, DeliverySender

NAME: Final = "scheduler.deliveries"
"""The name of the lease, of the checkpoint and of the log subscription."""
FOLLOWED_EVENTS: Final = CHANGES | DELIVERY_EVENTS
"""The event classes that are followed while no registration is active."""
WIDELY_FOLLOWED_EVENTS: Final = FOLLOWED_EVENTS | NOTIFIED_EVENTS
"""The event classes that are followed while a registration is active."""
SAVE_MS: Final = 1_500
"""The interval between checkpoints while a registration is active, in ms."""
IDLE_SAVE_MS: Final = 30_000
"""The same while none is active, when a lost checkpoint loses no delivery."""
PACE_MS: Final = 10
"""The pause between reads of the log, in ms, so that each read takes a larger batch."""
CATCH_UP_S: Final = 5.0
"""The time to reach the head of the log before the first delivery is sent, in seconds."""
FINISH_S: Final = 5.0
"""The time to finish running attempts at the end of a term, in seconds.

The next leader repeats unfinished attempts.
"""

_log = logging.getLogger(__name__)


class Deliveries(Elected):
    """Requests and sends deliveries while this process holds the lease.

    The views' tables must exist. `counters` sums over all terms.

    Args:
        stores: Hold the log, the registrations with their secrets, and the deliveries.
        sending: How deliveries are sent.
        clock: Decides which deliveries are due.
        holder: Names this process in the lease, and no other process at the same time.
        near_ms: Deliveries whose next attempt is due within this time are kept in memory.
    """

    def __init__(
        self,
        stores: Stores,
        sending: Sending,
        *,
        clock: Clock,
        holder: str,
        near_ms: float = NEAR_MS,
    ) -> None:
        super().__init__(stores.leases, NAME, holder=holder, clock=clock)
        self._near_ms = near_ms
        self._stores = stores
        self._sending = sending
        self._clock = clock
        self.counters = Counters()

    async def _lead(self) -> None:
        term = Term(
            self._stores,
            self._sending,
            clock=self._clock,
            counters=self.counters,
            near_ms=self._near_ms,
        )
        await term.run()


class Term:
    """One term of leadership: follows the log from the checkpoint and sends due deliveries."""

    def __init__(
        self,
        stores: Stores,
        sending: Sending,
        *,
        clock: Clock,
        counters: Counters,
        near_ms: float = NEAR_MS,
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._counters = counters
        self._registrations = Registrations(stores.events)
        self._receivers = Receivers(stores.events, stores.secrets)
        self._sender = DeliverySender(
            stores.views,
            Attempts(stores, sending, self._receivers, clock=clock, counters=counters),
            clock=clock,
            backoff_ms=sending.backoff_ms,
            webhook_ids=lambda: self._registrations.webhook_ids,
            near_ms=near_ms,
        )
        self._forgetting = Forgetting(stores, retention_ms=sending.retention_ms, clock=clock)
        self._position = 0  # of the newest event that was read
        self._requested = 0  # up to here, all deliveries are requested
        self._saved = 0
        self._head = 0  # of the log when the term began
        self._rewind = False
        self._active = asyncio.Event()
        self._caught_up = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; raises `Unavailable`."""
        await self._begin()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow())
                group.create_task(self._send())
                group.create_task(self._save_periodically())
                group.create_task(self._forgetting.run())
        finally:
            await self._sender.finish(grace_s=FINISH_S)
            await self._save()

    async def handle(self, batch: Sequence[Recorded]) -> None:
        """Request the deliveries of a batch of the log, and pass other events to the sender.

        After an error the caller repeats the batch; the registrations are then read again as of its
        start.
        """
        if self._rewind:
            await self._registrations.rewind(self._position)
        self._rewind = True
        relevant = self._relevant(batch)
        commands = await match_events(self._registrations, relevant, after=self._requested)
        self._counters.requested += await request_deliveries(self._stores.events, commands)
        for recorded in relevant:
            if type(recorded.event) in CHANGES:
                self._receivers.changed(recorded.stream)
            elif type(recorded.event) in DELIVERY_EVENTS:
                self._sender.observe(recorded)
        self._position = batch[-1].position
        self._requested = max(self._requested, self._position)
        self._rewind = False
        if self._position >= self._head:
            self._caught_up.set()

    async def _begin(self) -> None:
        """Read where the last term ended.

        The log is followed from a position that the views hold, so that each pending delivery is
        found in the views or in the log. Without active registrations nothing before that position
        can become a delivery.
        """
        stores = self._stores
        in_views = await stores.views.checkpoint()
        self._saved = self._requested = await stores.checkpoints.load(NAME)
        self._registrations = await registrations_at(in_views, stores.events, stores.views)
        self._position = in_views
        if not self._registrations.any_active:
            self._requested = max(self._requested, in_views)
        elif self._requested < in_views:
            self._position = self._requested
            await self._registrations.rewind(self._position)
        self._head = await stores.events.head()
        if self._position >= self._head:
            self._caught_up.set()

    async def _follow(self) -> None:
        whole_log = self._stores.whole_log
        if whole_log is not None and not self._registrations.any_active:
            await self._follow_until_active()
        await self._follow_log(whole_log or self._stores.log)

    async def _follow_log(self, log: Log) -> None:
        subscription = await log.subscribe(
            NAME, after=self._position, classes=WIDELY_FOLLOWED_EVENTS
        )
        await follow(subscription, self.handle, clock=self._clock, pace_ms=PACE_MS)

    async def _follow_until_active(self) -> None:
        """Follow the log without the events of runs, until a registration is active."""
        self._caught_up.set()
        subscription = await self._stores.log.subscribe(
            NAME, after=self._position, classes=FOLLOWED_EVENTS
        )
        following = asyncio.create_task(
            follow(subscription, self._handle_until_active, clock=self._clock, pace_ms=PACE_MS)
        )
        active = asyncio.create_task(self._active.wait())
        try:
            await asyncio.wait((following, active), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            await stop_tasks((following, active))

    async def _handle_until_active(self, batch: Sequence[Recorded]) -> None:
        for recorded in batch:
            if self._active.is_set():
                return
            await self.handle((recorded,))
            if self._registrations.any_active:
                self._active.set()

    def _relevant(self, batch: Sequence[Recorded]) -> Sequence[Recorded]:
        """Return the relevant events; while no registration is active, events of runs aren't."""
        if not self._registrations.any_active:
            relevant = [recorded for recorded in batch if type(recorded.event) in FOLLOWED_EVENTS]
            if not any(type(recorded.event) in CHANGES for recorded in relevant):
                return relevant
        return [recorded for recorded in batch if type(recorded.event) in WIDELY_FOLLOWED_EVENTS]

    async def _send(self) -> None:
        """Send due deliveries, except those that the log shows to be delivered already."""
        # Not `wait_for`: before Python 3.12 it loses a cancellation that meets the end of its wait.
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                await self._caught_up.wait()
        await self._sender.run()

    async def _save_periodically(self) -> None:
        while True:
            await self._clock.idle(SAVE_MS if self._registrations.any_active else IDLE_SAVE_MS)
            await retry(self._save, clock=self._clock, log=_log, doing="saving the checkpoint")

    async def _save(self) -> None:
        if self._requested > self._saved:
            position = self._requested
            await self._stores.checkpoints.save(NAME, position)
            self._saved = position
