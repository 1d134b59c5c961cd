"""The webhook registrations of all tenants as of one position in the log."""

from typing import Final, get_args

from baton.domain.stream import stream_name, stream_parts
from baton.domain.webhook.decisions import DECIDER
from baton.domain.webhook.messages import Event, EventType
from baton.domain.webhook.state import State
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.views import ViewStore
from baton.projector.views.webhooks.queries import WebhookQueries

CHANGES: Final[frozenset[type]] = frozenset(get_args(Event))
"""The classes of events that change a registration."""

_NONE: Final[dict[str, State]] = {}


class Registrations:
    """The registrations; `observe` applies the changes that follow in the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: dict[str, StreamState[State]] = {}
        self._wanting: dict[tuple[str, EventType], dict[str, State]] = {}

    @property
    def any_active(self) -> bool:
        """Whether any event of a run can become a delivery."""
        return bool(self._wanting)

    @property
    def webhook_ids(self) -> list[str]:
        """The ids of all registrations, including inactive ones."""
        return [known.state.webhook_id for known in self._known.values()]

    def wanting(self, tenant: str, event: EventType) -> list[State]:
        """Return the active registrations that get events of this type."""
        return list(self._wanting.get((tenant, event), _NONE).values())

    async def observe(self, recorded: Recorded) -> None:
        """Apply a change of a registration, in the order of the log; a repetition does nothing."""
        known = self._known.get(recorded.stream, StreamState(State(), 0))
        if recorded.version <= known.version:
            return
        if recorded.version == known.version + 1:
            state = DECIDER.evolve(known.state, recorded.event)
            self._put(recorded.stream, StreamState(state, recorded.version))
        else:
            await self.read(recorded.stream, recorded.position)

    async def read(self, stream: str, position: int) -> None:
        """Replace a registration by its state as of `position`; raises `Unavailable`."""
        self._put(stream, await load(self._store, DECIDER, stream, until=position))

    async def rewind(self, position: int) -> None:
        """Replace every registration by its state as of `position`; raises `Unavailable`."""
        for stream in tuple(self._known):
            await self.read(stream, position)

    def _put(self, stream: str, known: StreamState[State]) -> None:
        tenant, _, ident = stream_parts(stream)
        before = self._known.pop(stream, None)
        for event in () if before is None else before.state.events:
            wanting = self._wanting.get((tenant, event), {})
            wanting.pop(ident, None)
            if not wanting:
                self._wanting.pop((tenant, event), None)
        state = known.state
        if not state.exists:
            return
        self._known[stream] = known
        for event in state.events if state.active else ():
            self._wanting.setdefault((tenant, event), {})[ident] = state


async def registrations_at(position: int, store: EventStore, views: ViewStore) -> Registrations:
    """Return the registrations as of `position`, which the views have reached.

    Registrations that were deleted before `position` are left out. Raises `Unavailable`.
    """
    registrations = Registrations(store)
    async for document in WebhookQueries(views).every():
        await registrations.read(stream_name(document.tenant, DECIDER.name, document.id), position)
    return registrations
