"""Commands and events of a webhook registration. Event names and fields are the storage format.

A registration names its secrets by their ids; the secrets themselves are stored sealed, beside the
events. Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.actor import Actor

EventType: TypeAlias = Literal[
    "workflow.execution.started",
    "workflow.execution.completed",
    "workflow.execution.failed",
    "workflow.execution.cancelled",
    "task.execution.started",
    "task.execution.completed",
    "task.execution.failed",
    "task.execution.retrying",
]
"""The types of events that a receiver can get, by their public names."""

Reason: TypeAlias = Literal["gone"]
"""The reason why Baton disabled a registration: "gone" means that the receiver answered 410."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook:
    """Register a URL; `ordered` keeps the order of each run's deliveries."""

    tenant: str
    webhook_id: str
    url: str
    events: tuple[EventType, ...]
    secret_id: str
    active: bool = True
    ordered: bool = False
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWebhook:
    """Replace the members of a registration.

    With another `secret_id`, the previous secret signs too until `retire_at`.
    """

    url: str
    events: tuple[EventType, ...]
    secret_id: str
    active: bool = True
    ordered: bool = False
    retire_at: int
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableWebhook:
    """Stop deliveries, because the receiver no longer wants them."""

    reason: Reason
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteWebhook:
    """Delete the registration."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCreated:
    """The URL was registered; it gets the events that follow in the log."""

    tenant: str
    webhook_id: str
    url: str
    events: tuple[EventType, ...]
    secret_id: str
    active: bool = True
    ordered: bool = False
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookUpdated:
    """The registration changed; an active registration is no longer disabled."""

    url: str
    events: tuple[EventType, ...]
    active: bool = True
    ordered: bool = False
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRotated:
    """A new secret signs; the secret `retired_id` signs too until `retire_at`."""

    secret_id: str
    retired_id: str
    retire_at: int
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled:
    """Baton stopped the deliveries of this registration."""

    reason: Reason
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDeleted:
    """The registration was deleted."""

    actor: Actor
    at: int


Command: TypeAlias = CreateWebhook | UpdateWebhook | DisableWebhook | DeleteWebhook
Event: TypeAlias = (
    WebhookCreated | WebhookUpdated | SecretRotated | WebhookDisabled | WebhookDeleted
)
