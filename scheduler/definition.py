"""What the scheduler keeps of a definition: enough to request runs, not its steps."""

from dataclasses import replace
from typing import Final

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore

NEVER: Final = StreamState(State(), 0)
"""A definition that nobody has looked at yet."""

_NO_STEPS: Final = Graph(steps=())


def known_of(state: State) -> StreamState[State]:
    """Return what the scheduler keeps of a folded definition, which has an event per version."""
    return StreamState(without_steps(state), state.version + state.deleted)


def without_steps(state: State) -> State:
    """Return `state` with its newest version alone, and that without steps: they may be large."""
    if not state.version:
        return state
    return replace(state, versions={state.version: replace(state.body, graph=_NO_STEPS)})


async def newest(
    store: EventStore, tenant: str, definition_id: str, known: StreamState[State]
) -> StreamState[State]:
    """Return the definition as it stands in the store; only what `known` lacks is read."""
    stream = stream_name(tenant, DECIDER.name, definition_id)
    found = await load(store, DECIDER, stream, known=known)
    return found if found is known else StreamState(without_steps(found.state), found.version)
