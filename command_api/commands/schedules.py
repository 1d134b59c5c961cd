"""Creating and deleting the separate schedules of definitions."""

from dataclasses import dataclass

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.errors import NotFound
from baton.domain.json import Json
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import CreateSchedule, DeleteSchedule
from baton.domain.schedule.state import State as Schedule
from baton.domain.schedule.timetable import Timetable
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, transact


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule to create: `input` is the input of the runs that it starts."""

    schedule_id: str
    definition_id: str
    timetable: Timetable
    input: Json = None


async def create_schedule(
    services: Services, principal: Principal, new: NewSchedule, *, at: int
) -> CommandResult[Schedule]:
    """Start runs of a definition by a timetable; a definition may have several schedules.

    While the definition isn't active, the schedule fires nothing. Raises NotFound for a definition
    that doesn't exist or was deleted, and Invalid.
    """
    stream = stream_name(principal.tenant, DEFINITION.name, new.definition_id)
    definition = (await load(services.store, DEFINITION, stream)).state
    if not definition.version or definition.deleted:
        raise NotFound("definition", new.definition_id)
    command = CreateSchedule(
        definition_id=new.definition_id,
        timetable=new.timetable,
        input=new.input,
        actor=principal.actor,
        at=at,
    )
    stream = stream_name(principal.tenant, SCHEDULE.name, new.schedule_id)
    return await transact(services.store, SCHEDULE, stream, command)


async def delete_schedule(
    services: Services, principal: Principal, schedule_id: str, *, at: int
) -> CommandResult[Schedule]:
    """End a schedule; its runs continue. Raises NotFound, also for a deleted schedule."""
    stream = stream_name(principal.tenant, SCHEDULE.name, schedule_id)
    command = DeleteSchedule(actor=principal.actor, at=at)
    result = await transact(services.store, SCHEDULE, stream, command)
    if not result.changed:
        raise NotFound("schedule", schedule_id)
    return result
