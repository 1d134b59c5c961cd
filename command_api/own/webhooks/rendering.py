"""Registrations and deliveries as JSON."""

from baton.command_api.dialect.rendering import optional_time, without_none
from baton.domain.delivery.messages import (
    DeliveryDied,
    DeliveryFailed,
    DeliveryRedriven,
    DeliverySucceeded,
    Event,
)
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


def render_attempt(event: Event) -> JsonObject | None:
    """Return an attempt of a delivery or its redrive, None for any other event of it."""
    match event:
        case DeliverySucceeded():
            return {"outcome": "delivered", **_attempt(event)}
        case DeliveryFailed():
            failed = {"error": event.error, "nextAt": format_time(event.next_at)}
            return {"outcome": "failed", **_attempt(event), **failed}
        case DeliveryDied():
            return {"outcome": "dead", **_attempt(event), "error": event.error}
        case DeliveryRedriven():
            by = event.actor.subject
            return {"outcome": "redriven", "at": format_time(event.at), "by": by}
        case _:
            return None


def _attempt(event: DeliverySucceeded | DeliveryFailed | DeliveryDied) -> JsonObject:
    shown = {"at": format_time(event.at), "attempt": event.attempt, "status": event.status}
    return without_none(shown)
