"""Schedules: the scheduled triggers of definitions, and separate schedules."""

from dataclasses import dataclass
from typing import TypeAlias, assert_never, get_args

from baton.domain.definition.body_triggers import schedule_of
from baton.domain.definition.messages import (
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    VersionDisabled,
)
from baton.domain.json import Json
from baton.domain.schedule.messages import (
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
)
from baton.domain.schedule.timetable import AnyTimetable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Values, View, created_by, key_of

_Published: TypeAlias = DefinitionCreated | DefinitionUpdated | VersionDisabled
_Tick: TypeAlias = ScheduleFired | ScheduleMissed | ScheduleSkipped
_Event: TypeAlias = _Published | _Tick | DefinitionDeleted | ScheduleCreated | ScheduleDeleted

TABLE = Table(
    name="schedules",
    columns=(
        Column(name="active", kind="int"),
        Column(name="separate_of", kind="text"),
        Column(name="created_at", kind="int"),
        Column(name="definition_id", kind="text"),
    ),
    indexes=(
        Index(columns=("key",), where_set="active", across_tenants=True),
        Index(columns=("created_at", "key"), where_set="separate_of"),
        Index(columns=("created_at", "key")),
        Index(columns=("definition_id", "created_at", "key")),
        Index(columns=("separate_of", "created_at", "key"), where_set="separate_of"),
    ),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """One schedule. The schedule of a definition has the definition's id.

    Times are ms since the epoch, UTC. `anchor` is the time at which the schedule became active;
    only later ticks count. Resuming the schedule or changing its timetable sets a new anchor.
    `last_nominal` is the nominal time of the newest recorded tick. Deleting the schedule or its
    definition deletes the document.
    """

    id: str
    tenant: str
    definition_id: str
    timetable: AnyTimetable
    input: Json = None
    active: bool
    anchor: int
    created_at: int = 0
    last_nominal: int | None = None
    fired: int = 0
    missed: int = 0
    skipped: int = 0

    @property
    def separate(self) -> bool:
        """True for a separate schedule, False for the trigger of a definition."""
        return self.id != self.definition_id


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold a definition's trigger or the outcome of a tick."""
    event: _Event = recorded.event
    match event:
        case DefinitionCreated() | DefinitionUpdated() | VersionDisabled():
            return _published(document, recorded, event)
        case ScheduleCreated():
            return _created(recorded, event)
        case DefinitionDeleted() | ScheduleDeleted():
            return None
        case ScheduleFired() | ScheduleMissed() | ScheduleSkipped():
            if document is not None:
                _count(document, event)
            return document
    assert_never(event)


def columns(document: Document) -> Values:
    """Return the values of the table's columns.

    `active` is set while the schedule fires; a separate schedule fires while its definition does.
    """
    separate_of = document.definition_id if document.separate else None
    active = 1 if document.active else None
    return (active, separate_of, document.created_at, document.definition_id)


def _published(document: Document | None, recorded: Recorded, event: _Published) -> Document | None:
    schedule = schedule_of(event.body)
    active = event.body.status == "active"
    if schedule is None:
        if document is not None:  # kept, because a later schedule must not repeat its ticks
            document.active, document.anchor = False, 0
        return document
    if document is None:
        tenant, definition_id = key_of(recorded.stream)
        return Document(
            id=definition_id,
            tenant=tenant,
            definition_id=definition_id,
            timetable=schedule.timetable,
            active=active,
            anchor=event.at if active else 0,
            created_at=event.at,
        )
    continues = document.active and document.timetable == schedule.timetable
    document.anchor = (document.anchor if continues else event.at) if active else 0
    document.active, document.timetable = active, schedule.timetable
    return document


def _created(recorded: Recorded, event: ScheduleCreated) -> Document:
    tenant, schedule_id = key_of(recorded.stream)
    return Document(
        id=schedule_id,
        tenant=tenant,
        definition_id=event.definition_id,
        timetable=event.timetable,
        input=event.input,
        active=True,
        anchor=event.at,
        created_at=event.at,
    )


def _count(document: Document, event: _Tick) -> None:
    document.last_nominal = event.nominal_at
    match event:
        case ScheduleFired():
            document.fired += 1
        case ScheduleMissed():
            document.missed += 1
        case ScheduleSkipped():
            document.skipped += 1
        case _:
            assert_never(event)


VIEW = View(
    table=TABLE,
    document=Document,
    events=get_args(_Event),
    creates=created_by(DefinitionCreated, ScheduleCreated),
    evolve=evolve,
    columns=columns,
)
