"""Loads the runs and the pages that a Centrali path and its query parameters name."""

from collections.abc import Mapping

from baton.command_api.dialect import load as kit
from baton.command_api.dialect.paging import Page, numbered_page
from baton.command_api.dialects.centrali.render_runs import STATUSES, core_statuses
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.projector.view_reader import Order
from baton.projector.views.definitions.queries import Sort as DefinitionSort
from baton.projector.views.runs.view import Document as Run

_SORTS: Mapping[str, DefinitionSort] = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "name": "name",
    "slug": "slug",
    "status": "status",
}
_ORDERS: tuple[Order, ...] = ("asc", "desc")
SORT_FIELDS = tuple(_SORTS)
PAGE_SIZES = (1, 100)


async def load_run(context: RequestContext) -> Run:
    """Return the run that the path names, once it has ended if the request prefers to wait.

    Raises NotFound, also for a run of another orchestration.
    """
    params = context.params
    return await kit.load_run(context, params["runId"], definition_id=params["orchestrationId"])


async def definitions_page(context: RequestContext) -> tuple[list[State], JsonObject]:
    """Return the requested page of definitions and its `meta`; raises Refused 400."""
    page = numbered_page(context.query, sizes=PAGE_SIZES)
    sort = choice(context.query, "sort", SORT_FIELDS, "createdAt")
    order: Order = "asc" if choice(context.query, "order", _ORDERS) == "asc" else "desc"
    definitions, total = await context.services.definitions.page(
        context.tenant,
        sort=_SORTS[sort or "createdAt"],
        order=order,
        offset=page.offset,
        limit=page.limit,
    )
    return definitions, _meta(page, total)


async def runs_page(context: RequestContext) -> tuple[list[Run], JsonObject]:
    """Return the requested page of a definition's runs, newest first, and its `meta`.

    Raises Refused 400, and NotFound for a definition that never existed.
    """
    page = numbered_page(context.query, sizes=PAGE_SIZES)
    status = choice(context.query, "status", STATUSES)
    definition_id = context.params["orchestrationId"]
    if await context.services.definitions.get(context.tenant, definition_id) is None:
        raise NotFound("definition", definition_id)
    runs, total = await context.services.runs.page(
        context.tenant,
        definition_id=definition_id,
        statuses=() if status is None else core_statuses(status),
        offset=page.offset,
        limit=page.limit,
    )
    return runs, _meta(page, total)


def wants_steps(context: RequestContext) -> bool:
    """Return whether the request has `include=steps`; raises Refused 400 for any other value."""
    return choice(context.query, "include", ("steps",)) is not None


def _meta(page: Page, total: int) -> JsonObject:
    return {"total": total, "page": page.number, "pageSize": page.limit}
