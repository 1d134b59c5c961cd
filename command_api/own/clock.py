"""GET and POST /clock: the clock of a server with virtual time, which stands until it is moved."""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.bodies import Model
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import ADMIN
from baton.domain.durations import EXAMPLES, parse_duration
from baton.domain.json import JsonObject
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.protocols.iso_time import format_time, parse_time

LONGEST_MS: Final = 10 * 366 * 86_400_000
"""The longest time, about ten years, by which one request moves the clock."""
NO_VIRTUAL_TIME: Final = (
    "The clock of this server can't be moved: start it with `baton dev --virtual-time`"
)


class ClockBody(Model):
    """The body of POST /clock: either a duration or a time that is ahead."""

    advance: str | int | None = Field(default=None, description=f"{EXAMPLES}, or milliseconds")
    to: str | None = Field(
        default=None, description="A time in ISO 8601, such as 2030-01-01T00:00Z"
    )


class ClockTime(BaseModel):
    """The time of the server, and the next one at which something is due."""

    now: str
    nextDueAt: str | None = Field(  # noqa: N815 - the names of the JSON
        default=None, description="Missing if nothing is due, whatever the clock shows"
    )


EXAMPLE: Final[JsonObject] = {
    "now": "2026-01-06T08:00:00.000Z",
    "nextDueAt": "2026-01-06T09:00:00.000Z",
}
_PROBLEMS: Final = {403: "The token lacks the scope", 409: "The server has no virtual time"}


async def _show(context: RequestContext) -> Reply:
    time = _virtual_time(context)
    await time.settle()
    return context.reply(200, _render(time))


async def _move(context: RequestContext) -> Reply:
    body = await context.parse(ClockBody)
    to = _target(body, context.services.clock.now())
    time = _virtual_time(context)
    await time.move_to(to)
    return context.reply(200, _render(time))


def _virtual_time(context: RequestContext) -> VirtualTime:
    time = context.services.virtual_time
    if time is None:
        raise Refused("conflict", NO_VIRTUAL_TIME)
    return time


def _target(body: ClockBody, now: int) -> int:
    """Return the time to move to, in ms; raises Refused 400."""
    if (body.advance is None) == (body.to is None):
        raise refused_field("either advance or to is required", "advance")
    if body.to is None:
        duration_ms = parse_duration(body.advance)
        if duration_ms is None:
            raise refused_field(f"must be a duration, such as {EXAMPLES}", "advance")
        return _bounded(duration_ms, now, "advance")
    try:
        to = parse_time(body.to)
    except ValueError as error:
        raise refused_field(str(error), "to") from None
    if to < now:
        raise refused_field(f"is past: the clock shows {format_time(now)}", "to")
    return _bounded(to - now, now, "to")


def _bounded(duration_ms: int, now: int, member: str) -> int:
    if duration_ms > LONGEST_MS:
        raise refused_field("moves the clock by more than ten years", member)
    return now + duration_ms


def _render(time: VirtualTime) -> JsonObject:
    now, due_at = time.clock.now(), time.clock.next_due()
    return without_none({"now": format_time(now), "nextDueAt": optional_time(due_at)})


ROUTES = (
    Route(
        method="GET",
        path="/clock",
        handler=_show,
        scope=ADMIN,
        summary="Show the virtual time of the server",
        operation_id="getClock",
        tag="Service",
        response=ClockTime,
        example=EXAMPLE,
        problems=_PROBLEMS,
    ),
    Route(
        method="POST",
        path="/clock",
        handler=_move,
        scope=ADMIN,
        summary="Move the virtual time of the server; everything due on the way happens in order",
        operation_id="moveClock",
        tag="Service",
        request=ClockBody,
        request_example={"advance": "3h"},
        response=ClockTime,
        example=EXAMPLE,
        problems={400: "Invalid request body", **_PROBLEMS},
    ),
)
