"""Creates live events from recorded events: folds each run, because an event has no run status.

The fold is that of the view of runs, without input, outputs and context. An event that changes no
status (`StepLogged`, `SyncAwaited`) has no live event.
"""

from collections.abc import Sequence
from typing import Final, cast, get_args

from baton.command_api.live.live_event import LiveEvent, StepChange
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepCopied,
    StepFailed,
    StepLogged,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.eventlog.events.codec import topic_of
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore
from baton.projector.document_cache import DocumentCache, Entry
from baton.projector.view import key_of
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.view import Status as StepStatus
from baton.projector.views.runs.view import Document, evolve

RUN_EVENTS: Final[frozenset[type]] = frozenset(get_args(Event))
"""The classes of events that become live events."""

_SILENT: Final = (StepLogged, SyncAwaited)
"""Events that change no status."""

EVENT_BYTES: Final = 1_024
"""Approximate memory of one live event with its renderings."""
CACHE_BYTES: Final = 16 * 1024 * 1024
"""The memory of live events that are always kept, in bytes; up to twice as much may be held."""


class RunEvents:
    """The live events of recently seen runs."""

    def __init__(self, store: EventStore, definitions: DefinitionQueries) -> None:
        """Read the beginnings of runs from `store`."""
        self._store = store
        self._definitions = definitions
        self._runs = DocumentCache(CACHE_BYTES)

    async def describe(self, recorded: Recorded) -> LiveEvent | None:
        """Return the live event of an event of a run; raises `Unavailable` and `Unreadable`.

        None for an event that changes no status, and if the run's beginning isn't stored.
        """
        key = key_of(recorded.stream)
        entry = self._runs.get(key) or Entry(_Run())
        run = cast(_Run, entry.document)
        if recorded.version > run.version:
            before = run.version
            await self._advance(run, recorded)
            self._runs.put(key, entry, EVENT_BYTES * (run.version - before))
        return run.events[recorded.version - 1] if recorded.version <= run.version else None

    async def _advance(self, run: "_Run", recorded: Recorded) -> None:
        """Fold `recorded`, after the events before it that haven't been folded."""
        events: Sequence[Recorded] = (recorded,)
        if recorded.version > run.version + 1:
            events = await self._store.read(recorded.stream, after=run.version)
        for one in events:
            if isinstance(one.event, RunRequested):
                of = await self._definitions.get(one.event.tenant, one.event.definition_id)
                run.slug = None if of is None else of.slug
            if one.version == run.version + 1:  # another task may have folded it meanwhile
                run.fold(one)


class _Run:
    """A run folded so far; `events` has an entry for each of its versions."""

    __slots__ = ("document", "events", "slug")

    def __init__(self) -> None:
        self.document: Document | None = None
        self.events: list[LiveEvent | None] = []
        self.slug: str | None = None

    @property
    def version(self) -> int:
        return len(self.events)

    def fold(self, recorded: Recorded) -> None:
        document = self.document = evolve(self.document, recorded)
        if document is None:
            return
        document.input, document.context = None, {}
        event: Event = recorded.event
        self.events.append(
            None if isinstance(event, _SILENT) else self._live_event(document, recorded, event)
        )

    def _live_event(self, document: Document, recorded: Recorded, event: Event) -> LiveEvent:
        return LiveEvent(
            position=recorded.position,
            version=recorded.version,
            type=topic_of(event),
            at=event.at,
            tenant=document.tenant,
            run_id=document.id,
            definition_id=document.definition_id,
            slug=self.slug,
            status=document.status,
            traceparent=document.traceparent,
            step=step_change_of(event),
        )


def step_change_of(event: Event) -> StepChange | None:
    """Return the change of a step that an event of a run is about, None for one about no step."""
    status = STEP_STATUS.get(type(event))
    if status is None:
        return None
    if isinstance(event, StepCopied):
        status = event.status
    of_step = cast("StepStarted", event)
    attempt: int = getattr(event, "attempt", 1)
    return StepChange(step_id=of_step.step_id, visit=of_step.visit, attempt=attempt, status=status)


STEP_STATUS: Final[dict[type, StepStatus]] = {
    StepStarted: "running",
    StepSucceeded: "succeeded",
    StepFailed: "failed",
    StepTimedOut: "failed",
    StepReleased: "failed",
    StepCancelled: "cancelled",
    StepSkipped: "skipped",
    RetryScheduled: "waiting",
    DelayStarted: "waiting",
    TimerHeld: "waiting",
    TimerSet: "waiting",
    DelayElapsed: "succeeded",
    DecisionTaken: "succeeded",
    SyncReached: "succeeded",
    StepUndecided: "failed",
    StepCopied: "succeeded",
}
"""The status of an attempt after each event about it, in the words of the view of steps."""
