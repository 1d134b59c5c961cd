"""GET /definitions and /definitions/{definition}: definitions of any dialect, in Baton's format."""

from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.query_parameters import choice, choices, integer, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.load import load_by_reference
from baton.command_api.own.definitions.render import (
    EXAMPLE,
    Definition,
    DefinitionSummary,
    render_summary,
    render_whole,
)
from baton.command_api.principal import READ
from baton.domain.definition.messages import Status
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.projector.view_reader import Order
from baton.projector.views.definitions.queries import Sort
from baton.projector.views.runs.queries import RunFilter
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status as RunStatus
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 500
_STATUSES: Final[tuple[Status, ...]] = ("active", "draft", "paused")
_SORTS: Final[dict[str, Sort]] = {
    "slug": "slug",
    "name": "name",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
_ORDERS: Final[tuple[Order, ...]] = ("asc", "desc")
MAX_LAST_RUNS: Final = 10


class LastRun(BaseModel):
    """One of the newest runs of a definition."""

    id: str
    status: RunStatus
    requestedAt: str  # noqa: N815 - the names of the JSON
    completedAt: str | None = None  # noqa: N815


class ListedDefinition(DefinitionSummary):
    """A definition of a list; `lastRuns` are its newest runs, if the request asks for them."""

    lastRuns: list[LastRun] | None = None  # noqa: N815


class DefinitionPage(BaseModel):
    """One page of definitions, and how many match in all."""

    definitions: list[ListedDefinition]
    total: int
    limit: int
    offset: int


async def _list(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    runs = integer(context.query, "lastRuns", 0, at_least=0, at_most=MAX_LAST_RUNS)
    definitions, total = await context.services.definitions.page(
        context.tenant,
        statuses=choices(context.query, "status", _STATUSES),
        slug_prefix=single(context.query, "q") or "",
        sort=_SORTS[choice(context.query, "sort", tuple(_SORTS), "slug")],
        order=choice(context.query, "order", _ORDERS, "asc"),
        offset=page.offset,
        limit=page.limit,
    )
    body = {
        "definitions": [await _listed(context, definition, runs) for definition in definitions],
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
    }
    return context.reply(200, body)


async def _listed(context: RequestContext, definition: State, runs: int) -> JsonObject:
    """Return a definition of the list, with its newest `runs`; 0 leaves them out."""
    shown = render_summary(definition)
    if not runs:
        return shown
    run_filter = RunFilter(definition_id=definition.definition_id)
    newest = await context.services.runs.matching(context.tenant, run_filter, None, limit=runs)
    return {**shown, "lastRuns": [_last_run(run) for run in newest]}


def _last_run(run: Run) -> JsonObject:
    return without_none(
        {
            "id": run.id,
            "status": run.status,
            "requestedAt": format_time(run.requested_at),
            "completedAt": optional_time(run.completed_at),
        }
    )


async def _show(context: RequestContext) -> Reply:
    definition = await load_by_reference(context, context.params["definition"])
    return context.reply(200, render_whole(definition))


ROUTES = (
    Route(
        method="GET",
        path="/definitions",
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List definitions, by slug",
        operation_id="listDefinitions",
        tag="Definitions",
        response=DefinitionPage,
        query=(
            QueryParameter(
                name="status",
                schema={"type": "array", "items": {"type": "string", "enum": list(_STATUSES)}},
                description="Only definitions with one of these",
            ),
            QueryParameter(
                name="q",
                schema={"type": "string"},
                description="Only definitions whose slug begins with this",
            ),
            QueryParameter(
                name="lastRuns",
                schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_LAST_RUNS},
                description="The number of newest runs to show of each definition",
            ),
            QueryParameter(
                name="sort",
                schema={"type": "string", "enum": list(_SORTS), "default": "slug"},
            ),
            QueryParameter(
                name="order", schema={"type": "string", "enum": list(_ORDERS), "default": "asc"}
            ),
            limit_parameter(50, MAX_LIMIT),
            OFFSET_PARAMETER,
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
    Route(
        method="GET",
        path="/definitions/{definition}",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get a definition by its slug or its id",
        operation_id="getDefinition",
        tag="Definitions",
        response=Definition,
        example=EXAMPLE,
        problems={403: "The token lacks the scope", 404: "The tenant has no such definition"},
    ),
)
