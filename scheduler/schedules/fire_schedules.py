"""Schedules into runs: fires each tick of a timetable once, never early.

A tick and its run are one append, at the expected version of the schedule's stream: of two
schedulers one gets it. Before a schedule fires, its definition is looked up in the store, so that
what was paused a moment ago starts nothing.
"""

import asyncio
import heapq
import logging
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, assert_never

from baton.domain.actor import Actor
from baton.domain.decider import Batch, batched
from baton.domain.definition.messages import DefinitionCreated, DefinitionDeleted, DefinitionUpdated
from baton.domain.definition.trigger import ScheduleTrigger
from baton.domain.ids import derived_id
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import RequestRun
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import BySchedule
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import (
    Fire,
    Miss,
    Outcome,
    RecordTick,
    ScheduleCreated,
    ScheduleDeleted,
    Skip,
)
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.loops.load import StreamState
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.scheduler.interruptible_sleep import InterruptibleSleep
from baton.scheduler.metrics import Counters
from baton.scheduler.schedules.due_ticks import Policies, Tick, due_ticks, next_tick
from baton.scheduler.schedules.schedule import Schedule, shown

LONGEST_PAUSE_MS: Final = 1_000
"""The wall clock may be put forward during a pause; a tick is late by no more than this."""
AT_ONCE: Final = 100
TICKS_AN_APPEND: Final = 100
RETRY_MS: Final = 1_000
RETRY_BROKEN_MS: Final = 60_000

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset(
    (DefinitionCreated, DefinitionUpdated, DefinitionDeleted, ScheduleCreated, ScheduleDeleted)
)
"""What it looks at in the log."""

_TICKS: Final = batched(SCHEDULE)
_Key: TypeAlias = tuple[str, str]
"""Tenant and id."""

_log = logging.getLogger(__name__)


