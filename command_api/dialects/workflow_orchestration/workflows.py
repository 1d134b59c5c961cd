"""Operations on workflows."""

from baton.command_api.commands import (
    NewDefinition,
    create_named_definition,
    delete_definition,
    update_definition,
)
from baton.command_api.dialect.load import load_definition
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialects.workflow_orchestration.requests import (
    CreateWorkflow,
    UpdateWorkflow,
)
from baton.command_api.dialects.workflow_orchestration.translation.json_form import json_form
from baton.command_api.dialects.workflow_orchestration.translation.workflows import workflow_of
from baton.command_api.dialects.workflow_orchestration.versions import reply_with_list
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext

DEFAULT_LIMIT = 10
MAX_LIMIT = 500


async def create(context: RequestContext) -> Reply:
    """Create a workflow; raises Refused 400."""
    body = (await context.parse(CreateWorkflow)).body()
    new = NewDefinition(definition_id=context.new_id(), slug="", body=body)
    outcome = await create_named_definition(
        context.services, context.principal, new, at=context.now()
    )
    shown = json_form(workflow_of(outcome.state))
    return context.reply(201, shown, position=outcome.position)


async def get(context: RequestContext) -> Reply:
    """Show a workflow; raises NotFound."""
    definition = await load_definition(context, context.params["workflowId"])
    return context.reply(200, json_form(workflow_of(definition)))


async def list_all(context: RequestContext) -> Reply:
    """List workflows, the newest first; raises Refused 400."""
    page = offset_page(context.query, max_limit=MAX_LIMIT, default_limit=DEFAULT_LIMIT)
    definitions, total = await context.services.definitions.page(
        context.tenant, offset=page.offset, limit=page.limit
    )
    shown = [json_form(workflow_of(definition)) for definition in definitions]
    return reply_with_list(context, shown, page, total)


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
    shown = json_form(workflow_of(outcome.state))
    return context.reply(200, shown, position=outcome.position)


async def delete(context: RequestContext) -> Reply:
    """Delete a workflow; its executions go on. Raises NotFound."""
    outcome = await delete_definition(
        context.services, context.principal, context.params["workflowId"], at=context.now()
    )
    return context.reply(204, position=outcome.position)
