"""GET /runs: the runs of every definition, whichever dialect created it.

Every filter is a column of an index, so that a list of a million runs takes no longer. A page is
continued by its `next`, which stays valid while runs are added, or by an offset.
"""

from collections.abc import Sequence
from typing import Final, get_args

from multidict import MultiMapping
from pydantic import BaseModel, Field

from baton.command_api.commands import STUCK_MS
from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import OFFSET_PARAMETER, Page, limit_parameter, offset_page
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import (
    AS_OF,
    choice,
    choices,
    instant,
    single,
)
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.cursors import CURSOR, CURSOR_PARAMETER, parse_cursor, render_cursor
from baton.command_api.own.runs.definition_filter import resolve_definition
from baton.command_api.own.runs.render_run import (
    EXAMPLE,
    STATUSES,
    RunSummary,
    render_runs,
)
from baton.command_api.principal import READ
from baton.domain.run.trigger import TriggerKind
from baton.projector.as_of.run_conditions import MAX_SCANNED, TooManyRuns
from baton.projector.views.runs.queries import RunFilter
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import WaitsFor

MAX_LIMIT: Final = 500
MAX_NAMED: Final = 500
"""The number of runs that `q`, `stuck` and `due` find, at most."""
MAX_IDENTS: Final = 100
"""The number of runs that `id` names, at most."""
_UNPAGED: Final = frozenset(("offset", "q", "stuck", "due", "id"))
"""The parameters that don't go with a cursor."""
_LOOKING: Final = ("waitsFor", "handled", "stuck", "due")
"""The filters that look through runs as of a position."""
_WAITS_FOR: Final[tuple[WaitsFor, ...]] = get_args(WaitsFor)
_TRIGGERS: Final[tuple[TriggerKind, ...]] = get_args(TriggerKind)
_TIME: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string", "minLength": 1}


class RunPage(BaseModel):
    """One page of runs, the newest first, and how many match in all.

    `next` is missing on the last page, and where the page was asked for by its offset.
    """

    runs: list[RunSummary]
    total: int = Field(description=f"With `q`, `stuck` or `due`, at most {MAX_NAMED}")
    limit: int
    offset: int
    next: str | None = None


async def _list(context: RequestContext) -> Reply:
    query = context.query
    page, after = offset_page(query, max_limit=MAX_LIMIT), parse_cursor(query)
    if after is not None and not _UNPAGED.isdisjoint(query):
        message = f"can't be combined with {', '.join(sorted(_UNPAGED))}"
        raise refused_field(f"{CURSOR} {message}", CURSOR)
    try:
        found, total = await _find(context, page, after)
    except TooManyRuns:
        (name, *_) = (one for one in _LOOKING if one in query)
        many = f"there are more than {MAX_SCANNED} to look through as of this position"
        message = f"{name} finds too many runs: {many}; limit them by definition, from or to"
        raise refused_field(message, name) from None
    body = {
        "runs": await render_runs(context, found),
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
        "next": _next(query, found, page, total),
    }
    return context.reply(200, without_none(body))


async def _find(
    context: RequestContext, page: Page, after: tuple[int, str] | None
) -> tuple[list[Run], int]:
    """Return a page of the runs that the query asks for, and their number."""
    query, idents = context.query, _idents(context.query)
    wanted, text = await _filter(context), single(query, "q")
    runs, tenant = context.services.runs, context.tenant
    if idents:
        return _part(await runs.get_many(tenant, idents), page)
    if text:
        return _part(await runs.named(tenant, text, wanted, limit=MAX_NAMED), page)
    if wanted.idle:
        since = context.now() - STUCK_MS
        return _part(await runs.stuck(tenant, wanted, since=since, limit=MAX_NAMED), page)
    if choice(query, "due", ("true",)):
        return _part(await runs.due(tenant, wanted, limit=MAX_NAMED), page)
    return await _page(context, wanted, page, after)


def _idents(query: MultiMapping[str]) -> Sequence[str]:
    """Return the runs that are asked for by their ids; raises Refused 400."""
    idents = list(dict.fromkeys(query.getall("id", [])))
    if len(idents) > MAX_IDENTS or any(not one or "\0" in one for one in idents):
        raise refused_field(f"id must name at most {MAX_IDENTS} runs", "id")
    if idents and set(query) - {"id", "limit", "offset", AS_OF}:
        raise refused_field("id can't be combined with filters or a cursor", "id")
    return idents


