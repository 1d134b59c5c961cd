"""Operations on webhook registrations."""

from baton.command_api.commands import (
    delete_webhook,
    register_webhook,
    update_webhook,
    webhook_secret,
)
from baton.command_api.commands.webhook_tests import post_test_message
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialect.webhooks_out.registrations import load_webhook
from baton.command_api.dialects.workflow_orchestration.versions import reply_with_list
from baton.command_api.dialects.workflow_orchestration.webhooks.requests import (
    RegisterWebhook,
    TryWebhook,
    UpdateWebhook,
)
from baton.command_api.dialects.workflow_orchestration.workflows import DEFAULT_LIMIT, MAX_LIMIT
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.domain.webhook.state import State
from baton.projector.views.webhooks.view import Document
from baton.protocols.iso_time import format_time


async def create(context: RequestContext) -> Reply:
    """Register a webhook; raises Refused 400. The route puts its secret into the answer."""
    body = await context.parse(RegisterWebhook)
    outcome = await register_webhook(
        context.services, context.principal, context.new_id(), body.body(), at=context.now()
    )
    return context.reply(201, _shown(outcome.state), position=outcome.position)


async def list_all(context: RequestContext) -> Reply:
    """List registrations, the oldest first; raises Refused 400."""
    page = offset_page(context.query, max_limit=MAX_LIMIT, default_limit=DEFAULT_LIMIT)
    webhooks, total = await context.services.webhooks.registrations.page(
        context.tenant, offset=page.offset, limit=page.limit
    )
    return reply_with_list(context, [render_webhook(webhook) for webhook in webhooks], page, total)


async def get(context: RequestContext) -> Reply:
    """Show a registration; raises NotFound."""
    return context.reply(200, render_webhook(await load_webhook(context)))


async def update(context: RequestContext) -> Reply:
    """Change a registration and show its secret; raises Refused 400, NotFound."""
    body = await context.parse(UpdateWebhook)
    outcome = await update_webhook(
        context.services,
        context.principal,
        context.params["webhookId"],
        body.after,
        at=context.now(),
    )
    secret = await webhook_secret(context.services, outcome.state)
    return context.reply(200, _shown(outcome.state, secret), position=outcome.position)


async def delete(context: RequestContext) -> Reply:
    """Delete a registration; raises NotFound."""
    outcome = await delete_webhook(
        context.services, context.principal, context.params["webhookId"], at=context.now()
    )
    return context.reply(204, position=outcome.position)


async def test(context: RequestContext) -> Reply:
    """Post a message once and show the outcome; raises Refused 400."""
    body = await context.parse(TryWebhook)
    outcome = await post_test_message(
        context.services, context.caller, body.message(), at=context.now()
    )
    shown: JsonObject = {
        "success": outcome.success,
        "statusCode": outcome.status,
        "message": outcome.message,
    }
    return context.reply(200, shown)


def render_webhook(webhook: Document) -> JsonObject:
    """Return a registration without its secret; `ordered` is shown where it is set."""
    return _members(webhook.id, webhook, None)


def _shown(webhook: State, secret: str | None = None) -> JsonObject:
    return _members(webhook.webhook_id, webhook, secret)


def _members(ident: str, webhook: Document | State, secret: str | None) -> JsonObject:
    shown: JsonObject = {
        "id": ident,
        "url": webhook.url,
        "events": list(webhook.events),
        "secret": secret,
        "active": webhook.active,
        "createdAt": format_time(webhook.created_at),
    }
    return {**shown, "ordered": True} if webhook.ordered else shown
