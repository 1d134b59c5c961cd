"""Creates, updates and deletes orchestrations; a dialect passes its rendering of a definition."""

from collections.abc import Callable

from baton.command_api.commands import (
    NewDefinition,
    create_definition,
    delete_definition,
    update_definition,
)
from baton.command_api.commands.signing_secrets import SigningSecrets
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State
from baton.domain.json import JsonObject

Render = Callable[[State], JsonObject]


async def create(
    context: RequestContext, slug: str, body: Body, render: Render, *, secrets: SigningSecrets
) -> Reply:
    """Publish version 1 and reply 201; raises Invalid, and InConflict if a name is taken."""
    new = NewDefinition(definition_id=context.new_id(), slug=slug, body=body, secrets=secrets)
    outcome = await create_definition(context.services, context.principal, new, at=context.now())
    return context.reply(201, render(outcome.state), position=outcome.position)


async def update(
    context: RequestContext,
    definition_id: str,
    change: Callable[[State], Body],
    render: Render,
    *,
    secrets: SigningSecrets,
) -> Reply:
    """Publish the next version and reply 200; raises NotFound, Invalid, InConflict."""
    outcome = await update_definition(
        context.services,
        context.principal,
        definition_id,
        change,
        at=context.now(),
        secrets=secrets,
    )
    return context.reply(200, render(outcome.state), position=outcome.position)


async def delete(context: RequestContext, definition_id: str) -> Reply:
    """Delete an orchestration and reply 204; raises NotFound."""
    outcome = await delete_definition(
        context.services, context.principal, definition_id, at=context.now()
    )
    return context.reply(204, position=outcome.position)
