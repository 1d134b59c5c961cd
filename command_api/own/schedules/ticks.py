"""GET /schedules/{scheduleId}/ticks and /next: the past and the next ticks of a schedule."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.schedules.load import Schedule, load_schedule
from baton.command_api.own.schedules.upcoming import Upcoming, upcoming_ticks
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.domain.schedule.messages import ScheduleFired, ScheduleMissed, ScheduleSkipped
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 500
MAX_COUNT: Final = 100
MAX_VERSION: Final = 999_999_999


class PastTick(BaseModel):
    """A tick that was due at `nominalAt`; `reason` says why it started no run."""

    nominalAt: str  # noqa: N815 - the names of the JSON
    outcome: Literal["fired", "missed", "skipped"]
    runId: str | None = None  # noqa: N815
    reason: str | None = None
    recordedAt: str  # noqa: N815


class PastTicks(BaseModel):
    """Ticks, the newest first; `next` continues after them as `before`."""

    ticks: list[PastTick]
    next: int | None = None


class NextTick(BaseModel):
    """A future tick: in UTC, and on the clock of the schedule's time zone.

    `note` says what is unusual about it, such as a change of the clocks.
    """

    at: str
    local: str
    note: str | None = None


class NextTicks(BaseModel):
    """The next ticks, the earliest first; none while the schedule fires nothing."""

    ticks: list[NextTick]
    timezone: str
    reason: str | None = Field(default=None, description="Why there is no tick, or no further one")


async def _past(context: RequestContext) -> Reply:
    limit = integer(context.query, "limit", 50, at_least=1, at_most=MAX_LIMIT)
    document = (await load_schedule(context, context.params["scheduleId"])).document
    newest = document.fired + document.missed + document.skipped + document.separate
    before = integer(context.query, "before", newest + 1, at_least=1, at_most=MAX_VERSION)
    stream = stream_name(context.tenant, "schedule", document.id)
    begin = max(0, before - 1 - limit)
    events = await context.services.store.read(stream, after=begin)
    shown = [stored for stored in events if begin < stored.version < before]
    body = {
        "ticks": list(render_ticks(shown)),
        "next": begin + 1 if begin > int(document.separate) else None,
    }
    return context.reply(200, without_none(body))


async def _next(context: RequestContext) -> Reply:
    count = integer(context.query, "count", 10, at_least=1, at_most=MAX_COUNT)
    schedule = await load_schedule(context, context.params["scheduleId"])
    ticks = list(_upcoming(schedule, count, context.now()))
    reason = schedule.reason
    if reason is None and len(ticks) < count:
        reason = "the timetable has no later tick"
    body = {
        "ticks": [_rendered(tick) for tick in ticks],
        "timezone": schedule.document.timetable.timezone,
        "reason": reason,
    }
    return context.reply(200, without_none(body))


def _upcoming(schedule: Schedule, count: int, now: int) -> Iterator[Upcoming]:
    document, anchor = schedule.document, schedule.anchor
    if anchor is not None:
        after = schedule.after(anchor, now)
        yield from upcoming_ticks(document.timetable, after=after, anchor=anchor, count=count)


def _rendered(tick: Upcoming) -> JsonObject:
    return without_none({"at": format_time(tick.at), "local": tick.local, "note": tick.note})


def render_ticks(recorded: Sequence[Recorded]) -> Iterator[JsonObject]:
    """Yield the ticks among a schedule's events, the newest first."""
    for stored in reversed(recorded):
        event = stored.event
        match event:
            case ScheduleFired():
                outcome, more = "fired", {"runId": event.run_id}
            case ScheduleMissed():
                outcome, more = "missed", {"reason": event.reason}
            case ScheduleSkipped():
                outcome, more = "skipped", {"reason": event.reason}
            case _:
                continue  # the creation of a separate schedule
        yield {
            "nominalAt": format_time(event.nominal_at),
            "outcome": outcome,
            **more,
            "recordedAt": format_time(event.at),
        }


_PROBLEMS: Final = {
    400: "Invalid parameter",
    403: "The token lacks the scope",
    404: "The tenant has no such schedule",
}

ROUTES = (
    Route(
        method="GET",
        path="/schedules/{scheduleId}/ticks",
        handler=_past,
        scope=READ,
        as_of=True,
        summary="Get the past ticks of a schedule and their outcomes, the newest first",
        operation_id="getScheduleTicks",
        tag="Schedules",
        response=PastTicks,
        example={
            "ticks": [
                {
                    "nominalAt": "2026-01-05T08:00:00.000Z",
                    "outcome": "fired",
                    "runId": "d3c0u8h6gtk2q1v9m4tg",
                    "recordedAt": "2026-01-05T08:00:00.004Z",
                }
            ]
        },
        query=(
            QueryParameter(
                name="before",
                schema={"type": "integer", "minimum": 1, "maximum": MAX_VERSION},
                description="The `next` of the page before",
            ),
            limit_parameter(50, MAX_LIMIT),
        ),
        problems=_PROBLEMS,
    ),
    Route(
        method="GET",
        path="/schedules/{scheduleId}/next",
        handler=_next,
        scope=READ,
        as_of=True,
        summary="Get the next ticks of a schedule",
        operation_id="getNextTicks",
        tag="Schedules",
        response=NextTicks,
        example={
            "ticks": [{"at": "2026-01-06T08:00:00.000Z", "local": "2026-01-06T09:00:00+01:00"}],
            "timezone": "Europe/Berlin",
        },
        query=(
            QueryParameter(
                name="count",
                schema={"type": "integer", "default": 10, "minimum": 1, "maximum": MAX_COUNT},
            ),
        ),
        problems=_PROBLEMS,
    ),
)
