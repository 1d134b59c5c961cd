"""Operations on the schedules of workflows."""

from typing import assert_never

from baton.command_api.commands import NewSchedule, create_schedule, delete_schedule
from baton.command_api.dialect.next_tick import next_tick_at
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialect.rendering import optional_time
from baton.command_api.dialects.orchestration_system.requests import CreateSchedule
from baton.command_api.http.query_parameters import single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State as Definition
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.domain.schedule.timetable import AnyTimetable, Combined, Cron, Interval, Once
from baton.projector.views.schedules.view import Document as Schedule
from baton.protocols.iso_time import format_time

MAX_LIMIT = 500


async def create(context: RequestContext) -> Reply:
    """Create a schedule; raises Invalid, and NotFound for a workflow that doesn't exist."""
    body = await context.parse(CreateSchedule)
    new = NewSchedule(
        schedule_id=context.new_id(),
        definition_id=body.workflow_id,
        timetable=body.timetable(),
        input=body.parameters or {},
    )
    outcome = await create_schedule(context.services, context.principal, new, at=context.now())
    created_at = outcome.state.created_at
    schedule = Schedule(
        id=new.schedule_id,
        tenant=context.tenant,
        definition_id=new.definition_id,
        timetable=new.timetable,
        active=True,
        anchor=created_at,
        created_at=created_at,
    )
    definition = await _definition(context, schedule.definition_id)
    shown = _schedule(schedule, definition, now=context.now())
    return context.reply(201, shown, position=outcome.position)


async def get(context: RequestContext) -> Reply:
    """Show a schedule; raises NotFound, also for the trigger of a workflow."""
    ident = context.params["scheduleId"]
    schedule = await context.services.schedules.get(context.tenant, ident)
    if schedule is None or not schedule.separate:
        raise NotFound("schedule", ident)
    definition = await _definition(context, schedule.definition_id)
    return context.reply(200, _schedule(schedule, definition, now=context.now()))


async def list_all(context: RequestContext) -> Reply:
    """List schedules, the newest first; raises Refused 400."""
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    schedules, total = await context.services.schedules.page(
        context.tenant,
        definition_id=single(context.query, "workflowId"),
        offset=page.offset,
        limit=page.limit,
    )
    idents = {schedule.definition_id for schedule in schedules}
    definitions = {ident: await _definition(context, ident) for ident in idents}
    now = context.now()
    shown = [
        _schedule(schedule, definitions[schedule.definition_id], now=now) for schedule in schedules
    ]
    body = {"schedules": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def delete(context: RequestContext) -> Reply:
    """Delete a schedule; raises NotFound."""
    outcome = await delete_schedule(
        context.services, context.principal, context.params["scheduleId"], at=context.now()
    )
    return context.reply(200, {"success": True}, position=outcome.position)


async def _definition(context: RequestContext, ident: str) -> Definition | None:
    return await context.services.definitions.get(context.tenant, ident)


def _schedule(schedule: Schedule, definition: Definition | None, *, now: int) -> JsonObject:
    next_at = next_tick_at(schedule, definition, now=now)
    return {
        "id": schedule.id,
        "workflowId": schedule.definition_id,
        "cronExpression": _expression(schedule.timetable),
        "timezone": schedule.timetable.timezone,
        "nextRunAt": optional_time(next_at),
        "createdAt": format_time(schedule.created_at),
    }


def _expression(timetable: AnyTimetable) -> str:
    """Return the cron expression, or a text that describes a schedule of another kind."""
    match timetable:
        case Combined():
            return ", ".join(map(_expression, timetable.timetables))
        case Cron():
            return timetable.expression
        case Interval():
            return f"@every {timetable.every_ms}ms"
        case Once():
            return f"@at {format_time(timetable.at)}"
    assert_never(timetable)
