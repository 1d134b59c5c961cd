"""GET /runs: the runs of every definition, whichever dialect created it."""

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import offset_page
from baton.command_api.http.query_parameters import choice, instant, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.render_run import STATUSES, RunSummary, render_run, slug_of
from baton.command_api.principal import READ

MAX_LIMIT = 500


class RunPage(BaseModel):
    """One page of runs, the newest first, and how many match in all."""

    runs: list[RunSummary]
    total: int
    limit: int
    offset: int


async def _list(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    status = choice(context.query, "status", STATUSES)
    end = instant(context.query, "to")
    found, total = await context.services.runs.page(
        context.tenant,
        definition_id=single(context.query, "definitionId"),
        statuses=() if status is None else (status,),
        requested=(instant(context.query, "from"), None if end is None else end - 1),
        offset=page.offset,
        limit=page.limit,
    )
    slugs = {ident: await slug_of(context, ident) for ident in {run.definition_id for run in found}}
    runs = [render_run(run, slugs[run.definition_id]) for run in found]
    body = {"runs": runs, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


_LIMIT = {"type": "integer", "default": 50, "minimum": 1, "maximum": MAX_LIMIT}
_TIME = {"type": "string", "format": "date-time"}

ROUTES = (
    Route(
        method="GET",
        path="/runs",
        handler=_list,
        scope=READ,
        summary="List runs of all definitions, the newest first",
        tag="Runs",
        response=RunPage,
        query=(
            QueryParameter(name="definitionId", schema={"type": "string"}),
            QueryParameter(name="status", schema={"type": "string", "enum": list(STATUSES)}),
            QueryParameter(
                name="from", schema=_TIME, description="Only runs requested then or later"
            ),
            QueryParameter(name="to", schema=_TIME, description="Only runs requested before"),
            QueryParameter(name="limit", schema=_LIMIT),
            QueryParameter(name="offset", schema={"type": "integer", "default": 0, "minimum": 0}),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
)
