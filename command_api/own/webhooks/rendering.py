"""Registrations and deliveries as JSON."""

from baton.command_api.dialect.rendering import optional_time, without_none
from baton.domain.json import JsonObject
from baton.domain.webhook.state import State
from baton.projector.views.deliveries.view import Document as Delivery
from baton.projector.views.webhooks.view import Document as Webhook
from baton.protocols.iso_time import format_time


def render_registered(webhook: State, updated_at: int) -> JsonObject:
    """Return a registration that a request has just made or changed, without its secret."""
    return {
        "id": webhook.webhook_id,
        "url": webhook.url,
        "events": list(webhook.events),
        "active": webhook.active,
        "ordered": webhook.ordered,
        "createdAt": format_time(webhook.created_at),
        "updatedAt": format_time(updated_at),
    }


def render_webhook(webhook: Webhook) -> JsonObject:
    """Return a registration without its secret."""
    return without_none(
        {
            "id": webhook.id,
            "url": webhook.url,
            "events": list(webhook.events),
            "active": webhook.active,
            "ordered": webhook.ordered,
            "disabled": webhook.disabled,
            "createdAt": format_time(webhook.created_at),
            "updatedAt": format_time(webhook.updated_at),
        }
    )


def render_delivery(delivery: Delivery) -> JsonObject:
    """Return a delivery."""
    return without_none(
        {
            "id": delivery.id,
            "webhookId": delivery.webhook_id,
            "event": delivery.event,
            "runId": delivery.run_id,
            "stepId": delivery.step_id,
            "status": delivery.status,
            "attempts": delivery.attempts,
            "lastStatus": delivery.last_status,
            "lastError": delivery.last_error,
            "dueAt": optional_time(delivery.due_at),
            "createdAt": format_time(delivery.created_at),
            "updatedAt": format_time(delivery.updated_at),
        }
    )
