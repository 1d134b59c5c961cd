"""GET /definitions and /definitions/{definition}: definitions of any dialect, in Baton's format."""

from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import offset_page
from baton.command_api.http.query_parameters import choice, choices, known_only
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
from baton.projector.view_reader import Order
from baton.projector.views.definitions.queries import Sort

MAX_LIMIT: Final = 500
_STATUSES: Final[tuple[Status, ...]] = ("active", "draft", "paused")
_SORTS: Final[dict[str, Sort]] = {
    "slug": "slug",
    "name": "name",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
_ORDERS: Final[tuple[Order, ...]] = ("asc", "desc")
_PARAMETERS: Final = ("status", "sort", "order", "limit", "offset")


class DefinitionPage(BaseModel):
    """One page of definitions, and how many match in all."""

    definitions: list[DefinitionSummary]
    total: int
    limit: int
    offset: int


async def _list(context: RequestContext) -> Reply:
    known_only(context.query, _PARAMETERS)
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    found, total = await context.services.definitions.page(
        context.tenant,
        statuses=choices(context.query, "status", _STATUSES),
        sort=_SORTS[choice(context.query, "sort", tuple(_SORTS), "slug")],
        order=choice(context.query, "order", _ORDERS, "asc"),
        offset=page.offset,
        limit=page.limit,
    )
    body = {
        "definitions": [render_summary(one) for one in found],
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
    }
    return context.reply(200, body)


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
                name="sort",
                schema={"type": "string", "enum": list(_SORTS), "default": "slug"},
            ),
            QueryParameter(
                name="order", schema={"type": "string", "enum": list(_ORDERS), "default": "asc"}
            ),
            QueryParameter(
                name="limit",
                schema={"type": "integer", "default": 50, "minimum": 1, "maximum": MAX_LIMIT},
            ),
            QueryParameter(name="offset", schema={"type": "integer", "default": 0, "minimum": 0}),
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
