"""Request bodies of webhooks."""

from typing import ClassVar, Final

from pydantic import Field

from baton.command_api.commands import WebhookBody
from baton.command_api.dialect.bodies import Model
from baton.domain.json import Json
from baton.domain.webhook.messages import EventType
from baton.domain.webhook.state import State

_READ_ONLY: Final = frozenset(("id", "createdAt"))


class RegisterWebhook(Model):
    """The body of POST /webhooks; without a secret, one is made.

    `ordered` keeps the order of the deliveries of each execution: one waits for the one before it.
    """

    read_only: ClassVar[frozenset[str]] = _READ_ONLY

    url: str
    events: list[EventType] = Field(min_length=1)
    secret: str | None = Field(default=None, repr=False)
    active: bool = True
    ordered: bool = False

    def body(self) -> WebhookBody:
        """Return what the registration says."""
        return WebhookBody(
            url=self.url,
            events=tuple(self.events),
            secret=self.secret,
            active=self.active,
            ordered=self.ordered,
        )


class UpdateWebhook(Model):
    """The body of PUT /webhooks/{id}; members that it doesn't name keep their values.

    Another secret rotates it: for 24 hours deliveries have a signature of each.
    """

    read_only: ClassVar[frozenset[str]] = _READ_ONLY

    url: str | None = None
    events: list[EventType] | None = Field(default=None, min_length=1)
    secret: str | None = Field(default=None, repr=False)
    active: bool | None = None
    ordered: bool | None = None

    def after(self, seen: State) -> WebhookBody:
        """Return what the registration says from now on."""
        return WebhookBody(
            url=seen.url if self.url is None else self.url,
            events=seen.events if self.events is None else tuple(self.events),
            secret=self.secret,
            active=seen.active if self.active is None else self.active,
            ordered=seen.ordered if self.ordered is None else self.ordered,
        )


class Nothing(Model):
    """The body of POST /webhooks/{id}/deliveries/{deliveryId}/redrive, which may be missing."""


class TryWebhook(Model):
    """The body of POST /webhooks/test: a message that is posted once."""

    url: str
    event: EventType
    payload: Json = None
    secret: str | None = Field(default=None, repr=False)
