"""Loads a stream, decides a command, appends the events, and repeats that after a conflict."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from baton.domain.decider import Decider
from baton.domain.errors import InConflict
from baton.domain.frozen import frozen
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.failpoints import failpoint
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")

ATTEMPTS = 100
"""The number of tries: a command with that many conflicts competes with an endless writer."""


@frozen
class CommandResult(Generic[S]):
    """The result of a command in one stream.

    `state` is the state after the command, `recorded` are the events it appended. `position` is the
    position of the stream's newest event, 0 if it is unknown: views that have reached it show the
    state. `reloaded` is whether the stream was read, because there was no known state or it was
    outdated.
    """

    state: S
    recorded: Sequence[Recorded]
    position: int
    reloaded: bool = False

    @property
    def changed(self) -> bool:
        """Whether the command appended any event."""
        return bool(self.recorded)


@frozen(kw_only=False)
class StreamCommand(Generic[C, S, E]):
    """A command for one stream, with its decider and, if there is one, a known state."""

    decider: Decider[C, S, E]
    stream: str
    command: C
    known: StreamState[S] | None = None


async def transact(
    store: EventStore,
    decider: Decider[C, S, E],
    stream: str,
    command: C,
    *,
    known: StreamState[S] | None = None,
) -> CommandResult[S]:
    """Decide `command` on the stream's state and append the resulting events.

    Args:
        known: A state of the stream to try first, instead of reading it.

    Raises the decider's refusal, `InConflict` after too many conflicts, and `Unavailable`, after
    which the events may or may not be stored.
    """
    newest, reloaded = known, known is None
    for _ in range(ATTEMPTS):
        if newest is None:
            newest = await load(store, decider, stream)
        decided, state = decider.apply(command, newest.state)
        if not decided:
            at = newest.position
            return CommandResult(state=state, recorded=(), position=at, reloaded=reloaded)
        write = Write(stream=stream, expected=newest.version, events=decided)
        result = await store.append((write,))
        failpoint("after-append")
        if isinstance(result, Appended):
            recorded, at = result.recorded, result.recorded[-1].position
            return CommandResult(state=state, recorded=recorded, position=at, reloaded=reloaded)
        newest, reloaded = None, True
    raise _too_many_conflicts()


async def transact_all(
    store: EventStore, intents: Sequence[StreamCommand[Any, Any, Any]]
) -> Sequence[CommandResult[Any]]:
    """Decide commands of several streams and append all resulting events, or none.

    Args:
        intents: One command per stream; the streams must differ.

    Returns a result for each command, in order. Raises the same errors as `transact`.
    """
    for attempt in range(ATTEMPTS):
        loaded = [await _load(store, intent, again=attempt > 0) for intent in intents]
        writes = [write for stream in loaded if (write := stream.write) is not None]
        if not writes:
            return [stream.outcome(()) for stream in loaded]
        result = await store.append(writes)
        failpoint("after-append")
        if isinstance(result, Appended):
            return _outcomes(loaded, result.recorded)
    raise _too_many_conflicts()


@frozen
class _Loaded:
    """A stream's version and position as loaded, and the decision made on its state."""

    intent: StreamCommand[Any, Any, Any]
    version: int
    position: int
    decided: Sequence[Any]
    state: Any  # after the decided events
    reloaded: bool

    @property
    def write(self) -> Write | None:
        if not self.decided:
            return None
        return Write(stream=self.intent.stream, expected=self.version, events=self.decided)

    def outcome(self, recorded: Sequence[Recorded]) -> CommandResult[Any]:
        return CommandResult(
            state=self.state,
            recorded=recorded,
            position=recorded[-1].position if recorded else self.position,
            reloaded=self.reloaded,
        )


async def _load(store: EventStore, intent: StreamCommand[Any, Any, Any], *, again: bool) -> _Loaded:
    known = intent.known
    if known is None or again:
        known = await load(store, intent.decider, intent.stream)
    decided, state = intent.decider.apply(intent.command, known.state)
    return _Loaded(
        intent=intent,
        version=known.version,
        position=known.position,
        decided=decided,
        state=state,
        reloaded=known is not intent.known,
    )


def _too_many_conflicts() -> InConflict:
    return InConflict("contention")


def _outcomes(
    loaded: Sequence[_Loaded], recorded: Sequence[Recorded]
) -> Sequence[CommandResult[Any]]:
    """Return the result of each stream with its events; `recorded` is in the order of streams."""
    outcomes: list[CommandResult[Any]] = []
    start = 0
    for stream in loaded:
        end = start + len(stream.decided)
        outcomes.append(stream.outcome(recorded[start:end]))
        start = end
    return outcomes
