"""Sends deliveries: each due delivery is posted to its receiver, and the outcome is recorded.

Deliveries that are due soon are observed in the log and kept in memory. The view of deliveries is
polled for all others, and after a restart. A crash between a request and its record repeats the
request, under the same `webhook-id`. Every receiver has its own slots and circuit, so a slow or
failing receiver delays no other.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, get_args

from baton.domain.delivery.messages import DeliveryRedriven, DeliveryRequested
from baton.domain.delivery.messages import Event as DeliveryEvent
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewStore
from baton.projector.views.deliveries.queries import DeliveryQueries
from baton.protocols.webhook_post import Answer
from baton.scheduler.deliveries.attempts import Attempts, Posted
from baton.scheduler.deliveries.circuit import FIRST_OPEN_MS, Circuit
from baton.scheduler.deliveries.earlier_deliveries import EarlierDeliveries
from baton.scheduler.deliveries.pending_deliveries import (
    Pending,
    PendingDeliveries,
    from_event,
    from_view,
)
from baton.scheduler.deliveries.receiver_queue import ReceiverQueue
from baton.scheduler.due_queue import DueQueue

POLL_MS: Final = 1_000
"""The interval between reads of the view, in ms."""
SOON_MS: Final = 20
"""The interval of short checks, in ms: for free capacity in memory, and for late view documents."""
NEAR_MS: Final = 60_000
"""The default time within which the next attempt of a delivery in memory is due, in ms."""
PAGE_SIZE: Final = 1_000
"""The number of deliveries that one read of the view returns, besides the known ones."""
RETRY_MS: Final = 1_000
"""The delay before the next try: the store was unavailable, or another delivery precedes, in ms."""
RETRY_BROKEN_MS: Final = 60_000
"""The delay before the next try after an unexpected error, in ms."""
FOREVER_MS: Final = 2**62
"""A time after every due time."""
NEVER: Final = -1
"""The due time of a delivery that isn't pending."""

DELIVERY_EVENTS: Final[frozenset[type]] = frozenset(get_args(DeliveryEvent))
"""The event classes of deliveries."""
_EXPIRED: Final = Answer(
    error="CIRCUIT_OPEN: the receiver has not answered for the whole time of the retries",
    final=True,
)

_log = logging.getLogger(__name__)


