"""What a path's ids and a list's parameters name. What is another tenant's is not there: 404."""

from collections.abc import Mapping

from baton.command_api.dialects.centrali.render_runs import STATUSES, core_statuses
from baton.command_api.http.long_poll import poll_until_settled
from baton.command_api.http.pagination import PageRequest, choice, page_of
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State
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


def not_found(what: str) -> Refused:
    """Return the 404 that says what is not there."""
    return Refused("not_found", f"{what} not found")


async def definition_of(context: RequestContext, definition_id: str) -> State:
    """Return a definition that is not deleted; raises Refused 404."""
    found = await context.services.definitions.get(context.tenant, definition_id)
    if found is None or found.deleted:
        raise not_found("Orchestration")
    return found


async def run_of(context: RequestContext) -> Run:
    """Return the run that the path names, a deleted orchestration's too; raises Refused 404.

    Waits for its end where the request prefers that.
    """
    runs, run_id = context.services.runs, context.params["runId"]
    found = await poll_until_settled(context, lambda: runs.get(context.tenant, run_id))
    if found is None or found.definition_id != context.params["orchestrationId"]:
        raise not_found("Run")
    return found


async def definitions_page(
    context: RequestContext, *, sorts: Mapping[str, DefinitionSort] = _SORTS
) -> tuple[list[State], JsonObject]:
    """Return the page of definitions that is asked for, and its `meta`; raises Refused 400."""
    page = page_of(context.query, sizes=PAGE_SIZES)
    sort = choice(context.query, "sort", tuple(sorts), "createdAt")
    order: Order = "asc" if choice(context.query, "order", _ORDERS) == "asc" else "desc"
    found, total = await context.services.definitions.page(
        context.tenant,
        sort=sorts[sort or "createdAt"],
        order=order,
        offset=page.offset,
        limit=page.size,
    )
    return found, _meta(page, total)


async def runs_page(context: RequestContext) -> tuple[list[Run], JsonObject]:
    """Return the page of a definition's runs, newest first, and its `meta`.

    Raises Refused 400, and 404 for a definition that never was.
    """
    page = page_of(context.query, sizes=PAGE_SIZES)
    status = choice(context.query, "status", STATUSES)
    definition_id = context.params["orchestrationId"]
    if await context.services.definitions.get(context.tenant, definition_id) is None:
        raise not_found("Orchestration")
    found, total = await context.services.runs.page(
        context.tenant,
        definition_id=definition_id,
        statuses=() if status is None else core_statuses(status),
        offset=page.offset,
        limit=page.size,
    )
    return found, _meta(page, total)


def wants_steps(context: RequestContext) -> bool:
    """Whether `include=steps` is asked for; raises Refused 400 for anything else."""
    return choice(context.query, "include", ("steps",)) is not None


def _meta(page: PageRequest, total: int) -> JsonObject:
    return {"total": total, "page": page.number, "pageSize": page.size}
