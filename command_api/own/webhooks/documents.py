"""Models of the responses about webhooks."""

from typing import Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.webhooks_out.requests import NewRegistration, RegistrationChange
from baton.domain.delivery.state import Status
from baton.domain.webhook.messages import EventType, Reason


class RegisterBody(NewRegistration):
    """The body of POST /webhooks; without a secret, one is made."""


class ChangeBody(RegistrationChange):
    """The body of PUT /webhooks/{webhookId}; members that it doesn't name keep their values.

    A new secret replaces the present one; for 24 hours, both sign.
    """


class WebhookSummary(BaseModel):
    """A registration, without its secret; `disabled` is why Baton stopped its deliveries."""

    id: str
    url: str
    events: list[EventType]
    active: bool
    ordered: bool
    disabled: Reason | None = None
    createdAt: str  # noqa: N815 - the names of the JSON
    updatedAt: str  # noqa: N815


class Receiver(BaseModel):
    """The state of the deliveries of a registration, from the stored data.

    `held` deliveries should have been sent 5 s ago or earlier: the receiver's circuit is open, or
    its slots are all in use. `retrying` means that some failed and wait for their next attempt.
    """

    state: Literal["idle", "sending", "retrying", "held"]
    pending: int = Field(description="Deliveries that have neither arrived nor been given up")
    held: int


class WholeWebhook(WebhookSummary):
    """A registration and the state of its receiver."""

    receiver: Receiver


class RegisteredWebhook(WebhookSummary):
    """A registration as the answers show it that create or change it."""

    secret: str | None


class WebhookPage(BaseModel):
    """One page of registrations, the oldest first, and how many there are in all."""

    webhooks: list[WebhookSummary]
    total: int
    limit: int
    offset: int


class DeliverySummary(BaseModel):
    """A delivery: the event of a run that it reports, and its outcome."""

    id: str
    webhookId: str  # noqa: N815
    event: EventType
    runId: str  # noqa: N815
    stepId: str | None = None  # noqa: N815
    status: Status
    attempts: int
    lastStatus: int | None = None  # noqa: N815
    lastError: str | None = None  # noqa: N815
    dueAt: str | None = None  # noqa: N815
    createdAt: str  # noqa: N815
    updatedAt: str  # noqa: N815


class AttemptShown(BaseModel):
    """An attempt of a delivery, or the request to deliver again (`redriven`)."""

    outcome: Literal["delivered", "failed", "dead", "redriven"]
    at: str
    attempt: int | None = None
    status: int | None = Field(default=None, description="The status of the receiver's answer")
    error: str | None = None
    nextAt: str | None = None  # noqa: N815
    by: str | None = Field(default=None, description="The subject that redrove it")


class WholeDelivery(DeliverySummary):
    """A delivery and its history, the oldest entry first."""

    history: list[AttemptShown]


class DeliveryPage(BaseModel):
    """One page of deliveries, the newest first, and how many match in all."""

    deliveries: list[DeliverySummary]
    total: int
    limit: int
    offset: int


class TestOutcome(BaseModel):
    """The outcome of a test message; without a response there is no `status`."""

    __test__ = False

    success: bool
    status: int | None = None
    message: str
