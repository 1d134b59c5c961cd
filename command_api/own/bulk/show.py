"""GET /bulk, /bulk/{bulkId} and /bulk/{bulkId}/items: bulks and the outcomes of their runs."""

from typing import Final, get_args

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import choice, choices, integer
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.bulk.documents import BulkItemPage, BulkPage, BulkSummary
from baton.command_api.own.bulk.render import EXAMPLE, render_bulk, render_item
from baton.command_api.own.cursors import CURSOR_PARAMETER, parse_cursor, render_cursor
from baton.command_api.own.runs.render_run import render_runs
from baton.command_api.principal import READ
from baton.domain.bulk.messages import Action, Outcome
from baton.domain.bulk.state import Status
from baton.domain.errors import NotFound
from baton.projector.views.bulks.view import Document as Bulk

MAX_LIMIT: Final = 500
_STATUSES: Final[tuple[Status, ...]] = get_args(Status)
_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


async def _list(context: RequestContext) -> Reply:
    query = context.query
    page = offset_page(query, max_limit=MAX_LIMIT)
    bulks, total = await context.services.bulks.jobs.page(
        context.tenant,
        statuses=choices(query, "status", _STATUSES),
        actions=choices(query, "action", _ACTIONS),
        offset=page.offset,
        limit=page.limit,
    )
    shown = [render_bulk(bulk) for bulk in bulks]
    body = {"bulks": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def _show(context: RequestContext) -> Reply:
    return context.reply(200, render_bulk(await _load(context)))


async def _items(context: RequestContext) -> Reply:
    query = context.query
    limit = integer(query, "limit", 100, at_least=1, at_most=MAX_LIMIT)
    outcome = choice(query, "outcome", _OUTCOMES)
    bulk = await _load(context)
    items = await context.services.bulks.items.newest(
        context.tenant, bulk.id, outcome, _place(context), limit=limit
    )
    last = items[-1].place if len(items) == limit else None
    runs = await context.services.runs.get_many(
        context.tenant, [item.item.run_id for item in items]
    )
    shown = {str(run["id"]): run for run in await render_runs(context, runs)}
    body = {
        "items": [render_item(item, shown.get(item.item.run_id)) for item in items],
        "next": None if last is None else render_cursor(last[0], str(last[1])),
    }
    return context.reply(200, without_none(body))


def _place(context: RequestContext) -> tuple[int, int]:
    cursor = parse_cursor(context.query)
    if cursor is None or not cursor[1].isdecimal():
        return (0, 0)
    return (cursor[0], int(cursor[1][:3]))


async def _load(context: RequestContext) -> Bulk:
    bulk_id = context.params["bulkId"]
    bulk = await context.services.bulks.jobs.get(context.tenant, bulk_id)
    if bulk is None:
        raise NotFound("bulk", bulk_id)
    return bulk


def _several(name: str, values: tuple[str, ...]) -> QueryParameter:
    schema = {"type": "array", "items": {"type": "string", "enum": list(values)}}
    return QueryParameter(name=name, schema=schema, description="Only bulks with one of these")


_DENIED: Final = {400: "Invalid parameter", 403: "The token lacks the scope"}
_NOT_FOUND: Final = {**_DENIED, 404: "The tenant has no such bulk"}

ROUTES = (
    Route(
        method="GET",
        path="/bulk",
        handler=_list,
        scope=READ,
        summary="List bulks, the newest first",
        operation_id="listBulks",
        tag="Bulk",
        response=BulkPage,
        example={"bulks": [EXAMPLE], "total": 1, "limit": 50, "offset": 0},
        query=(
            _several("status", _STATUSES),
            _several("action", _ACTIONS),
            limit_parameter(50, MAX_LIMIT),
            OFFSET_PARAMETER,
        ),
        problems=_DENIED,
    ),
    Route(
        method="GET",
        path="/bulk/{bulkId}",
        handler=_show,
        scope=READ,
        summary="Get a bulk and its progress",
        operation_id="getBulk",
        tag="Bulk",
        response=BulkSummary,
        example=EXAMPLE,
        problems=_NOT_FOUND,
    ),
    Route(
        method="GET",
        path="/bulk/{bulkId}/items",
        handler=_items,
        scope=READ,
        summary="List the outcomes of a bulk's runs",
        operation_id="listBulkItems",
        tag="Bulk",
        response=BulkItemPage,
        example={"items": [{"runId": "d3c0u8h6gtk2q1v9m4tg", "outcome": "done", "round": 1}]},
        query=(
            QueryParameter(
                name="outcome",
                schema={"type": "string", "enum": list(_OUTCOMES)},
                description="Only runs with this newest outcome",
            ),
            CURSOR_PARAMETER,
            limit_parameter(100, MAX_LIMIT),
        ),
        problems=_NOT_FOUND,
    ),
)
