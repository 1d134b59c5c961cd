"""One schedule in the scheduler's memory: its recorded ticks, its definition and its timing.

It is created from its document in the view and refreshed from its streams, which decide.
"""

from dataclasses import dataclass
from typing import Final

from baton.domain.actor import Actor
from baton.domain.definition.body_triggers import schedule_of
from baton.domain.definition.state import State as Definition
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.trigger import BySchedule
from baton.domain.schedule.decisions import DECIDER
from baton.domain.schedule.messages import ScheduleFired
from baton.domain.schedule.state import State as Ticks
from baton.domain.schedule.timetable import AnyTimetable, Combined
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore
from baton.projector.views.schedules.view import Document
from baton.scheduler.definition import NOT_LOADED, refreshed
from baton.scheduler.schedules.due_ticks import Policies

_FIRST_READ: Final = 64
"""The number of events read first, from the end of the stream, to look up the last run."""


@dataclass(slots=True, eq=False)
class Schedule:
    """A definition's scheduled trigger, under the definition's id, or a standalone schedule.

    `last_run` is the run of the newest tick that fired, None before it has been looked up.
    `deferred` is whether a due tick waits until the tenant may start more runs.
    """

    tenant: str
    ident: str
    ticks: StreamState[Ticks] = StreamState(Ticks(), 0)  # noqa: RUF009 - frozen
    definition: StreamState[Definition] = NOT_LOADED
    last_run: str | None = None
    deferred: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and id."""
        return self.tenant, self.ident

    @property
    def stream(self) -> str:
        """The stream in which its ticks are recorded."""
        return stream_name(self.tenant, DECIDER.name, self.ident)

    @property
    def definition_key(self) -> tuple[str, str]:
        """Tenant and id of the definition that it starts."""
        return self.tenant, self.ticks.state.definition_id or self.ident

    @property
    def evictable(self) -> bool:
        """Whether the schedule can be evicted: only a definition event can reactivate it."""
        ended = self.ticks.state.deleted or self.definition.state.deleted
        of_definition = self.ticks.state.timetable is None
        return ended or (of_definition and self.timing() is None)

    def timing(self) -> tuple[AnyTimetable, int] | None:
        """Return its timetable and the time after which ticks count; None if it doesn't fire."""
        definition, ticks = self.definition.state, self.ticks.state
        after = None if ticks.deleted else definition.ticks_after(ticks.created_at)
        if after is None:
            return None
        if ticks.timetable is not None:
            return ticks.timetable, after
        schedule = schedule_of(definition.body)
        return None if schedule is None else (schedule.timetable, after)

    def request(self, nominal_at: int, run_id: str, now: int) -> RequestRun:
        """Return the command that requests the run of a tick; `now` is the current time."""
        run_input = self.ticks.state.input
        return RequestRun(
            run_id=run_id,
            definition=self.definition.state,
            trigger=BySchedule(schedule_id=self.ident, nominal_at=nominal_at),
            actor=Actor(self.ident, "schedule"),
            at=now,
            input={} if run_input is None else run_input,
        )

    def policies(self, default: Policies) -> Policies:
        """Return the policies of a definition's trigger, completed by the scheduler's `default`."""
        schedule = schedule_of(self.definition.state.body)
        if self.ticks.state.timetable is not None or schedule is None:
            return default
        return Policies(
            missed=schedule.missed or default.missed, overlap=schedule.overlap or default.overlap
        )

    async def refresh(self, store: EventStore) -> None:
        """Fold the events that were added to its streams; raises `Unavailable`."""
        ticks = await load(store, DECIDER, self.stream, known=self.ticks)
        if ticks is not self.ticks:
            self.ticks, self.last_run = ticks, None
        self.definition = await refreshed(store, *self.definition_key, self.definition)

    async def run_is_active(self, store: EventStore) -> bool:
        """Return whether its last run has not ended yet."""
        self.last_run = self.last_run or await self._find_last_run(store)
        if self.last_run is None:
            return False
        run = await load(store, RUN, stream_name(self.tenant, RUN.name, self.last_run))
        return bool(run.version) and not run.state.final

    async def _find_last_run(self, store: EventStore) -> str | None:
        """Return the run of the newest tick that fired, reading the stream from its end."""
        length = _FIRST_READ
        while True:
            tail = await store.read(self.stream, after=max(0, self.ticks.version - length))
            for recorded in reversed(tail):
                if isinstance(recorded.event, ScheduleFired):
                    return recorded.event.run_id
            if length >= self.ticks.version:
                return None
            length *= 4


def from_view(document: Document) -> Schedule:
    """Return the schedule of a view document; its version is the number of its events."""
    standalone, timetable = document.separate, document.timetable
    ticks = Ticks(
        definition_id=document.definition_id if standalone else "",
        timetable=timetable if standalone and not isinstance(timetable, Combined) else None,
        input=document.input,
        created_at=document.created_at if standalone else 0,
        last_nominal=document.last_nominal,
        fired=document.fired,
        missed=document.missed,
        skipped=document.skipped,
    )
    version = document.fired + document.missed + document.skipped + standalone
    return Schedule(document.tenant, document.id, StreamState(ticks, version))
