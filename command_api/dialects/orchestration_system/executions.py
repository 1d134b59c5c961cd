"""Operations on executions."""

from dataclasses import replace

from baton.command_api.dialect.load import load_definition, load_run
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialect.run_values import reply_with_run
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.dialects.orchestration_system.render_executions import (
    STATUSES,
    execution,
    execution_in_list,
)
from baton.command_api.dialects.orchestration_system.requests import ExecuteWorkflow
from baton.command_api.dialects.orchestration_system.tasks import NO_TASKS
from baton.command_api.http.query_parameters import choice, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.graph import Graph
from baton.domain.json import JsonObject
from baton.projector.views.runs.view import Document as Run
from baton.protocols.iso_time import format_time

MAX_LIMIT = 500


async def execute(context: RequestContext) -> Reply:
    """Start an execution; raises Refused 400, NotFound, InConflict."""
    body = await context.parse(ExecuteWorkflow, required=False)
    definition = await load_definition(context, context.params["workflowId"])
    accepted = await start_by_hand(context, definition, run_input=body.parameters or {})
    shown = {
        "executionId": accepted.run.id,
        "status": "started",
        "startedAt": format_time(accepted.run.requested_at),
    }
    return context.reply(201, shown, position=accepted.position)


async def get(context: RequestContext) -> Reply:
    """Show an execution with the results of its tasks; raises NotFound."""
    run = await load_run(context, context.params["executionId"])
    steps = await context.services.run_steps.of_run(context.tenant, run.id)
    graph = await _graph_of(context, run)
    shown = replace(run, input=None, context={})  # the values of a run aren't part of an execution

    async def render(_inputs: int) -> JsonObject:
        return execution(shown, graph, steps)

    return await reply_with_run(context, shown, steps, render)


async def list_all(context: RequestContext) -> Reply:
    """List executions, the newest first; raises Refused 400."""
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    status = choice(context.query, "status", tuple(STATUSES))
    runs, total = await context.services.runs.page(
        context.tenant,
        definition_id=single(context.query, "workflowId"),
        statuses=() if status is None else STATUSES[status],
        offset=page.offset,
        limit=page.limit,
    )
    shown = [execution_in_list(run) for run in runs]
    body = {"executions": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def _graph_of(context: RequestContext, run: Run) -> Graph:
    """Return the graph of the version that a run started with."""
    definition = await context.services.definitions.get(context.tenant, run.definition_id)
    return NO_TASKS if definition is None else definition.versions[run.definition_version].graph
