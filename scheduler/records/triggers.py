"""Which definitions record events start: the event triggers as of one position in the log.

The view of definitions runs ahead of a follower or lags behind it. So what it shows is taken for
those definitions alone that did not change in between; the others are folded from their streams.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.messages import DefinitionCreated, DefinitionDeleted, DefinitionUpdated
from baton.domain.definition.state import State
from baton.domain.definition.trigger import EventTrigger
from baton.domain.record.messages import RecordReceived, Skipped
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.views import ViewStore
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.scheduler.definition import known_of, without_steps

Change: TypeAlias = DefinitionCreated | DefinitionUpdated | DefinitionDeleted
CHANGES: Final = (DefinitionCreated, DefinitionUpdated, DefinitionDeleted)

PAGE: Final = 1_000
MOST_SKIPPED: Final = 100
"""Skipped triggers named one by one for each record event; the others are counted."""
MOST_STRUCTURES: Final = 1_000
"""Structures remembered for each event type: senders make up their names."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What a record event starts, and what was considered and starts nothing, with the reason."""

    fire: tuple[State, ...] = ()
    skipped: tuple[Skipped, ...] = ()


_NOTHING: Final = Matched()


@dataclass(slots=True)
class _OfType:
    """The definitions of one tenant that wait for one event type, and what was matched so far."""

    definitions: dict[str, State] = field(default_factory=dict)
    matched: dict[str, Matched] = field(default_factory=dict)


class Triggers:
    """The event triggers of all tenants; `observe` moves on with the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: dict[str, StreamState[State]] = {}
        self._by_type: dict[tuple[str, str], _OfType] = {}

    def of(self, tenant: str, event: RecordReceived) -> Matched:
        """Return what `event` matches as of now."""
        found = self._by_type.get((tenant, event.type))
        if found is None:
            return _NOTHING
        matched = found.matched.get(event.structure)
        if matched is None:
            if len(found.matched) >= MOST_STRUCTURES:
                found.matched.clear()
            matched = _judge(found.definitions, event.structure)
            found.matched[event.structure] = matched
        return matched

    async def observe(self, recorded: Recorded) -> None:
        """Take in a change of a definition, which comes in the log's order; repeats do nothing."""
        change = cast("Change", recorded.event)
        known = self._known.get(recorded.stream)
        if known is not None and recorded.version <= known.version:
            return
        if known is None and isinstance(change, DefinitionDeleted):
            return
        if isinstance(change, DefinitionCreated):
            known = StreamState(State(), 0)
        if known is not None and recorded.version == known.version + 1:
            state = DECIDER.evolve(known.state, change)
            self.put(recorded.stream, StreamState(without_steps(state), recorded.version))
        else:
            self.put(recorded.stream, await self.read(recorded.stream, recorded.position))

    async def read(self, stream: str, position: int) -> StreamState[State]:
        """Return a definition as of `position`, folded from its events."""
        found = await load(self._store, DECIDER, stream, until=position)
        return StreamState(without_steps(found.state), found.version)

    def put(self, stream: str, known: StreamState[State]) -> None:
        """Keep a definition if it has an event trigger; forget what it was before."""
        tenant, _, ident = stream_parts(stream)
        before = self._known.pop(stream, None)
        if before is not None:
            self._leave(tenant, before.state)
        state = known.state
        event_type = _event_type(state)
        if event_type is None:
            return
        self._known[stream] = known
        of_type = self._by_type.setdefault((tenant, event_type), _OfType())
        of_type.definitions[ident] = state
        of_type.matched.clear()

    def _leave(self, tenant: str, state: State) -> None:
        key = (tenant, cast("str", _event_type(state)))
        of_type = self._by_type[key]
        del of_type.definitions[state.definition_id]
        of_type.matched.clear()
        if not of_type.definitions:
            del self._by_type[key]


async def triggers_at(position: int, store: EventStore, views: ViewStore) -> Triggers:
    """Return the triggers as of `position`; raises `Unavailable`.

    Reads the log from there, or from where the views stand, to its end.
    """
    triggers = Triggers(store)
    shown_from = await views.checkpoint()
    shown = [document async for document in DefinitionQueries(views).with_event_trigger()]
    changed = await _changed(store, after=min(position, shown_from), until=await store.head())
    for document in shown:
        stream = stream_name(document.tenant, DECIDER.name, document.definition_id)
        triggers.put(stream, known_of(document))
    for stream in changed:  # in the place of what the view shows of them
        triggers.put(stream, await triggers.read(stream, position))
    return triggers


async def _changed(store: EventStore, *, after: int, until: int) -> dict[str, None]:
    """Return the streams of definitions that have events behind `after`, in order."""
    found: dict[str, None] = {}
    while after < until:
        events = await store.read_all(after=after, limit=PAGE)
        if not events:
            break
        found.update((one.stream, None) for one in events if isinstance(one.event, CHANGES))
        after = events[-1].position
    return found


def _event_type(state: State) -> str | None:
    """Return what a definition waits for; None when no record event starts it."""
    if not state.version or state.deleted:
        return None
    trigger = state.body.trigger
    return trigger.event_type if isinstance(trigger, EventTrigger) else None


def _judge(definitions: dict[str, State], structure: str) -> Matched:
    fire: list[State] = []
    idle: list[Skipped] = []
    elsewhere: list[Skipped] = []
    for ident, state in sorted(definitions.items()):
        body = state.body
        asked = body.trigger.structure if isinstance(body.trigger, EventTrigger) else None
        if asked not in (None, structure):
            elsewhere.append((ident, f"the trigger is for structure '{asked}'"))
        elif body.status != "active":
            idle.append((ident, f"the definition is {body.status}"))
        else:
            fire.append(state)
    return Matched(tuple(fire), _bounded([*idle, *elsewhere]))


def _bounded(skipped: list[Skipped]) -> tuple[Skipped, ...]:
    if len(skipped) <= MOST_SKIPPED:
        return tuple(skipped)
    rest = len(skipped) - MOST_SKIPPED
    return (*skipped[:MOST_SKIPPED], ("*", f"and {rest} more, not named here"))
