"""Models of the responses about webhooks, for the OpenAPI document."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from baton.domain.delivery.state import Status
from baton.domain.webhook.messages import EventType


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class WebhookRegistration(_Shape):
    """A registration; only the answers that create or change it show its secret."""

    id: str
    url: str
    events: list[EventType]
    secret: str | None
    active: bool
    created_at: str
    ordered: Literal[True] | None = None


class _Page(_Shape):
    total: int
    limit: int
    offset: int


class WebhookRegistrationPage(_Page):
    """A page of registrations."""

    items: list[WebhookRegistration]


class WebhookRegistrations(RootModel[list[WebhookRegistration] | WebhookRegistrationPage]):
    """Registrations: an array in version 1, a page in version 2."""


class Delivery(_Shape):
    """An event for a receiver; `nextAttemptAt` is null unless it is pending."""

    id: str
    event: EventType
    status: Status
    attempts: int
    last_status_code: int | None
    last_error: str | None
    next_attempt_at: str | None
    created_at: str


class DeliveryPage(_Page):
    """A page of deliveries."""

    items: list[Delivery]


class Deliveries(RootModel[list[Delivery] | DeliveryPage]):
    """Deliveries of a registration: an array in version 1, a page in version 2."""


class TestResult(_Shape):
    """The outcome of a test; `statusCode` is null if there was no response."""

    __test__ = False

    success: bool
    status_code: int | None
    message: str
