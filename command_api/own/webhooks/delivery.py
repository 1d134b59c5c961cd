"""One delivery with its attempts, and the deliveries about one run."""

from typing import Any, Final

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.webhooks_out.registrations import load_webhook
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.webhooks.documents import DeliveryPage, WholeDelivery
from baton.command_api.own.webhooks.rendering import render_attempt, render_delivery
from baton.command_api.principal import READ
from baton.domain.delivery.decisions import DECIDER
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.domain.stream import stream_name

MAX_LIMIT: Final = 500


async def _show(context: RequestContext) -> Reply:
    webhook, ident = await load_webhook(context), context.params["deliveryId"]
    delivery = await context.services.webhooks.deliveries.get(context.tenant, ident)
    if delivery is None or delivery.webhook_id != webhook.id:
        raise NotFound("delivery", ident)
    history = await context.services.store.read(stream_name(context.tenant, DECIDER.name, ident))
    events: list[Any] = [stored.event for stored in history]
    attempts = [shown for event in events if (shown := render_attempt(event)) is not None]
    return context.reply(200, {**render_delivery(delivery), "history": attempts})


async def _list_of_run(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    run = await load_run(context, context.params["runId"])
    deliveries, total = await context.services.webhooks.deliveries.of_run(
        context.tenant, run.id, offset=page.offset, limit=page.limit
    )
    shown = [render_delivery(delivery) for delivery in deliveries]
    body = {"deliveries": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, without_none(body))


_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u8h6gtk2q1v9m4x0",
    "webhookId": "d3c0u7p6gtk2q1v9m4w0",
    "event": "workflow.execution.completed",
    "runId": "d3c0u8h6gtk2q1v9m4tg",
    "status": "delivered",
    "attempts": 2,
    "lastStatus": 200,
    "createdAt": "2026-01-05T09:00:01.000Z",
    "updatedAt": "2026-01-05T09:00:06.100Z",
    "history": [
        {
            "outcome": "failed",
            "at": "2026-01-05T09:00:01.050Z",
            "attempt": 1,
            "status": 503,
            "error": "HTTP_503: try later",
            "nextAt": "2026-01-05T09:00:06.050Z",
        },
        {"outcome": "delivered", "at": "2026-01-05T09:00:06.100Z", "attempt": 2, "status": 200},
    ],
}

ROUTES = (
    Route(
        method="GET",
        path="/webhooks/{webhookId}/deliveries/{deliveryId}",
        handler=_show,
        scope=READ,
        summary="Get a delivery with its attempts",
        operation_id="getDelivery",
        tag="Webhooks",
        response=WholeDelivery,
        example=_EXAMPLE,
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such webhook or delivery",
        },
    ),
    Route(
        method="GET",
        path="/runs/{runId}/deliveries",
        handler=_list_of_run,
        scope=READ,
        summary="List the webhook deliveries about a run, the newest first",
        operation_id="getRunDeliveries",
        tag="Runs",
        response=DeliveryPage,
        query=(
            limit_parameter(50, MAX_LIMIT),
            OFFSET_PARAMETER,
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run",
        },
    ),
)