class ScheduleFirer:
    """The schedules of all tenants: `load` them, `observe` what the log says, `run`."""

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        policies: Policies | None = None,
        counters: Counters | None = None,
    ) -> None:
        self._store = stores.events
        self._queries = ScheduleQueries(stores.views)
        self._clock = clock
        self._policies = policies or Policies()
        self._counters = counters or Counters()
        self._sleep = InterruptibleSleep(clock)
        self._schedules: dict[_Key, Schedule] = {}
        self._of_definition: dict[_Key, set[_Key]] = {}
        self._wake: dict[_Key, int] = {}
        self._heap: list[tuple[int, _Key]] = []  # holds also what _wake has meanwhile moved
        self._noted: set[_Key] = set()

    async def load(self) -> None:
        """Begin with what the view shows; `observe` must hear of all events behind its position."""
        async for document in self._queries.active():
            schedule = shown(document)
            self._keep(schedule)
            anchor, last = document.anchor, document.last_nominal
            self._look_at(schedule.key, next_tick(document.timetable, anchor=anchor, last=last))

    def observe(self, batch: Sequence[Recorded]) -> None:
        """Take in events of the log: the schedules they change are looked at anew."""
        for recorded in batch:
            if type(recorded.event) in FOLLOWED_EVENTS:
                self._noted |= self._changed_by(recorded)
        if self._noted:
            self._sleep.interrupt()

    async def run(self) -> None:
        """Fire what is due, until cancelled."""
        while True:
            next_at = await self.fire_due()
            pause_ms = LONGEST_PAUSE_MS
            if next_at is not None:
                pause_ms = min(pause_ms, max(0, next_at - self._clock.now()))
            await self._sleep.sleep(pause_ms)

    async def fire_due(self) -> int | None:
        """Deal with every tick that is due now; return when the next one is."""
        noted, self._noted = self._noted, set()
        keys = sorted(noted.union(self._pop_due()))
        for start in range(0, len(keys), AT_ONCE):
            await asyncio.gather(*map(self._attend, keys[start : start + AT_ONCE]))
        while self._heap and self._wake.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _changed_by(self, recorded: Recorded) -> set[_Key]:
        tenant, _, ident = stream_parts(recorded.stream)
        key, event = (tenant, ident), recorded.event
        changed = set(self._of_definition.get(key, ()))
        match event:
            case DefinitionCreated() | DefinitionUpdated():
                if isinstance(event.body.trigger, ScheduleTrigger):
                    changed.add(key)
            case ScheduleCreated() | ScheduleDeleted():
                changed.add(key)
            case _:
                pass
        return changed

    def _pop_due(self) -> Iterator[_Key]:
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            due_at, key = heapq.heappop(self._heap)
            if self._wake.get(key) == due_at:
                del self._wake[key]
                yield key

    def _look_at(self, key: _Key, due_at: int | None) -> None:
        """See to it that the schedule is attended to at `due_at`, and not before."""
        if due_at is None:
            self._wake.pop(key, None)
        elif self._wake.get(key) != due_at:
            self._wake[key] = due_at
            heapq.heappush(self._heap, (due_at, key))

    async def _attend(self, key: _Key) -> None:
        """Bring one schedule up to date and fire it; its troubles are its own."""
        try:
            schedule = await self._up_to_date(key)
            self._look_at(key, await self._fire(schedule))
        except Unavailable as error:
            _log.warning("schedule %s waits for the store: %s", key[1], error)
            self._look_at(key, self._clock.now() + RETRY_MS)
        except Exception:  # noqa: BLE001 - told, and no reason for others to wait
            _log.exception("schedule %s can't fire", key[1])
            self._look_at(key, self._clock.now() + RETRY_BROKEN_MS)

    async def _up_to_date(self, key: _Key) -> Schedule:
        schedule = self._schedules.get(key)
        if schedule is None:
            document = await self._queries.get(*key)
            schedule = shown(document) if document else Schedule(*key)
        await schedule.catch_up(self._store)
        if schedule.gone:
            self._forget(schedule)
        else:
            self._keep(schedule)
        return schedule

    def _keep(self, schedule: Schedule) -> None:
        self._schedules[schedule.key] = schedule
        self._of_definition.setdefault(schedule.definition_key, set()).add(schedule.key)

    def _forget(self, schedule: Schedule) -> None:
        self._schedules.pop(schedule.key, None)
        siblings = self._of_definition.get(schedule.definition_key, set())
        siblings.discard(schedule.key)
        if not siblings:
            self._of_definition.pop(schedule.definition_key, None)

    async def _fire(self, schedule: Schedule) -> int | None:
        """Record every due tick; return when to look again."""
        rules = schedule.rules()
        if rules is None:
            return None
        timetable, anchor = rules
        now, last = self._clock.now(), schedule.ticks.state.last_nominal
        policy = self._policies.missed
        due = due_ticks(timetable, anchor=anchor, last=last, now=now, policy=policy)
        for ticks in _appends(due):
            if not await self._record(schedule, ticks, now):
                return now
        return next_tick(timetable, anchor=anchor, last=schedule.ticks.state.last_nominal)

    async def _record(self, schedule: Schedule, ticks: Sequence[Tick], now: int) -> bool:
        """Append the ticks, and the run of the last one if it fires; False when others did.

        What others recorded has to be looked at before anything else is decided.
        """
        outcomes = [await self._outcome(schedule, tick) for tick in ticks]
        commands = [
            RecordTick(nominal_at=tick.nominal_at, outcome=outcome, at=now)
            for tick, outcome in zip(ticks, outcomes, strict=True)
        ]
        known = schedule.ticks
        events, state = _TICKS.apply(Batch(commands), known.state)
        recording = Write(stream=schedule.stream, expected=known.version, events=events)
        run = _run_of(schedule, ticks[-1], outcomes[-1], now)
        result = await self._store.append([recording, *run])
        if not isinstance(result, Appended) and result.stream != schedule.stream:
            result = await self._store.append([recording])  # the run is there already
        if not isinstance(result, Appended):
            return False
        schedule.ticks = StreamState(state, known.version + len(events))
        for outcome in outcomes:
            self._count(schedule, outcome)
        return True

    async def _outcome(self, schedule: Schedule, tick: Tick) -> Outcome:
        if tick.missed is not None:
            return tick.missed
        if self._policies.overlap == "skip" and await schedule.run_is_active(self._store):
            return Skip(f"run {schedule.last_run} of an earlier tick is still active")
        return Fire(derived_id(schedule.ident, str(tick.nominal_at)))

    def _count(self, schedule: Schedule, outcome: Outcome) -> None:
        match outcome:
            case Fire():
                schedule.last_run = outcome.run_id
                self._counters.ticks_fired += 1
            case Miss():
                self._counters.ticks_missed += 1
            case Skip():
                self._counters.ticks_skipped += 1
            case _:
                assert_never(outcome)


def _appends(ticks: Sequence[Tick]) -> Iterator[Sequence[Tick]]:
    """Cut `ticks` so that at most the last of each append fires."""
    begun: list[Tick] = []
    for tick in ticks:
        begun.append(tick)
        if tick.missed is None or len(begun) == TICKS_AN_APPEND:
            yield begun
            begun = []
    if begun:
        yield begun


def _run_of(schedule: Schedule, tick: Tick, outcome: Outcome, now: int) -> list[Write]:
    """Return the write of the run that the tick starts, if it does."""
    if not isinstance(outcome, Fire):
        return []
    given = schedule.ticks.state.input
    request = RequestRun(
        run_id=outcome.run_id,
        definition=schedule.definition.state,
        trigger=BySchedule(schedule_id=schedule.ident, nominal_at=tick.nominal_at),
        actor=Actor(schedule.ident, "schedule"),
        at=now,
        input={} if given is None else given,
    )
    stream = stream_name(schedule.tenant, RUN.name, outcome.run_id)
    return [Write(stream=stream, expected=0, events=RUN.decide(request, Run()))]
