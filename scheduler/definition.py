"""The part of a definition that the scheduler keeps in memory: enough to request runs, no steps."""

from dataclasses import replace
from typing import Final

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore

NOT_LOADED: Final = StreamState(State(), 0)
"""A definition before it is first read."""

_NO_STEPS: Final = Graph(steps=())


def stream_state(state: State) -> StreamState[State]:
    """Return the part of a folded definition to keep."""
    return StreamState(without_steps(state), state.events)


def without_steps(state: State) -> State:
    """Return `state` with only the version in force, and that without its steps.

    The steps may be large, and the scheduler keeps every triggered definition in memory.
    """
    if not state.version:
        return state
    return replace(state, versions={state.version: replace(state.body, graph=_NO_STEPS)})


async def refreshed(
    store: EventStore, tenant: str, definition_id: str, known: StreamState[State]
) -> StreamState[State]:
    """Return the definition's current state; reads only the events that `known` lacks."""
    stream = stream_name(tenant, DECIDER.name, definition_id)
    loaded = await load(store, DECIDER, stream, known=known)
    return loaded if loaded is known else StreamState(without_steps(loaded.state), loaded.version)
