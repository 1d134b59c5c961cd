"""Shows the steps of a run, with each attempt."""

from collections.abc import AsyncGenerator, Sequence

from aiohttp import web

from baton.command_api.dialect.lists.ndjson import export, refuse_paging, wants_ndjson
from baton.command_api.dialect.lists.page_tokens import SIZE, TOKEN, token_page
from baton.command_api.dialect.run_values import reply_with_run
from baton.command_api.dialects.orchestrator.dags import MAX_PAGE
from baton.command_api.dialects.orchestrator.render_runs import render_detail, render_executions
from baton.command_api.dialects.orchestrator.runs import load_steps
from baton.command_api.dialects.orchestrator.traces import traceparent_of
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject


async def list_all(context: RequestContext) -> Reply | web.StreamResponse:
    """List the steps of a run in the order of its DAG; raises NotFound, and Refused 400."""
    run, dag, steps, hashes = await load_steps(context)
    items = render_executions(run, dag.graph, steps, hashes)
    if wants_ndjson(context):
        refuse_paging(context, TOKEN, SIZE)
        return await export(context, _each(items), traceparent_of(context))
    page = token_page(context, (int,), max_size=MAX_PAGE)
    start = 0 if page.after is None else max(0, int(page.after[0]))
    end = start + page.size
    token = page.token((end,)) if end < len(items) else None
    return context.reply(200, {"items": items[start:end], "nextPageToken": token})


async def show(context: RequestContext) -> Reply:
    """Show a step with its attempts and its outputs; raises NotFound."""
    run, dag, steps, hashes = await load_steps(context)
    step_id = context.params["stepId"]
    if step_id not in dag.graph.by_id:
        raise NotFound("step", step_id)
    records = [step for step in steps if step.step_id == step_id]

    async def render(_inputs: int) -> JsonObject:
        return render_detail(run, dag.graph, step_id, records, hashes)

    return await reply_with_run(context, run, records, render)


async def _each(items: Sequence[JsonObject]) -> AsyncGenerator[JsonObject, None]:
    for item in items:
        yield item
