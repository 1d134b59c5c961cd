"""Record events into runs: follows the log and requests a run for every trigger that matches.

A run's id is derived from its definition and the record event, so whatever is matched once more
after a crash conflicts and comes to nothing.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from baton.domain.actor import Actor
from baton.domain.definition.state import State as Definition
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import Command, Event, Fired, NoteMatches, RecordReceived, Skipped
from baton.domain.record.state import State as Record
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import RequestRun
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import ByRecord
from baton.domain.stream import StreamParts, stream_name, stream_parts
from baton.eventlog.errors import Unwritable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.transact import StreamCommand, transact, transact_all
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.scheduler.metrics import Counters
from baton.scheduler.records.triggers import CHANGES, Matched, Triggers, triggers_at

NAME: Final = "scheduler.records"
"""Where this follower stands is saved under this name."""
SAVE_EVERY_MS: Final = 1_000
PACE_MS: Final = 10
"""How long events gather after some were looked at: most of what is appended is nothing for it."""
AN_APPEND: Final = 40
"""Streams that one append writes to, if no single record event starts more: appends have a price
of their own."""
AT_ONCE: Final = 50
"""Appends side by side; the store commits them together."""

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset((RecordReceived, *CHANGES))
"""What it looks at in the log."""

_NEW_RUN: Final = StreamState(Run(), 0)
_Considered: TypeAlias = tuple[str, RecordReceived, Matched]

_log = logging.getLogger(__name__)


class RecordMatcher:
    """Follows the log from its checkpoint (`run`); one at a time, though two do no harm."""

    def __init__(self, stores: Stores, *, clock: Clock, counters: Counters | None = None) -> None:
        self._stores = stores
        self._clock = clock
        self._counters = counters or Counters()
        self._triggers: Triggers | None = None
        self._position = 0
        self._saved = 0
        self._saved_at = 0
        self._at_work = asyncio.Lock()

    async def run(self) -> None:
        """Match until cancelled; raises what made the log or an event unreadable."""
        self._position = self._saved = await self._stores.checkpoints.load(NAME)
        subscription = await self._stores.log.subscribe(NAME, after=self._position)
        await follow(subscription, self.handle, clock=self._clock, pace_ms=PACE_MS)

    async def handle(self, batch: Sequence[Recorded]) -> None:
        """Request what the record events of `batch` start, all of them side by side.

        Each meets the triggers as of its own position. A batch that fails comes again: then the
        triggers are as of its beginning once more.
        """
        async with self._at_work:
            await self._handle(batch)
        if not 0 <= self._clock.now() - self._saved_at < SAVE_EVERY_MS:
            await self.save()

    async def drain(self) -> None:
        """Return when the batch under way is done, and begin no other."""
        await self._at_work.acquire()

    async def save(self) -> None:
        """Save how far everything was requested; raises `Unavailable`."""
        self._saved_at = self._clock.now()
        if self._position > self._saved:
            position = self._position
            await self._stores.checkpoints.save(NAME, position)
            self._saved = position

    async def _handle(self, batch: Sequence[Recorded]) -> None:
        triggers = self._triggers or await self._triggers_here()
        self._triggers = None
        considered = await self._match(batch, triggers)
        groups = list(_appends(considered))
        for at in range(0, len(groups), AT_ONCE):
            await asyncio.gather(*map(self._request, groups[at : at + AT_ONCE]))
        self._triggers = triggers
        self._position = max(self._position, batch[-1].position)

    async def _triggers_here(self) -> Triggers:
        return await triggers_at(self._position, self._stores.events, self._stores.views)

    async def _match(self, batch: Sequence[Recorded], triggers: Triggers) -> list[_Considered]:
        found: list[_Considered] = []
        position = self._position
        for recorded in batch:
            if recorded.position <= position:
                continue
            position, event = recorded.position, recorded.event
            if isinstance(event, RecordReceived):
                matched = triggers.of(stream_parts(recorded.stream).tenant, event)
                if matched.fire or matched.skipped:
                    found.append((recorded.stream, event, matched))
            elif isinstance(event, CHANGES):
                await triggers.observe(recorded)
        return found

    async def _request(self, group: Sequence[_Considered]) -> None:
        """Append the runs of some record events, and why other triggers did not fire."""
        intents = [intent for one in group for intent in self._intents(one)]
        try:
            outcomes = await transact_all(self._stores.events, intents)
        except Unwritable as error:
            if len(group) == 1:
                await self._note_refused(group[0], error)
            else:
                await asyncio.gather(*(self._request((one,)) for one in group))
            return
        self._counters.records_considered += len(group)
        self._counters.triggers_skipped += sum(len(one[2].skipped) for one in group)
        requested = zip(intents, outcomes, strict=True)
        self._counters.runs_requested += sum(
            outcome.changed for intent, outcome in requested if intent.decider is RUN
        )

    def _intents(self, considered: _Considered) -> list[StreamCommand[Any, Any, Any]]:
        stream, event, matched = considered
        parts = stream_parts(stream)
        now = self._clock.now()
        requests = [self._run_of(one, parts, event, now) for one in matched.fire]
        intents: list[StreamCommand[Any, Any, Any]] = [
            StreamCommand(RUN, stream_name(parts.tenant, RUN.name, one.run_id), one, _NEW_RUN)
            for one in requests
        ]
        if matched.skipped:
            fired = tuple((one.definition.definition_id, one.run_id) for one in requests)
            intents.append(_note(stream, event, fired, matched.skipped, now))
        return intents

    async def _note_refused(self, considered: _Considered, error: Unwritable) -> None:
        """One record event that can't become a run must not keep the others from theirs."""
        stream, event, matched = considered
        _log.warning("%s starts no run: %s", stream, error)
        reason = f"the run can't be written: {error}"
        refused = tuple((one.definition_id, reason) for one in matched.fire)
        note = _note(stream, event, (), (*refused, *matched.skipped), self._clock.now())
        await transact(self._stores.events, RECORD, stream, note.command, known=note.known)

    def _run_of(
        self, definition: Definition, parts: StreamParts, event: RecordReceived, now: int
    ) -> RequestRun:
        """Return the request; the record stream's id stands for the source and its event's id."""
        return RequestRun(
            run_id=derived_id(definition.definition_id, parts.id),
            definition=definition,
            trigger=ByRecord(
                event_type=event.type,
                structure=event.structure,
                record_id=event.record_id,
                event_id=event.event_id,
            ),
            actor=Actor(event.source, "event"),
            at=now,
            input=event.input,
        )


def _appends(considered: Sequence[_Considered]) -> Iterator[Sequence[_Considered]]:
    begun: list[_Considered] = []
    size = 0
    for one in considered:
        matched = one[2]
        begun.append(one)
        size += len(matched.fire) + bool(matched.skipped)
        if size >= AN_APPEND:
            yield begun
            begun, size = [], 0
    if begun:
        yield begun


def _note(
    stream: str,
    event: RecordReceived,
    fired: tuple[Fired, ...],
    skipped: tuple[Skipped, ...],
    now: int,
) -> StreamCommand[Command, Record, Event]:
    noted = NoteMatches(fired=fired, skipped=skipped, at=now)
    return StreamCommand(RECORD, stream, noted, StreamState(Record(received=event), 1))
