"""Registering webhooks, changing their secrets, and redriving their deliveries."""

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.delivery.decisions import DECIDER as DELIVERY
from baton.domain.delivery.messages import Redrive
from baton.domain.delivery.state import State as Delivery
from baton.domain.errors import Fault, Invalid, NotFound, Rejected
from baton.domain.stream import stream_name
from baton.domain.webhook.decisions import DECIDER as WEBHOOK
from baton.domain.webhook.messages import (
    CreateWebhook,
    DeleteWebhook,
    EventType,
    UpdateWebhook,
)
from baton.domain.webhook.state import State as Webhook
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, transact
from baton.protocols.address_policy import BlockedAddress
from baton.protocols.standard_webhooks import key_bytes

MIN_KEY_BYTES: Final = 8
"""The minimum size of a secret in bytes; a generated one has 32."""
MAX_SECRET: Final = 200
"""Longest secret, in characters."""
RETIRE_MS: Final = 24 * 3_600_000
"""The time for which the previous secret signs too, in ms, so that receivers can change over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookBody:
    """The content of a registration; with `secret` None, a new one gets a generated secret.

    A change with `secret` None keeps the present secret.
    """

    url: str
    events: tuple[EventType, ...]
    secret: str | None = None
    active: bool = True
    ordered: bool = False


async def register_webhook(
    services: Services, principal: Principal, webhook_id: str, body: WebhookBody, *, at: int
) -> CommandResult[Webhook]:
    """Register a URL; the same id with the same body again changes nothing.

    Raises Invalid for a URL that may not be called and for a secret that can be guessed, and
    InConflict for an id that is taken.
    """
    _check(services, body)
    stream = stream_name(principal.tenant, WEBHOOK.name, webhook_id)
    known = await load(services.store, WEBHOOK, stream)
    secret_id = known.state.secret_id or await _store_secret(services, principal.tenant, body)
    command = CreateWebhook(
        tenant=principal.tenant,
        webhook_id=webhook_id,
        url=body.url,
        events=body.events,
        secret_id=secret_id,
        active=body.active,
        ordered=body.ordered,
        actor=principal.actor,
        at=known.state.created_at or at,
    )
    try:
        return await transact(services.store, WEBHOOK, stream, command, known=known)
    except Rejected:
        if secret_id != known.state.secret_id:
            await services.secrets.forget(principal.tenant, secret_id)
        raise


async def update_webhook(
    services: Services,
    principal: Principal,
    webhook_id: str,
    change: Callable[[Webhook], WebhookBody],
    *,
    at: int,
) -> CommandResult[Webhook]:
    """Replace the members of a registration; a new secret retires the present one.

    Args:
        services: The process's services.
        principal: The caller.
        webhook_id: The registration's id.
        change: Called with the registration; returns its new members.
        at: The time of the request.

    Raises NotFound, Invalid as `register_webhook` does, and InConflict.
    """
    stream = stream_name(principal.tenant, WEBHOOK.name, webhook_id)
    known = await load(services.store, WEBHOOK, stream)
    webhook = known.state
    if not webhook.exists:
        raise NotFound("webhook_registration", webhook_id)
    body = change(webhook)
    _check(services, body)
    secret_id = webhook.secret_id
    if body.secret is not None and body.secret != await webhook_secret(services, webhook):
        secret_id = await _store_secret(services, webhook.tenant, body)
    command = UpdateWebhook(
        url=body.url,
        events=body.events,
        secret_id=secret_id,
        active=body.active,
        ordered=body.ordered,
        retire_at=at + RETIRE_MS,
        actor=principal.actor,
        at=at,
    )
    result = await transact(services.store, WEBHOOK, stream, command, known=known)
    forgotten = {webhook.retired_id} - {result.state.retired_id, None}
    for one in forgotten:
        await services.secrets.forget(webhook.tenant, str(one))
    return result


async def delete_webhook(
    services: Services, principal: Principal, webhook_id: str, *, at: int
) -> CommandResult[Webhook]:
    """Delete a registration and its secrets; its pending deliveries are given up.

    Raises NotFound, also for one that was deleted before.
    """
    stream = stream_name(principal.tenant, WEBHOOK.name, webhook_id)
    command = DeleteWebhook(actor=principal.actor, at=at)
    try:
        result = await transact(services.store, WEBHOOK, stream, command)
    except NotFound as refusal:
        raise NotFound("webhook_registration", webhook_id) from refusal
    for secret_id in {result.state.secret_id, result.state.retired_id} - {None}:
        await services.secrets.forget(principal.tenant, str(secret_id))
    if not result.changed:
        raise NotFound("webhook_registration", webhook_id)
    return result


async def redrive_delivery(
    services: Services, principal: Principal, webhook_id: str, delivery_id: str, *, at: int
) -> CommandResult[Delivery]:
    """Deliver a message again; raises NotFound, and InConflict if it was delivered."""
    stream = stream_name(principal.tenant, DELIVERY.name, delivery_id)
    known = await load(services.store, DELIVERY, stream)
    requested = known.state.requested
    if requested is None or requested.webhook_id != webhook_id:
        raise NotFound("delivery", delivery_id)
    command = Redrive(actor=principal.actor, at=at)
    return await transact(services.store, DELIVERY, stream, command, known=known)


async def webhook_secret(services: Services, webhook: Webhook) -> str | None:
    """Return the secret that signs now, None if it was deleted."""
    return await services.secrets.get(webhook.tenant, webhook.secret_id)


def generate_secret() -> str:
    """Return a new secret in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def check_address(services: Services, url: str) -> None:
    """Raise Invalid for a URL that may not be called."""
    try:
        services.webhooks.client.policy.check_url(url)
    except BlockedAddress as error:
        message = "The URL can't be called"
        raise Invalid(
            message, faults=[Fault(("url",), error.message)], subject="webhook_registration"
        ) from None


def check_secret(secret: str) -> None:
    """Raise Invalid for a secret that can be guessed or is too long."""
    if len(secret) <= MAX_SECRET and len(key_bytes(secret)) >= MIN_KEY_BYTES:
        return
    reason = f"must have at least {MIN_KEY_BYTES} bytes and at most {MAX_SECRET} characters"
    message = "The secret is not valid"
    raise Invalid(message, faults=[Fault(("secret",), reason)], subject="webhook_registration")


def _check(services: Services, body: WebhookBody) -> None:
    check_address(services, body.url)
    if body.secret is not None:
        check_secret(body.secret)


async def _store_secret(services: Services, tenant: str, body: WebhookBody) -> str:
    """Store the secret before an event names it, and return its id, which is always a new one."""
    secret_id = services.new_id()
    await services.secrets.put(tenant, secret_id, body.secret or generate_secret())
    return secret_id
