"""One schedule as the scheduler knows it: its ticks so far, its definition, and when it fires.

What the view shows is where it begins; the streams are what counts.
"""

from dataclasses import dataclass
from typing import Final

from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ScheduleTrigger
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.schedule.decisions import DECIDER
from baton.domain.schedule.messages import ScheduleFired
from baton.domain.schedule.state import State as Ticks
from baton.domain.schedule.timetable import Timetable
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.stores import EventStore
from baton.projector.views.schedules.view import Document
from baton.scheduler.definition import NEVER, newest

_TAIL: Final = 64


@dataclass(slots=True, eq=False)
class Schedule:
    """A definition's scheduled trigger, under the definition's id, or one that stands alone.

    `last_run` is the run of the newest tick that fired, None when it has not been looked up.
    """

    tenant: str
    ident: str
    ticks: StreamState[Ticks] = StreamState(Ticks(), 0)  # noqa: RUF009 - frozen
    definition: StreamState[Definition] = NEVER
    last_run: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and id."""
        return self.tenant, self.ident

    @property
    def stream(self) -> str:
        """The stream its ticks are recorded in."""
        return stream_name(self.tenant, DECIDER.name, self.ident)

    @property
    def definition_key(self) -> tuple[str, str]:
        """Tenant and id of the definition that it starts."""
        return self.tenant, self.ticks.state.definition_id or self.ident

    @property
    def gone(self) -> bool:
        """Whether nothing but its own definition brings it back."""
        own = self.ticks.state.timetable is None
        return self.ticks.state.deleted or (own and self.rules() is None)

    def rules(self) -> tuple[Timetable, int] | None:
        """Return its timetable and since when ticks count; None when it does not fire."""
        definition, ticks = self.definition.state, self.ticks.state
        idle = not definition.version or definition.deleted or ticks.deleted
        if idle or definition.body.status != "active":
            return None
        if ticks.timetable is not None:
            return ticks.timetable, max(ticks.created_at, definition.active_since)
        trigger = definition.body.trigger
        if not isinstance(trigger, ScheduleTrigger):
            return None
        return trigger.timetable, definition.active_since

    async def catch_up(self, store: EventStore) -> None:
        """Take in what the store has of its ticks and its definition; raises `Unavailable`."""
        ticks = await load(store, DECIDER, self.stream, known=self.ticks)
        if ticks is not self.ticks:
            self.ticks, self.last_run = ticks, None
        self.definition = await newest(store, *self.definition_key, self.definition)

    async def run_is_active(self, store: EventStore) -> bool:
        """Return whether the run that it started last has not ended yet."""
        self.last_run = self.last_run or await self._find_last_run(store)
        if self.last_run is None:
            return False
        run = await load(store, RUN, stream_name(self.tenant, RUN.name, self.last_run))
        return bool(run.version) and not run.state.final

    async def _find_last_run(self, store: EventStore) -> str | None:
        """Return the run of the newest tick that fired, reading the stream from its end."""
        length = _TAIL
        while True:
            tail = await store.read(self.stream, after=max(0, self.ticks.version - length))
            for recorded in reversed(tail):
                if isinstance(recorded.event, ScheduleFired):
                    return recorded.event.run_id
            if length >= self.ticks.version:
                return None
            length *= 4


def shown(document: Document) -> Schedule:
    """Return a schedule as its view shows it; its version is the number of its events."""
    alone = document.id != document.definition_id
    ticks = Ticks(
        definition_id=document.definition_id if alone else "",
        timetable=document.timetable if alone else None,
        input=document.input,
        created_at=document.anchor if alone else 0,
        last_nominal=document.last_nominal,
        fired=document.fired,
        missed=document.missed,
        skipped=document.skipped,
    )
    version = document.fired + document.missed + document.skipped + alone
    return Schedule(document.tenant, document.id, StreamState(ticks, version))
