"""The state of a webhook registration, folded from its events."""

from dataclasses import dataclass, replace
from typing import assert_never

from baton.domain.webhook.messages import (
    Event,
    EventType,
    Reason,
    SecretRotated,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookUpdated,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A registration; `webhook_id` is empty before it is created.

    `retired_id` is the secret that signs too until `retire_at`, in ms since the epoch, UTC.
    `disabled` is why Baton stopped the deliveries, None if it didn't.
    """

    tenant: str = ""
    webhook_id: str = ""
    url: str = ""
    events: tuple[EventType, ...] = ()
    secret_id: str = ""
    retired_id: str | None = None
    retire_at: int = 0
    active: bool = False
    ordered: bool = False
    disabled: Reason | None = None
    created_at: int = 0
    deleted: bool = False

    @property
    def exists(self) -> bool:
        """Whether the registration was created and isn't deleted."""
        return bool(self.webhook_id) and not self.deleted

    def wants(self, event: EventType) -> bool:
        """Return whether the registration gets events of this type."""
        return self.exists and self.active and event in self.events

    def secret_ids_at(self, now: int) -> tuple[str, ...]:
        """Return the ids of the secrets that sign at `now`, the newest first."""
        if self.retired_id is None or now >= self.retire_at:
            return (self.secret_id,)
        return (self.secret_id, self.retired_id)


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case WebhookCreated():
            return State(
                tenant=event.tenant,
                webhook_id=event.webhook_id,
                url=event.url,
                events=event.events,
                secret_id=event.secret_id,
                active=event.active,
                ordered=event.ordered,
                created_at=event.at,
            )
        case WebhookUpdated():
            return replace(
                state,
                url=event.url,
                events=event.events,
                active=event.active,
                ordered=event.ordered,
                disabled=None if event.active else state.disabled,
            )
        case SecretRotated():
            return replace(
                state,
                secret_id=event.secret_id,
                retired_id=event.retired_id,
                retire_at=event.retire_at,
            )
        case WebhookDisabled():
            return replace(state, active=False, disabled=event.reason)
        case WebhookDeleted():
            return replace(state, deleted=True, active=False)
    assert_never(event)
