"""Operations on the deliveries of a webhook registration."""

from baton.command_api.commands import redrive_delivery
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialect.rendering import optional_time
from baton.command_api.dialect.webhooks_out.registrations import load_webhook, page_of_deliveries
from baton.command_api.dialects.workflow_orchestration.versions import reply_with_list
from baton.command_api.dialects.workflow_orchestration.webhooks.requests import Nothing
from baton.command_api.dialects.workflow_orchestration.workflows import DEFAULT_LIMIT, MAX_LIMIT
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.projector.views.deliveries.view import Document
from baton.protocols.iso_time import format_time


async def list_all(context: RequestContext) -> Reply:
    """List deliveries, the newest first; raises Refused 400, NotFound."""
    page = offset_page(context.query, max_limit=MAX_LIMIT, default_limit=DEFAULT_LIMIT)
    deliveries, total = await page_of_deliveries(context, page)
    return reply_with_list(
        context, [render_delivery(delivery) for delivery in deliveries], page, total
    )


async def redrive(context: RequestContext) -> Reply:
    """Deliver a message again; raises NotFound, and InConflict if it was delivered."""
    await context.parse(Nothing, required=False)
    webhook = await load_webhook(context)
    delivery_id = context.params["deliveryId"]
    delivery = await context.services.webhooks.deliveries.get(context.tenant, delivery_id)
    if delivery is None:
        raise NotFound("delivery", delivery_id)
    outcome = await redrive_delivery(
        context.services, context.principal, webhook.id, delivery_id, at=context.now()
    )
    delivery.status, delivery.due_at = outcome.state.status, outcome.state.due_at
    return context.reply(202, render_delivery(delivery), position=outcome.position)


def render_delivery(delivery: Document) -> JsonObject:
    """Return a delivery."""
    return {
        "id": delivery.id,
        "event": delivery.event,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "lastStatusCode": delivery.last_status,
        "lastError": delivery.last_error,
        "nextAttemptAt": optional_time(delivery.due_at),
        "createdAt": format_time(delivery.created_at),
    }
