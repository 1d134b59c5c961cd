"""The part of a random history that is about webhooks: one command per turn, none of it random."""

from baton.domain.delivery.messages import (
    ForgetDelivery,
    Redrive,
    ReportFailure,
    ReportSuccess,
    RequestDelivery,
)
from baton.domain.ids import derived_id
from baton.domain.stream import stream_name
from baton.domain.webhook.messages import (
    CreateWebhook,
    DeleteWebhook,
    DisableWebhook,
    UpdateWebhook,
)
from tests.kit.actors import ANN, BOB

TENANTS = ("acme", "globex")
TURNS = 12
"""Turns in the life of one registration."""


def webhook_turn(number: int, at: int) -> list[tuple[str, object]]:
    """Return the commands of a turn, each with its stream."""
    life, turn = divmod(number, TURNS)
    tenant, webhook_id = TENANTS[life % 2], derived_id("webhook", str(life))
    webhook = stream_name(tenant, "webhook", webhook_id)
    first, second = (
        stream_name(tenant, "delivery", derived_id(webhook_id, which)) for which in "ab"
    )
    match turn:
        case 0:
            create = CreateWebhook(
                tenant=tenant,
                webhook_id=webhook_id,
                url="https://shop.example/hook",
                events=("workflow.execution.completed", "task.execution.failed"),
                secret_id=f"secret-{life}",
                ordered=life % 3 == 0,
                actor=ANN,
                at=at,
            )
            return [(webhook, create)]
        case 1:
            return [(one, _request(tenant, webhook_id, at, life)) for one in (first, second)]
        case 2 | 3 | 5:
            failure = ReportFailure(
                attempt={2: 1, 3: 2, 5: 3}[turn],
                error="HTTP_503: the receiver refused the delivery",
                status=503 if turn == 3 else None,
                backoff_ms=(100,),
                at=at,
            )
            return [(first, failure)]
        case 4 | 6:
            return [(first, Redrive(actor=BOB, at=at))]
        case 7:
            return [(first, ReportSuccess(attempt=4, status=200, at=at))]
        case 8 | 9:
            return [(webhook, _update(life, at, rotated=turn == 9))]
        case 10:
            disable = DisableWebhook(reason="gone", actor=BOB, at=at)
            forget = ForgetDelivery(ended_before=at, at=at)
            return [(webhook, disable), *([(first, forget)] if life % 2 else [])]
        case _:
            return [(webhook, DeleteWebhook(actor=ANN, at=at))] if life % 2 else []


def _request(tenant: str, webhook_id: str, at: int, life: int) -> RequestDelivery:
    return RequestDelivery(
        tenant=tenant,
        webhook_id=webhook_id,
        event="task.execution.failed",
        run_id=derived_id("run", str(life)),
        run_version=4,
        step_id="count",
        ordered=life % 3 == 0,
        at=at,
    )


def _update(life: int, at: int, *, rotated: bool) -> UpdateWebhook:
    return UpdateWebhook(
        url="https://shop.example/hooks",
        events=("workflow.execution.completed",),
        secret_id=f"secret-{life}{'-new' if rotated else ''}",
        active=True,
        ordered=life % 3 == 0,
        retire_at=at + 500,
        actor=BOB,
        at=at,
    )
