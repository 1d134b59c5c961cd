"""Reads a registration and its deliveries for a request."""

from typing import Final, get_args

from baton.command_api.dialect.paging import Page
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.request_context import RequestContext
from baton.domain.delivery.state import Status
from baton.domain.errors import NotFound
from baton.projector.views.deliveries.view import Document as Delivery
from baton.projector.views.webhooks.view import Document as Webhook

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""The values of the query parameter `status` of deliveries."""


async def load_webhook(context: RequestContext) -> Webhook:
    """Return the registration that the path names; raises NotFound."""
    webhook_id = context.params["webhookId"]
    webhook = await context.services.webhooks.registrations.get(context.tenant, webhook_id)
    if webhook is None:
        raise NotFound("webhook_registration", webhook_id)
    return webhook


async def page_of_deliveries(context: RequestContext, page: Page) -> tuple[list[Delivery], int]:
    """Return deliveries of the registration that the path names, newest first, and their number.

    The number counts all that match. Raises Refused 400 for the status, and NotFound.
    """
    status = choice(context.query, "status", STATUSES)
    webhook = await load_webhook(context)
    return await context.services.webhooks.deliveries.page(
        context.tenant,
        webhook.id,
        statuses=() if status is None else (status,),
        offset=page.offset,
        limit=page.limit,
    )
