"""GET /system: the state of the services, as the process that answers sees it."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import Route
from baton.command_api.http.query_parameters import known_only
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.command_api.readiness import check_readiness, words_of
from baton.domain.json import JsonObject


class System(BaseModel):
    """The state of the services.

    `head` is the position of the newest event, `position` the one that the views of this process
    are known to hold, and `lag` the number of positions between them.
    """

    ready: bool
    checks: dict[str, Literal["ok", "failing"]]
    head: int
    position: int
    lag: int
    executors: int = Field(description="Running executors; a killed one counts for up to a minute")
    functions: int
    queues: list[str] = Field(description="The queues of remote workers")


async def _show(context: RequestContext) -> Reply:
    known_only(context.query, ())
    services = context.services
    head = await services.store.head()
    position = services.position()
    checks = await check_readiness(services)
    known = await services.functions.overview()
    body = {
        "ready": all(checks.values()),
        "checks": words_of(checks),
        "head": max(head, position),
        "position": position,
        "lag": max(0, head - position),
        "executors": known.executors,
        "functions": len(known.functions),
        "queues": sorted({one.queue for one in known.functions if one.queue is not None}),
    }
    return context.reply(200, body)


_EXAMPLE: Final[JsonObject] = {
    "ready": True,
    "checks": {"store": "ok", "views": "ok"},
    "head": 81234,
    "position": 81234,
    "lag": 0,
    "executors": 1,
    "functions": 7,
    "queues": [],
}

ROUTES = (
    Route(
        method="GET",
        path="/system",
        handler=_show,
        scope=READ,
        summary="Get the state of the services: their checks, positions and executors",
        operation_id="getSystem",
        tag="Statistics",
        response=System,
        example=_EXAMPLE,
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
)
