"""GET /functions: the functions that the running executors know, for every tenant alike."""

from typing import Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.command_api.queue_depth import queue_depth
from baton.domain.json import JsonObject
from baton.eventlog.known_functions import KnownFunction


class Function(BaseModel):
    """A function; a step names it by its name, its id or one of its aliases."""

    name: str
    id: str
    kind: Literal["python", "http", "queue", "builtin"]
    queue: str | None = None
    aliases: list[str]


class FunctionList(BaseModel):
    """The functions by name, the queues of remote workers, and the number of running executors.

    An executor that was killed counts for up to a minute. `queueDepth` counts the tenant's runs
    that haven't been started and the calls of its steps that wait for a place at an executor.
    """

    functions: list[Function]
    queues: list[str]
    executors: int
    queue_depth: int = Field(alias="queueDepth")


async def _list(context: RequestContext) -> Reply:
    overview = await context.services.functions.overview()
    queues = {function.queue for function in overview.functions if function.queue is not None}
    body = {
        "functions": [_rendered(function) for function in overview.functions],
        "queues": sorted(queues),
        "executors": overview.executors,
        "queueDepth": await queue_depth(context.services, context.tenant),
    }
    return context.reply(200, body)


def _rendered(function: KnownFunction) -> JsonObject:
    return without_none(
        {
            "name": function.name,
            "id": function.id,
            "kind": function.kind,
            "queue": function.queue,
            "aliases": list(function.aliases),
        }
    )


ROUTES = (
    Route(
        method="GET",
        path="/functions",
        handler=_list,
        scope=READ,
        summary="List the functions that the running executors know",
        operation_id="listFunctions",
        tag="Functions",
        response=FunctionList,
        problems={403: "The token lacks the scope"},
    ),
)
