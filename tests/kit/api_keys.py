"""API keys of tests: created in a store as `baton apikey create` does."""

import secrets
from dataclasses import dataclass
from typing import Any

from baton.command_api.commands.access import AccessStores, create_api_key, revoke_api_key
from baton.domain.actor import Actor
from baton.domain.api_key.messages import CreateApiKey
from baton.eventlog.clock import SystemClock
from baton.eventlog.ids import new_id
from baton.eventlog.ports.backend import Stores
from baton.protocols.api_key_text import SECRET_BYTES, hash_key, make_key

OPERATOR = Actor("root", "system")
READ_AND_WRITE = ("orchestrator:read", "orchestrator:write")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a tenant; `text` is what a client sends."""

    tenant: str
    id: str
    text: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request with this key."""
        return {"Authorization": f"Bearer {self.text}"}


async def create_key(stores: Stores, tenant: str = "acme", **changed: Any) -> Key:
    """Create a key that reads and writes; `changed` replaces members of the command."""
    now = SystemClock().now()
    key_id = new_id(now)
    text = make_key(tenant, key_id, secrets.token_bytes(SECRET_BYTES))
    members: dict[str, Any] = {"name": "importer", "scopes": READ_AND_WRITE, "at": now, **changed}
    command = CreateApiKey(
        tenant=tenant, key_id=key_id, key_hash=hash_key(text), actor=OPERATOR, **members
    )
    await create_api_key(access_of(stores), command)
    return Key(tenant, key_id, text)


async def revoke_key(stores: Stores, key: Key) -> None:
    """Revoke a key as `baton apikey revoke` does."""
    at = SystemClock().now()
    await revoke_api_key(access_of(stores), key.tenant, key.id, actor=OPERATOR, at=at)


def access_of(stores: Stores) -> AccessStores:
    """Return the ports that changes of access need."""
    return AccessStores(stores.events, stores.checkpoints)
