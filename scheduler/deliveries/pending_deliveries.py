"""The pending deliveries in the sender's memory, and their order within a run."""

from bisect import insort
from collections import Counter
from dataclasses import dataclass
from typing import Final

from baton.domain.delivery.decisions import DECIDER
from baton.domain.delivery.messages import DeliveryRequested
from baton.domain.delivery.state import State
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.stream import stream_name, stream_parts
from baton.domain.webhook.decisions import DECIDER as WEBHOOK
from baton.domain.webhook.messages import EventType
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import StreamState
from baton.projector.views.deliveries.view import Document, lane_of

MAX_PER_WEBHOOK: Final = 1_000
"""The number of deliveries per registration that are kept in memory; the view holds all."""


@dataclass(slots=True, eq=False, kw_only=True)
class Pending:
    """A pending delivery.

    - `known` is its state as the sender last saw it, None if it must be read.
    - `version` is the newest version of its stream that the sender has seen.
    - `position` is the position of its request, 0 if the view shows it.
    - `begun_at` is the time at which it was requested or redriven.
    - `queued` is whether it is in its receiver's queue or is being sent.
    """

    stream: str
    tenant: str
    webhook_id: str
    run_id: str
    run_version: int
    event: EventType
    ordered: bool
    begun_at: int
    version: int = 0
    position: int = 0
    known: StreamState[State] | None = None
    queued: bool = False

    @property
    def id(self) -> str:
        """The delivery's id, which receivers see."""
        return stream_parts(self.stream).id

    @property
    def run_stream(self) -> str:
        """The stream of the run that the delivery is about."""
        return stream_name(self.tenant, RUN.name, self.run_id)

    @property
    def webhook_stream(self) -> str:
        """The stream of its registration."""
        return stream_name(self.tenant, WEBHOOK.name, self.webhook_id)

    @property
    def lane(self) -> str | None:
        """The key of the deliveries that it keeps its order with; None if it keeps no order."""
        return lane_of(self.webhook_id, self.run_id) if self.ordered else None


def from_event(recorded: Recorded, event: DeliveryRequested) -> Pending:
    """Return the delivery that an event of the log requests."""
    return Pending(
        stream=recorded.stream,
        tenant=event.tenant,
        webhook_id=event.webhook_id,
        run_id=event.run_id,
        run_version=event.run_version,
        event=event.event,
        ordered=event.ordered,
        begun_at=event.at,
        version=recorded.version,
        position=recorded.position,
        known=StreamState(DECIDER.evolve(State(), event), recorded.version),
    )


def from_view(document: Document) -> Pending:
    """Return the delivery of a view document, whose state must be read."""
    return Pending(
        stream=stream_name(document.tenant, DECIDER.name, document.id),
        tenant=document.tenant,
        webhook_id=document.webhook_id,
        run_id=document.run_id,
        run_version=document.run_version,
        event=document.event,
        ordered=document.ordered,
        begun_at=document.begun_at,
    )


class PendingDeliveries:
    """The deliveries by stream; those of one lane are kept in the order of the run's events."""

    def __init__(self) -> None:
        self._by_stream: dict[str, Pending] = {}
        self._lanes: dict[str, list[Pending]] = {}
        self._of_webhook: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._by_stream)

    def __contains__(self, stream: object) -> bool:
        return stream in self._by_stream

    def get(self, stream: str) -> Pending | None:
        """Return the delivery of a stream."""
        return self._by_stream.get(stream)

    def has_room(self, webhook_id: str) -> bool:
        """Return whether another delivery of this registration can be added."""
        return self._of_webhook[webhook_id] < MAX_PER_WEBHOOK

    def has_much_room(self, webhook_id: str) -> bool:
        """Return whether at least half of this registration's capacity is free."""
        return 2 * self._of_webhook[webhook_id] <= MAX_PER_WEBHOOK

    @property
    def all_have_room(self) -> bool:
        """Whether `has_room` is true for every registration."""
        return all(count < MAX_PER_WEBHOOK for count in self._of_webhook.values())

    def add(self, pending: Pending) -> bool:
        """Add a delivery; return False if it is known, or its registration has no capacity left."""
        if pending.stream in self._by_stream or not self.has_room(pending.webhook_id):
            return False
        self._by_stream[pending.stream] = pending
        self._of_webhook[pending.webhook_id] += 1
        if pending.lane is not None:
            insort(self._lanes.setdefault(pending.lane, []), pending, key=_run_version)
        return True

    def is_first(self, pending: Pending) -> bool:
        """Return whether no delivery in memory must be sent before this one."""
        return pending.lane is None or self._lanes[pending.lane][0] is pending

    def remove(self, pending: Pending) -> Pending | None:
        """Remove a delivery; if it was the first of its lane, return the lane's next delivery."""
        if self._by_stream.pop(pending.stream, None) is None:
            return None
        self._of_webhook[pending.webhook_id] -= 1
        if not self._of_webhook[pending.webhook_id]:
            del self._of_webhook[pending.webhook_id]
        if pending.lane is None:
            return None
        lane = self._lanes[pending.lane]
        first = lane[0] is pending
        lane.remove(pending)
        if not lane:
            del self._lanes[pending.lane]
            return None
        return lane[0] if first else None


def _run_version(pending: Pending) -> int:
    return pending.run_version
