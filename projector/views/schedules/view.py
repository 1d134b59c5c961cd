"""What fires by the clock: scheduled triggers of definitions, and schedules that stand alone."""

from dataclasses import dataclass
from typing import TypeAlias, assert_never, cast, get_args

from baton.domain.definition.messages import DefinitionCreated, DefinitionDeleted, DefinitionUpdated
from baton.domain.definition.trigger import ScheduleTrigger
from baton.domain.json import Json
from baton.domain.schedule.messages import (
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
)
from baton.domain.schedule.timetable import Timetable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Key, Values, View, key_of

_Published: TypeAlias = DefinitionCreated | DefinitionUpdated
_Tick: TypeAlias = ScheduleFired | ScheduleMissed | ScheduleSkipped
_Event: TypeAlias = _Published | _Tick | DefinitionDeleted | ScheduleCreated | ScheduleDeleted

TABLE = Table(
    name="schedules",
    columns=(
        Column(name="definition_id", kind="text"),
        Column(name="active", kind="int"),
    ),
    indexes=(
        Index(columns=("definition_id", "key")),
        Index(columns=("key",), where_set="active", across_tenants=True),
    ),
)


@dataclass(slots=True, kw_only=True)
class Document:
    """One schedule; a definition's own has the definition's id. Times are ms, UTC.

    Ticks behind `anchor` count, which is when the schedule became active; a pause or another
    timetable begins anew. `last_nominal` is the newest tick that was dealt with. A schedule whose
    definition or self was deleted is gone.
    """

    id: str
    tenant: str
    definition_id: str
    timetable: Timetable
    input: Json = None
    active: bool
    anchor: int
    last_nominal: int | None = None
    fired: int = 0
    missed: int = 0
    skipped: int = 0


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the schedule's key: the id of its stream or of its definition."""
    return (key_of(recorded),)


def creates(recorded: Recorded) -> bool:
    """Say that a schedule can't be older than its definition or itself."""
    return isinstance(recorded.event, DefinitionCreated | ScheduleCreated)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """Fold what a definition says of its trigger, or what became of a tick."""
    event = cast("_Event", recorded.event)
    match event:
        case DefinitionCreated() | DefinitionUpdated():
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
    """Return what schedules are found by; `active` is set while it fires."""
    return (document.definition_id, 1 if document.active else None)


def _published(document: Document | None, recorded: Recorded, event: _Published) -> Document | None:
    trigger = event.body.trigger
    active = event.body.status == "active"
    if not isinstance(trigger, ScheduleTrigger):
        if document is not None:  # what was dealt with must be known when a schedule comes back
            document.active, document.anchor = False, 0
        return document
    if document is None:
        tenant, definition_id = key_of(recorded)
        return Document(
            id=definition_id,
            tenant=tenant,
            definition_id=definition_id,
            timetable=trigger.timetable,
            active=active,
            anchor=event.at if active else 0,
        )
    went_on = document.active and document.timetable == trigger.timetable
    document.anchor = (document.anchor if went_on else event.at) if active else 0
    document.active, document.timetable = active, trigger.timetable
    return document


def _created(recorded: Recorded, event: ScheduleCreated) -> Document:
    tenant, schedule_id = key_of(recorded)
    return Document(
        id=schedule_id,
        tenant=tenant,
        definition_id=event.definition_id,
        timetable=event.timetable,
        input=event.input,
        active=True,
        anchor=event.at,
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
    keys=keys,
    creates=creates,
    evolve=evolve,
    columns=columns,
)
