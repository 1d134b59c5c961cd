"""A registered webhook with a delivery that is dead, for tests of routes."""

from typing import Any

from baton.command_api.commands import WebhookBody, register_webhook
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.delivery.decisions import DECIDER
from baton.domain.delivery.messages import ReportFailure, RequestDelivery
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import transact

CLOSED = "http://127.0.0.1:9/hook"
"""The URL of a receiver that refuses every connection."""


async def dead_delivery(services: Services, user: Principal, url: str = CLOSED) -> dict[str, str]:
    """Register a webhook and give up a delivery of it; return both ids once the views hold them."""
    now, webhook_id, delivery_id = services.clock.now(), services.new_id(), services.new_id()
    body = WebhookBody(url=url, events=("workflow.execution.completed",))
    await register_webhook(services, user, webhook_id, body, at=now)
    commands: list[Any] = [
        RequestDelivery(
            tenant=user.tenant,
            webhook_id=webhook_id,
            event="workflow.execution.completed",
            run_id="r" * 20,
            run_version=5,
            at=now,
        ),
        ReportFailure(attempt=1, error="HTTP_503: refused", status=503, at=now),
    ]
    position = 0
    for command in commands:
        stream = stream_name(user.tenant, DECIDER.name, delivery_id)
        position = (await transact(services.store, DECIDER, stream, command)).position
    assert await services.reached(position, 5_000)
    return {"webhookId": webhook_id, "deliveryId": delivery_id}
