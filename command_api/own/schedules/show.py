"""GET /schedules and /schedules/{scheduleId}: the timetables that start runs."""

from typing import Any, Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.dialect.run_values import ShownValue
from baton.command_api.http.query_parameters import single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.format.render_trigger import render_timetable
from baton.command_api.own.schedules.load import Schedule, load_schedule, with_definition
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 500


class ScheduleSummary(BaseModel):
    """A schedule.

    `separate` is false for the trigger of a definition, whose schedule has the definition's id.
    `reason` says why an inactive schedule fires nothing.
    """

    id: str
    definitionId: str  # noqa: N815 - the names of the JSON
    slug: str
    separate: bool
    active: bool
    reason: str | None = None
    timetable: dict[str, Any] | list[dict[str, Any]] = Field(
        description="As the trigger of a document writes it; a list if it has several timetables"
    )
    input: ShownValue = Field(default=None, description="Of the runs that a separate one starts")
    nextAt: str | None = None  # noqa: N815
    lastAt: str | None = Field(  # noqa: N815
        default=None, description="The nominal time of the newest tick that was due"
    )
    fired: int
    missed: int
    skipped: int
    createdAt: str  # noqa: N815


class SchedulePage(BaseModel):
    """One page of schedules, the newest first, and how many there are."""

    schedules: list[ScheduleSummary]
    total: int
    limit: int
    offset: int


EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7p6gtk2q1v9m4s0",
    "definitionId": "d3c0u7p6gtk2q1v9m4s0",
    "slug": "daily-report",
    "separate": False,
    "active": True,
    "timetable": {"cron": "0 9 * * *", "timezone": "Europe/Berlin"},
    "nextAt": "2026-01-06T08:00:00.000Z",
    "fired": 3,
    "missed": 0,
    "skipped": 0,
    "createdAt": "2026-01-02T10:00:00.000Z",
}


async def _list(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    documents, total = await context.services.schedules.page_of_all(
        context.tenant,
        definition_id=single(context.query, "definitionId"),
        offset=page.offset,
        limit=page.limit,
    )
    loaded = [await with_definition(context, schedule) for schedule in documents]
    body = {
        "schedules": [
            render_schedule(schedule, context.now()) for schedule in loaded if schedule is not None
        ],
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
    }
    return context.reply(200, body)


async def _show(context: RequestContext) -> Reply:
    schedule = await load_schedule(context, context.params["scheduleId"])
    return context.reply(200, render_schedule(schedule, context.now()))


def render_schedule(schedule: Schedule, now: int) -> JsonObject:
    """Return a schedule with the members of `ScheduleSummary`; `now` is in ms."""
    document, anchor = schedule.document, schedule.anchor
    return without_none(
        {
            "id": document.id,
            "definitionId": document.definition_id,
            "slug": schedule.definition.slug,
            "separate": document.separate,
            "active": anchor is not None,
            "reason": schedule.reason,
            "timetable": render_timetable(document.timetable),
            "input": document.input,
            "nextAt": optional_time(schedule.next_at(now)),
            "lastAt": optional_time(document.last_nominal),
            "fired": document.fired,
            "missed": document.missed,
            "skipped": document.skipped,
            "createdAt": format_time(document.created_at),
        }
    )


ROUTES = (
    Route(
        method="GET",
        path="/schedules",
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List schedules: the timetables of definitions, and separate ones",
        operation_id="listSchedules",
        tag="Schedules",
        response=SchedulePage,
        example={"schedules": [EXAMPLE], "total": 1, "limit": 50, "offset": 0},
        query=(
            QueryParameter(
                name="definitionId",
                schema={"type": "string", "minLength": 1},
                description="Only the schedules of this definition",
            ),
            limit_parameter(50, MAX_LIMIT),
            OFFSET_PARAMETER,
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
    Route(
        method="GET",
        path="/schedules/{scheduleId}",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get a schedule",
        operation_id="getSchedule",
        tag="Schedules",
        response=ScheduleSummary,
        example=EXAMPLE,
        problems={403: "The token lacks the scope", 404: "The tenant has no such schedule"},
    ),
)