class DeliverySender:
    """Sends the deliveries of all tenants: `observe` the log, `run`, and at the end `finish`.

    Args:
        views: Hold the view of deliveries.
        attempts: Performs the attempts.
        clock: Decides which deliveries are due.
        backoff_ms: The delays between attempts: a delivery that began longer ago than their sum no
            longer waits for an open circuit.
        webhook_ids: Returns the ids of all registrations.
        near_ms: A delivery is kept in memory if its next attempt is due within this time. If it is
            infinite, so are all deliveries of the view: then the next due time is always known.
    """

    def __init__(
        self,
        views: ViewStore,
        attempts: Attempts,
        *,
        clock: Clock,
        backoff_ms: Sequence[int],
        webhook_ids: Callable[[], Sequence[str]],
        near_ms: float = NEAR_MS,
    ) -> None:
        self._near_ms = near_ms
        self._reads_all = math.isinf(near_ms)  # until the view has no further delivery
        self._queries = DeliveryQueries(views)
        self._attempts = attempts
        self._clock = clock
        self._first_open_ms = backoff_ms[0] if backoff_ms else FIRST_OPEN_MS
        self._patience_ms = sum(backoff_ms)
        self._webhook_ids = webhook_ids
        self._pending = PendingDeliveries()
        self._earlier = EarlierDeliveries(views, clock=clock)
        self._receivers: dict[str, ReceiverQueue] = {}  # by the stream of the registration
        self._due: DueQueue[str] = DueQueue(clock)  # streams of deliveries and registrations
        self._overflowed: set[str] = set()  # registrations with deliveries that had no room
        self._tasks: set[asyncio.Task[None]] = set()
        self._finishing = False

    def observe(self, recorded: Recorded) -> None:
        """Keep a delivery that was requested, and apply changes that another process made."""
        pending = self._pending.get(recorded.stream)
        if pending is None:
            if isinstance(recorded.event, DeliveryRequested):
                self._keep(from_event(recorded, recorded.event), recorded.event.at)
            elif isinstance(recorded.event, DeliveryRedriven):
                self._earlier.reopened(recorded.stream)  # the view will show it
        elif recorded.version > pending.version:
            self._earlier.reopened(recorded.stream)
            pending.version, pending.known = recorded.version, None
            self._due.put(pending.stream, self._clock.now())

    async def run(self) -> None:
        """Send due deliveries until cancelled; `finish` then ends the running attempts."""
        poll_at = 0
        while True:
            now = self._clock.now()
            if self._poll_soon or not 0 < poll_at - now <= POLL_MS:
                await self._poll(now)
                poll_at = self._clock.now() + POLL_MS
            self.send_due()
            longest = SOON_MS if self._overflowed else POLL_MS
            await self._due.wait(max(0, min(longest, poll_at - self._clock.now())))

    async def finish(self, *, grace_s: float) -> None:
        """Begin no further attempt, wait up to `grace_s` for running ones, then cancel the rest.

        The next sender repeats cancelled attempts.
        """
        self._finishing = True
        await stop_tasks(self._tasks, grace_s=grace_s)

    def send_due(self) -> None:
        """Start to send the due deliveries in memory, within the slots of their receivers."""
        for stream in self._due.pop_due():
            pending = self._pending.get(stream)
            if pending is None:
                receiver = self._receivers.get(stream)
            elif self._pending.is_first(pending):
                receiver = self._receiver_of(pending)
                if not pending.queued:
                    pending.queued = True
                    receiver.due.append(pending)
            else:
                continue  # put back when the delivery before it is settled
            if receiver is not None:
                self._fill_slots(receiver)

    async def _poll(self, now: int) -> None:
        """Read due deliveries from the view, for registrations with free capacity in memory."""
        webhook_ids = None
        if not self._pending.all_have_room:
            webhook_ids = [
                webhook_id
                for webhook_id in self._webhook_ids()
                if self._pending.has_room(webhook_id)
            ]
            if not webhook_ids:
                return
        elif not self._webhook_ids():
            return
        until, limit = FOREVER_MS if self._reads_all else now, PAGE_SIZE + len(self._pending)
        try:
            documents = await self._queries.due(until, limit, webhook_ids)
        except Unavailable as error:
            _log.warning("the deliveries can't be read: %s", error)
            return
        self._reads_all = self._reads_all and len(documents) >= limit
        self._overflowed = {
            webhook_id for webhook_id in self._overflowed if not self._pending.has_room(webhook_id)
        }
        for document in documents:
            pending = from_view(document)
            if not self._earlier.settled_lately(pending.stream):
                self._keep(pending, now)

    def _keep(self, pending: Pending, due_at: int) -> None:
        if self._pending.add(pending):
            self._due.put(pending.stream, due_at)
        elif pending.stream not in self._pending:
            self._overflowed.add(pending.webhook_id)

    @property
    def _poll_soon(self) -> bool:
        """Whether memory has capacity for deliveries that only the view holds."""
        return any(map(self._pending.has_much_room, self._overflowed))

    def _receiver_of(self, pending: Pending) -> ReceiverQueue:
        stream = pending.webhook_stream
        receiver = self._receivers.get(stream)
        if receiver is None:
            circuit = Circuit(first_open_ms=self._first_open_ms)
            receiver = self._receivers[stream] = ReceiverQueue(stream, circuit)
        return receiver

    def _fill_slots(self, receiver: ReceiverQueue) -> None:
        now = self._clock.now()
        if self._finishing:
            return
        for expired in receiver.take_expired(now - self._patience_ms):
            self._start(self._settle(expired, _EXPIRED))
        while (pending := receiver.take(now)) is not None:
            self._start(self._send(receiver, pending, probe=receiver.circuit.begin()))
        wait_ms = receiver.circuit.wait_ms(now)
        if receiver.due and wait_ms:
            self._due.put(receiver.stream, now + wait_ms)
        if receiver.idle:
            self._receivers.pop(receiver.stream, None)

    async def _send(self, receiver: ReceiverQueue, pending: Pending, *, probe: bool) -> None:
        """Send one delivery, if it is still due now, and record the outcome."""
        posted: Posted | None = None
        again_at: int | None = None
        try:
            again_at = await self._postponed(pending)
            if again_at is None:
                posted = await self._attempts.post(pending)
        except Unavailable as error:
            _log.warning("delivery %s: the store is unavailable: %s", pending.id, error)
            again_at = self._clock.now() + RETRY_MS
        except Exception:  # noqa: BLE001 - logged; other deliveries continue
            _log.exception("delivery %s can't be sent", pending.id)
            again_at = self._clock.now() + RETRY_BROKEN_MS
        finally:
            answer = posted.answer if posted is not None and posted.sent else None
            receiver.release(self._clock.now(), answer, probe=probe)
        self._fill_slots(receiver)
        if posted is not None:
            await self._settle(pending, posted.answer)
        elif again_at is not None:
            self._put_back(pending, again_at)

    async def _postponed(self, pending: Pending) -> int | None:
        """Return when to check again a delivery that can't be sent now.

        None if it can be sent now, NEVER if it isn't pending any more.
        """
        state = await self._attempts.state_of(pending)
        now = self._clock.now()
        if state.status != "pending":
            return NEVER
        if state.due_at > now:
            return state.due_at
        if not pending.ordered:
            return None
        if not await self._earlier.are_shown(pending):
            return now + SOON_MS
        return now + RETRY_MS if await self._earlier.exist(pending) else None

    async def _settle(self, pending: Pending, answer: Answer) -> None:
        """Record the outcome of an attempt."""
        try:
            state = await self._attempts.record(pending, answer)
        except Exception:  # noqa: BLE001 - logged; other deliveries continue
            _log.exception("the outcome of delivery %s can't be recorded", pending.id)
            self._put_back(pending, self._clock.now() + RETRY_BROKEN_MS)
            return
        self._put_back(pending, state.due_at if state.status == "pending" else NEVER)

    def _put_back(self, pending: Pending, due_at: int) -> None:
        """Keep a delivery until `due_at`, or drop it: the view holds those of later times."""
        pending.queued = False
        now = self._clock.now()
        if due_at != NEVER and (pending.ordered or due_at - now <= self._near_ms):
            self._due.put(pending.stream, due_at)
            return
        if due_at == NEVER:
            self._earlier.settled(pending.stream)
        following = self._pending.remove(pending)
        if following is not None:
            self._due.put(following.stream, now)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
