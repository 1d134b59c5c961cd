"""Request bodies of webhooks."""

from typing import ClassVar, Final

from baton.command_api.dialect.bodies import Model
from baton.command_api.dialect.webhooks_out.requests import (
    AnyMessage,
    NewRegistration,
    RegistrationChange,
)

_READ_ONLY: Final = frozenset(("id", "createdAt"))


class RegisterWebhook(NewRegistration):
    """The body of POST /webhooks; without a secret, one is made.

    `ordered` keeps the order of the deliveries of each execution: one waits for the one before it.
    """

    read_only: ClassVar[frozenset[str]] = _READ_ONLY


class UpdateWebhook(RegistrationChange):
    """The body of PUT /webhooks/{id}; members that it doesn't name keep their values.

    Another secret rotates it: for 24 hours deliveries have a signature of each.
    """

    read_only: ClassVar[frozenset[str]] = _READ_ONLY


class Nothing(Model):
    """The body of POST /webhooks/{id}/deliveries/{deliveryId}/redrive, which may be missing."""


class TryWebhook(AnyMessage):
    """The body of POST /webhooks/test: a message that is posted once."""
