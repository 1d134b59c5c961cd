"""The operations on webhooks."""

from dataclasses import asdict
from typing import Final

from baton.command_api.commands import (
    delete_webhook,
    redrive_delivery,
    register_webhook,
    update_webhook,
    webhook_secret,
)
from baton.command_api.commands.webhook_tests import TestMessage, post_test_message
from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.webhooks_out.kept_secrets import show_secret
from baton.command_api.dialect.webhooks_out.registrations import (
    STATUSES,
    load_webhook,
    page_of_deliveries,
)
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.empty_body import Nothing
from baton.command_api.own.webhooks.documents import (
    ChangeBody,
    DeliveryPage,
    RegisterBody,
    RegisteredWebhook,
    TestOutcome,
    WebhookPage,
    WholeWebhook,
)
from baton.command_api.own.webhooks.rendering import (
    render_delivery,
    render_registered,
    render_webhook,
)
from baton.command_api.principal import READ, WRITE
from baton.domain.json import JsonObject
from baton.domain.stream import stream_name
from baton.domain.webhook.decisions import DECIDER
from baton.eventlog.loops.load import load

MAX_LIMIT: Final = 500
LATE_MS: Final = 5_000
"""A delivery that is due for longer than this is held back."""


async def _list(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    webhooks, total = await context.services.webhooks.registrations.page(
        context.tenant, offset=page.offset, limit=page.limit
    )
    shown = [render_webhook(webhook) for webhook in webhooks]
    body = {"webhooks": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def _register(context: RequestContext) -> Reply:
    body = await context.parse(RegisterBody)
    outcome = await register_webhook(
        context.services, context.principal, context.new_id(), body.body(), at=context.now()
    )
    shown = render_registered(outcome.state, outcome.state.created_at)
    return context.reply(201, shown, position=outcome.position)


async def _show(context: RequestContext) -> Reply:
    webhook = await load_webhook(context)
    receiver = await _receiver(context, webhook.id)
    return context.reply(200, {**render_webhook(webhook), "receiver": receiver})


async def _receiver(context: RequestContext, webhook_id: str) -> JsonObject:
    deliveries, late = context.services.webhooks.deliveries, context.now() - LATE_MS
    pending = await deliveries.pending(context.tenant, webhook_id)
    held = await deliveries.pending(context.tenant, webhook_id, due_before=late)
    failed = await deliveries.pending(context.tenant, webhook_id, due_after=context.now())
    state = "held" if held else "retrying" if failed else "sending" if pending else "idle"
    return {"state": state, "pending": pending, "held": held}


async def _change(context: RequestContext) -> Reply:
    body = await context.parse(ChangeBody)
    outcome = await update_webhook(
        context.services,
        context.principal,
        context.params["webhookId"],
        body.after,
        at=context.now(),
    )
    shown = render_registered(outcome.state, context.now())
    secret = await webhook_secret(context.services, outcome.state)
    return context.reply(200, {**shown, "secret": secret}, position=outcome.position)


async def _delete(context: RequestContext) -> Reply:
    outcome = await delete_webhook(
        context.services, context.principal, context.params["webhookId"], at=context.now()
    )
    return context.reply(204, position=outcome.position)


async def _list_deliveries(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    deliveries, total = await page_of_deliveries(context, page)
    shown = [render_delivery(delivery) for delivery in deliveries]
    body = {"deliveries": shown, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def _redrive(context: RequestContext) -> Reply:
    await context.parse(Nothing, required=False)
    webhook, delivery_id = await load_webhook(context), context.params["deliveryId"]
    outcome = await redrive_delivery(
        context.services, context.principal, webhook.id, delivery_id, at=context.now()
    )
    body = {"id": delivery_id, "status": outcome.state.status}
    return context.reply(202, body, position=outcome.position)


async def _test(context: RequestContext) -> Reply:
    await context.parse(Nothing, required=False)
    webhook_id, tenant = (await load_webhook(context)).id, context.tenant
    stream = stream_name(tenant, DECIDER.name, webhook_id)
    webhook = (await load(context.services.store, DECIDER, stream)).state
    message = TestMessage(
        url=webhook.url,
        event=webhook.events[0],
        data={"test": True},
        secret=await webhook_secret(context.services, webhook),
    )
    outcome = await post_test_message(context.services, context.caller, message, at=context.now())
    return context.reply(200, without_none(asdict(outcome)))


_PAGE = (
    limit_parameter(50, MAX_LIMIT),
    OFFSET_PARAMETER,
)
_DENIED = {403: "The token lacks the scope"}
_NOT_FOUND = {**_DENIED, 404: "The tenant has no such webhook or delivery"}

ROUTES = (
    Route(
        method="GET",
        path="/webhooks",
        handler=_list,
        scope=READ,
        summary="List webhook registrations, the oldest first",
        tag="Webhooks",
        response=WebhookPage,
        query=_PAGE,
        problems={**_DENIED, 400: "Invalid parameter"},
    ),
    Route(
        method="POST",
        path="/webhooks",
        handler=_register,
        scope=WRITE,
        summary="Register a webhook; the answer shows its secret",
        tag="Webhooks",
        request=RegisterBody,
        response=RegisteredWebhook,
        status=201,
        problems={**_DENIED, 400: "Invalid request body", 409: "Conflict"},
        complete=show_secret,
    ),
    Route(
        method="GET",
        path="/webhooks/{webhookId}",
        handler=_show,
        scope=READ,
        summary="Get a webhook registration, and whether its receiver accepts deliveries",
        tag="Webhooks",
        response=WholeWebhook,
        problems=_NOT_FOUND,
    ),
    Route(
        method="PUT",
        path="/webhooks/{webhookId}",
        handler=_change,
        scope=WRITE,
        summary="Change a webhook registration; the answer shows its secret",
        tag="Webhooks",
        request=ChangeBody,
        response=RegisteredWebhook,
        problems={**_NOT_FOUND, 400: "Invalid request body"},
    ),
    Route(
        method="DELETE",
        path="/webhooks/{webhookId}",
        handler=_delete,
        scope=WRITE,
        summary="Delete a webhook registration",
        tag="Webhooks",
        status=204,
        problems=_NOT_FOUND,
    ),
    Route(
        method="GET",
        path="/webhooks/{webhookId}/deliveries",
        handler=_list_deliveries,
        scope=READ,
        summary="List deliveries of a webhook, the newest first",
        tag="Webhooks",
        response=DeliveryPage,
        query=(
            QueryParameter(name="status", schema={"type": "string", "enum": list(STATUSES)}),
            *_PAGE,
        ),
        problems={**_NOT_FOUND, 400: "Invalid parameter"},
    ),
    Route(
        method="POST",
        path="/webhooks/{webhookId}/deliveries/{deliveryId}/redrive",
        handler=_redrive,
        scope=WRITE,
        summary="Deliver a message again, at once and with all attempts",
        tag="Webhooks",
        request=Nothing,
        request_required=False,
        status=202,
        problems={
            **_NOT_FOUND,
            400: "Invalid request body",
            409: "The delivery has reached its receiver",
        },
    ),
    Route(
        method="POST",
        path="/webhooks/{webhookId}/test",
        handler=_test,
        scope=WRITE,
        summary="Post a signed test message to a webhook, once",
        tag="Webhooks",
        request=Nothing,
        request_required=False,
        response=TestOutcome,
        problems={**_NOT_FOUND, 400: "Invalid request body, or a URL that isn't permitted"},
    ),
)
