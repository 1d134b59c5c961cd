"""Bodies that register, change or test a webhook; dialects name them and list read-only members."""

from pydantic import Field

from baton.command_api.commands import WebhookBody
from baton.command_api.commands.webhook_tests import TestMessage
from baton.command_api.dialect.bodies import Model
from baton.domain.json import Json
from baton.domain.webhook.messages import EventType
from baton.domain.webhook.state import State


class NewRegistration(Model):
    """The body of a new registration; without a secret, one is made."""

    url: str
    events: list[EventType] = Field(min_length=1)
    secret: str | None = Field(default=None, repr=False)
    active: bool = True
    ordered: bool = False

    def body(self) -> WebhookBody:
        """Return the members of the registration."""
        return WebhookBody(
            url=self.url,
            events=tuple(self.events),
            secret=self.secret,
            active=self.active,
            ordered=self.ordered,
        )


class RegistrationChange(Model):
    """The body of a change; members that it doesn't name keep their values.

    `model_fields_set` holds the named ones. Lists show the secret as null, so null keeps it.
    """

    url: str = Field(default_factory=str)
    events: list[EventType] = Field(default_factory=list, min_length=1)
    secret: str | None = Field(default=None, repr=False)
    active: bool = Field(default_factory=bool)
    ordered: bool = Field(default_factory=bool)

    def after(self, seen: State) -> WebhookBody:
        """Return the members of the registration after the change."""
        named = self.model_fields_set
        return WebhookBody(
            url=self.url if "url" in named else seen.url,
            events=tuple(self.events) if "events" in named else seen.events,
            secret=self.secret,
            active=self.active if "active" in named else seen.active,
            ordered=self.ordered if "ordered" in named else seen.ordered,
        )


class AnyMessage(Model):
    """The body that posts a message to any URL once."""

    url: str
    event: EventType
    payload: Json = None
    secret: str | None = Field(default=None, repr=False)

    def message(self) -> TestMessage:
        """Return the message; without a secret it is signed with a random one."""
        return TestMessage(url=self.url, event=self.event, data=self.payload, secret=self.secret)