async def _filter(context: RequestContext) -> RunFilter:
    query = context.query
    end, handled = instant(query, "to"), choice(query, "handled", ("true", "false"))
    return RunFilter(
        definition_id=await resolve_definition(
            context, single(query, "definition"), single(query, "definitionId")
        ),
        statuses=choices(query, "status", STATUSES),
        triggers=choices(query, "trigger", _TRIGGERS),
        record_id=single(query, "recordId"),
        correlation_id=single(query, "correlationId"),
        waits_for=choice(query, "waitsFor", _WAITS_FOR),
        handled=None if handled is None else handled == "true",
        idle=choice(query, "stuck", ("true",)) is not None,
        requested=(instant(query, "from"), None if end is None else end - 1),
    )


def _part(found: list[Run], page: Page) -> tuple[list[Run], int]:
    """Return the page of runs that were found at once, and their number."""
    return found[page.offset : page.offset + page.limit], len(found)


async def _page(
    context: RequestContext, wanted: RunFilter, page: Page, after: tuple[int, str] | None
) -> tuple[list[Run], int]:
    runs, tenant = context.services.runs, context.tenant
    if after is None:
        return await runs.page_of(tenant, wanted, offset=page.offset, limit=page.limit)
    found = await runs.matching(tenant, wanted, after, limit=page.limit)
    return found, await runs.count(tenant, wanted)


def _next(query: MultiMapping[str], found: list[Run], page: Page, total: int) -> str | None:
    """Return the cursor behind a page; a full last page may have one that leads to no run."""
    if len(found) < page.limit or len(found) == total or _UNPAGED & set(query):
        return None
    return render_cursor(found[-1].requested_at, found[-1].id)


_QUERY: Final = (
    QueryParameter(
        name="status",
        schema={"type": "array", "items": {"type": "string", "enum": list(STATUSES)}},
        description="Only runs with one of these",
    ),
    QueryParameter(
        name="definition", schema=_TEXT, description="Only runs of this definition (slug or id)"
    ),
    QueryParameter(
        name="definitionId", schema=_TEXT, description="Only runs of this definition (id)"
    ),
    QueryParameter(
        name="trigger",
        schema={"type": "array", "items": {"type": "string", "enum": list(_TRIGGERS)}},
        description="Only runs with one of these causes",
    ),
    QueryParameter(
        name="recordId", schema=_TEXT, description="Only runs that events about this record started"
    ),
    QueryParameter(
        name="correlationId", schema=_TEXT, description="Only runs that were started with this id"
    ),
    QueryParameter(
        name="waitsFor",
        schema={"type": "string", "enum": list(_WAITS_FOR)},
        description="Only open runs that wait for this, as `waitsFor` shows it",
    ),
    QueryParameter(
        name="stuck",
        schema={"type": "string", "enum": ["true"]},
        description="Only runs that no recorded event, call or timer will move, which is a defect;"
        f" finds the newest {MAX_NAMED}",
    ),
    QueryParameter(
        name="due",
        schema={"type": "string", "enum": ["true"]},
        description="Only runs with an open delay or backoff, in the order of `dueAt`; finds the"
        f" first {MAX_NAMED}",
    ),
    QueryParameter(
        name="id",
        schema={
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "maxItems": MAX_IDENTS,
        },
        description="Only these runs, in this order, without further filters",
    ),
    QueryParameter(
        name="handled",
        schema={"type": "string", "enum": ["true", "false"]},
        description="Only failed runs that were run again, or that weren't",
    ),
    QueryParameter(
        name="q",
        schema=_TEXT,
        description="The beginning of a run's id, or a correlation id, or the id of a record;"
        f" finds the newest {MAX_NAMED}",
    ),
    QueryParameter(name="from", schema=_TIME, description="Only runs requested then or later"),
    QueryParameter(name="to", schema=_TIME, description="Only runs requested before"),
    CURSOR_PARAMETER,
    limit_parameter(50, MAX_LIMIT),
    OFFSET_PARAMETER,
)

ROUTES = (
    Route(
        method="GET",
        path="/runs",
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List runs of all definitions, the newest first",
        operation_id="listRuns",
        tag="Runs",
        response=RunPage,
        example={"runs": [EXAMPLE], "total": 1, "limit": 50, "offset": 0},
        query=_QUERY,
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such definition",
        },
    ),
)
