"""POST /system/hold and /system/release: hold the whole server, and release it.

While the server is held, outcomes of running attempts are recorded and requests are accepted, but
no step starts, and no timer, schedule or record event fires.
"""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.commands.runs import require_plain
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.empty_body import Nothing
from baton.command_api.principal import ADMIN
from baton.domain.json import JsonObject
from baton.domain.server_hold.state import State
from baton.protocols.iso_time import format_time


class HoldBody(BaseModel):
    """The body of POST /system/hold."""

    reason: str | None = Field(default=None, min_length=1, max_length=200)


class ShownHold(BaseModel):
    """The hold on the server; a server that isn't held shows only `held`."""

    held: bool
    since: str | None = None
    by: str | None = Field(default=None, description="The subject that held the server")
    reason: str | None = None


def render_hold(state: State) -> JsonObject:
    """Return the hold as an answer shows it."""
    held = state.held
    if held is None:
        return {"held": False}
    since, by = format_time(held.at), held.actor.subject
    return without_none({"held": True, "since": since, "by": by, "reason": held.reason})


async def _hold(context: RequestContext) -> Reply:
    body = await context.parse(HoldBody, required=False)
    require_plain("reason", body.reason)
    result = await context.services.hold.begin(
        context.principal.actor, at=context.now(), reason=body.reason
    )
    return context.reply(200, render_hold(result.state), position=result.position)


async def _release(context: RequestContext) -> Reply:
    await context.parse(Nothing, required=False)
    result = await context.services.hold.end(context.principal.actor, at=context.now())
    return context.reply(200, render_hold(result.state), position=result.position)


_PROBLEMS: Final = {
    400: "Invalid request body",
    403: "The token lacks the scope orchestrator:admin",
}

ROUTES = (
    Route(
        method="POST",
        path="/system/hold",
        handler=_hold,
        scope=ADMIN,
        summary="Hold the whole server: no step starts, and nothing fires, until it is released",
        operation_id="holdServer",
        tag="System",
        request=HoldBody,
        request_required=False,
        response=ShownHold,
        example={
            "held": True,
            "since": "2026-01-05T09:00:00.000Z",
            "by": "ada",
            "reason": "the warehouse is down",
        },
        problems=_PROBLEMS,
    ),
    Route(
        method="POST",
        path="/system/release",
        handler=_release,
        scope=ADMIN,
        summary="Release a held server: everything that is due goes on",
        operation_id="releaseServer",
        tag="System",
        request=Nothing,
        request_required=False,
        response=ShownHold,
        example={"held": False},
        problems=_PROBLEMS,
    ),
)
