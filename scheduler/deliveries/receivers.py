"""The state and the secrets of each registration, read once per change."""

from typing import Final

from baton.domain.stream import stream_name
from baton.domain.webhook.decisions import DECIDER
from baton.domain.webhook.state import State
from baton.eventlog.loops.load import load
from baton.eventlog.ports.secrets import Secrets
from baton.eventlog.ports.stores import EventStore

MAX_KEPT: Final = 10_000
"""The number of cached registrations, and of cached secrets; others are read again."""


class Receivers:
    """The registrations and secrets of recent deliveries."""

    def __init__(self, store: EventStore, secrets: Secrets) -> None:
        self._store = store
        self._stored = secrets
        self._webhooks: dict[str, State] = {}
        self._secrets: dict[tuple[str, str], str] = {}

    def changed(self, stream: str) -> None:
        """Read the registration again at its next delivery."""
        self._webhooks.pop(stream, None)

    async def get(self, tenant: str, webhook_id: str) -> State:
        """Return a registration; raises `Unavailable`."""
        stream = stream_name(tenant, DECIDER.name, webhook_id)
        webhook = self._webhooks.get(stream)
        if webhook is None:
            webhook = (await load(self._store, DECIDER, stream)).state
            if len(self._webhooks) >= MAX_KEPT:
                self._webhooks.clear()
            self._webhooks[stream] = webhook
        return webhook

    async def secrets_of(self, webhook: State, now: int) -> list[str]:
        """Return the secrets that sign at `now`, without deleted ones.

        Raises `Unavailable`, and `Unreadable` for a secret whose encryption key isn't configured.
        """
        secrets = [
            await self._secret(webhook.tenant, secret_id)
            for secret_id in webhook.secret_ids_at(now)
        ]
        return [secret for secret in secrets if secret is not None]

    async def _secret(self, tenant: str, secret_id: str) -> str | None:
        # The value of an id never changes: a new secret has a new id.
        key = tenant, secret_id
        sealed = self._secrets.get(key) or await self._stored.get(tenant, secret_id)
        if sealed is not None:
            if len(self._secrets) >= MAX_KEPT:
                self._secrets.clear()
            self._secrets[key] = sealed
        return sealed
