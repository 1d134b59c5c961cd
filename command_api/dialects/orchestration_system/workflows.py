"""Operations on workflows."""

from baton.command_api.commands import (
    NewDefinition,
    create_named_definition,
    delete_definition,
    update_definition,
)
from baton.command_api.dialect.load import load_definition
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialects.orchestration_system.render_executions import task_statuses
from baton.command_api.dialects.orchestration_system.render_workflows import (
    workflow,
    workflow_in_list,
)
from baton.command_api.dialects.orchestration_system.requests import (
    STATUSES,
    CreateWorkflow,
    UpdateWorkflow,
)
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State
from baton.domain.json import JsonObject

MAX_LIMIT = 500


async def create(context: RequestContext) -> Reply:
    """Create a workflow; raises Refused 400."""
    body = (await context.parse(CreateWorkflow)).body()
    new = NewDefinition(definition_id=context.new_id(), slug="", body=body)
    outcome = await create_named_definition(
        context.services, context.principal, new, at=context.now()
    )
    return context.reply(201, workflow_in_list(outcome.state), position=outcome.position)


async def get(context: RequestContext) -> Reply:
    """Show a workflow with its tasks; raises NotFound."""
    definition = await load_definition(context, context.params["workflowId"])
    return context.reply(200, await _whole(context, definition))


async def list_all(context: RequestContext) -> Reply:
    """List workflows, the newest first; raises Refused 400."""
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    status = choice(context.query, "status", tuple(STATUSES))
    definitions, total = await context.services.definitions.page(
        context.tenant,
        statuses=() if status is None else (STATUSES[status],),
        offset=page.offset,
        limit=page.limit,
    )
    shown = [workflow_in_list(definition) for definition in definitions]
    body = {"workflows": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def update(context: RequestContext) -> Reply:
    """Change a workflow and show it; raises Refused 400 and 409, NotFound."""
    body = await context.parse(UpdateWorkflow)
    outcome = await update_definition(
        context.services,
        context.principal,
        context.params["workflowId"],
        body.after,
        at=context.now(),
    )
    shown = await _whole(context, outcome.state)
    return context.reply(200, shown, position=outcome.position)


async def delete(context: RequestContext) -> Reply:
    """Delete a workflow and its schedules; its executions go on. Raises NotFound."""
    outcome = await delete_definition(
        context.services, context.principal, context.params["workflowId"], at=context.now()
    )
    return context.reply(200, {"success": True}, position=outcome.position)


async def _whole(context: RequestContext, definition: State) -> JsonObject:
    """Return the workflow with the statuses that its tasks have in the newest execution."""
    services, ident = context.services, definition.definition_id
    newest, _ = await services.runs.page(context.tenant, definition_id=ident, limit=1)
    statuses: dict[str, str] = {}
    for run in newest:
        steps = await services.run_steps.of_run(context.tenant, run.id)
        statuses = task_statuses(run, steps)
    return workflow(definition, statuses)
