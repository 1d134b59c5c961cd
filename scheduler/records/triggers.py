"""The event triggers of all definitions as of one position in the log.

The view of definitions may be ahead of or behind a log follower. Its documents are used for
definitions without a change in between; the others are folded from their streams.
"""

from dataclasses import dataclass, field
from typing import Final, cast, get_args

from baton.domain.definition.body_triggers import event_types_of
from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.messages import DefinitionCreated, DefinitionDeleted
from baton.domain.definition.messages import Event as Change
from baton.domain.definition.state import State
from baton.domain.record.matching import Matched, match
from baton.domain.record.messages import RecordReceived, Skipped
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import EventStore, Log
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.scheduler.definition import stream_state, without_steps

CHANGES: Final = get_args(Change)

MAX_NAMED_SKIPPED: Final = 100
"""The number of skipped triggers that a record event names one by one; the rest is counted."""
MAX_CACHED_STRUCTURES: Final = 1_000
"""The number of structures whose matches are cached per event type.

It is bounded because senders choose the names of structures.
"""


@dataclass(frozen=True, slots=True)
class Match:
    """The definitions that a record event starts, and those that it skips, with reasons."""

    fire: tuple[State, ...] = ()
    skipped: tuple[Skipped, ...] = ()


_NOTHING: Final = Match()


@dataclass(slots=True)
class _EventType:
    """The definitions of one tenant that one event type triggers, with cached matches.

    `matches` are by structure.
    """

    definitions: dict[str, State] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)


class Triggers:
    """The event triggers of all tenants; `observe` applies the changes that follow in the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: dict[str, StreamState[State]] = {}
        self._by_type: dict[tuple[str, str], _EventType] = {}

    def match(self, tenant: str, event: RecordReceived) -> Match:
        """Return the definitions that `event` starts at the current position."""
        event_type = self._by_type.get((tenant, event.type))
        if event_type is None:
            return _NOTHING
        match = event_type.matches.get(event.structure)
        if match is None:
            if len(event_type.matches) >= MAX_CACHED_STRUCTURES:
                event_type.matches.clear()
            match = _match(event_type.definitions, event)
            event_type.matches[event.structure] = match
        return match

    async def observe(self, recorded: Recorded) -> None:
        """Apply a change of a definition, in the order of the log; a repetition does nothing."""
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
        loaded = await load(self._store, DECIDER, stream, until=position)
        return StreamState(without_steps(loaded.state), loaded.version)

    def put(self, stream: str, known: StreamState[State]) -> None:
        """Replace a definition's state; drop a definition without an event trigger."""
        tenant, _, ident = stream_parts(stream)
        before = self._known.pop(stream, None)
        if before is not None:
            self._remove(tenant, before.state)
        state = known.state
        for event_type in _event_types(state):
            self._known[stream] = known
            of_type = self._by_type.setdefault((tenant, event_type), _EventType())
            of_type.definitions[ident] = state
            of_type.matches.clear()

    def _remove(self, tenant: str, state: State) -> None:
        for event_type in _event_types(state):
            key = (tenant, event_type)
            of_type = self._by_type[key]
            del of_type.definitions[state.definition_id]
            of_type.matches.clear()
            if not of_type.definitions:
                del self._by_type[key]


async def triggers_at(position: int, stores: Stores) -> Triggers:
    """Return the triggers as of `position`; raises `Unavailable`.

    Reads the log to its end, from `position` or the views' checkpoint, whichever is lower.
    """
    triggers, views = Triggers(stores.events), stores.views
    checkpoint = await views.checkpoint()
    documents = [document async for document in DefinitionQueries(views).with_event_trigger()]
    head = await stores.events.head()
    changed = await _changed(stores.log, after=min(position, checkpoint), until=head)
    for document in documents:
        stream = stream_name(document.tenant, DECIDER.name, document.definition_id)
        triggers.put(stream, stream_state(document))
    for stream in changed:  # replaces the document of the view
        triggers.put(stream, await triggers.read(stream, position))
    return triggers


async def _changed(log: Log, *, after: int, until: int) -> dict[str, None]:
    """Return the streams of definitions with events after `after`, in order, as keys of a dict."""
    streams: dict[str, None] = {}
    if after >= until:
        return streams
    changes = await log.subscribe("definitions", after=after, classes=frozenset(CHANGES))
    try:
        while after < until:
            events = await changes.next()
            streams.update((one.stream, None) for one in events if isinstance(one.event, CHANGES))
            after = events[-1].position
    finally:
        await changes.close()
    return streams


def _event_types(state: State) -> tuple[str, ...]:
    """Return the event types that trigger a definition; none if it is deleted."""
    return event_types_of(state.body) if state.version and not state.deleted else ()


def _match(definitions: dict[str, State], event: RecordReceived) -> Match:
    fire: list[State] = []
    inactive: list[Skipped] = []
    other_structure: list[Skipped] = []
    for ident, state in sorted(definitions.items()):
        body = state.body
        outcome = match(body, event.type, event.structure)
        if isinstance(outcome, Matched):
            fire.append(state)
        elif outcome.field == "status":
            inactive.append((ident, f"the definition is {outcome.was}"))
        else:
            other_structure.append((ident, f"the trigger is for structure '{outcome.wanted}'"))
    return Match(tuple(fire), _bounded([*inactive, *other_structure]))


def _bounded(skipped: list[Skipped]) -> tuple[Skipped, ...]:
    if len(skipped) <= MAX_NAMED_SKIPPED:
        return tuple(skipped)
    rest = len(skipped) - MAX_NAMED_SKIPPED
    return (*skipped[:MAX_NAMED_SKIPPED], ("*", f"and {rest} more, not named here"))
