"""Load, fold, decide, append, and again on a conflict: the only such loop."""

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
"""A command that lost this many races meets a writer that never stops."""


@frozen
class CommandResult(Generic[S]):
    """What a command led to in one stream.

    `recorded` are the events it was decided to; `position` is that of the stream's newest event
    (0: there is none), so a reader that waits for it sees the state. `reloaded` says that a state
    known beforehand was not the newest any more.
    """

    state: S
    recorded: Sequence[Recorded]
    position: int
    reloaded: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was recorded."""
        return bool(self.recorded)


@frozen(kw_only=False)
class StreamCommand(Generic[C, S, E]):
    """A command for one stream, with the rules that decide it."""

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
    also: Sequence[Write] = (),
    known: StreamState[S] | None = None,
) -> CommandResult[S]:
    """Decide `command` against the stream and append what follows.

    `known` is tried first instead of reading the stream. `also` is written in the same append, and
    only when something was decided. Raises what the decider refuses with, `InConflict` when others
    won every race, and `Unavailable`.
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
        result = await store.append((write, *also) if also else (write,))
        failpoint("after-append")
        if isinstance(result, Appended):
            recorded = result.recorded[: len(decided)] if also else result.recorded
            at = recorded[-1].position
            return CommandResult(state=state, recorded=recorded, position=at, reloaded=reloaded)
        newest, reloaded = None, True
    raise _lost_every_race()


async def transact_all(
    store: EventStore,
    intents: Sequence[StreamCommand[Any, Any, Any]],
    *,
    also: Sequence[Write] = (),
) -> Sequence[CommandResult[Any]]:
    """Decide commands of several streams and append all that follows at once, or nothing.

    Returns an outcome for each intent; the streams must differ. Raises as `transact` does.
    """
    for attempt in range(ATTEMPTS):
        loaded = [await _load(store, intent, again=attempt > 0) for intent in intents]
        writes = [write for one in loaded if (write := one.write) is not None]
        if not writes:
            return [one.outcome(()) for one in loaded]
        result = await store.append([*writes, *also])
        failpoint("after-append")
        if isinstance(result, Appended):
            return _outcomes(loaded, result.recorded)
    raise _lost_every_race()


@frozen
class _Loaded:
    """One stream as it was read, and what its decider made of the command."""

    intent: StreamCommand[Any, Any, Any]
    version: int
    position: int
    decided: Sequence[Any]
    state: Any  # with what was decided
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


def _lost_every_race() -> InConflict:
    return InConflict("contention")


def _outcomes(
    loaded: Sequence[_Loaded], recorded: Sequence[Recorded]
) -> Sequence[CommandResult[Any]]:
    """Give each stream's outcome its own events: they stand in the order of the writes."""
    outcomes: list[CommandResult[Any]] = []
    start = 0
    for one in loaded:
        end = start + len(one.decided)
        outcomes.append(one.outcome(recorded[start:end]))
        start = end
    return outcomes
