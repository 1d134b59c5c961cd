"""The authenticated caller: a token's claims (`Identity`), and one tenant of it (`Principal`)."""

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from baton.domain.actor import Actor, Method

Scope = Literal["orchestrator:read", "orchestrator:write", "orchestrator:admin"]

READ: Scope = "orchestrator:read"
WRITE: Scope = "orchestrator:write"
ADMIN: Scope = "orchestrator:admin"

TENANT_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)

_IMPLIED: dict[str, frozenset[Scope]] = {
    READ: frozenset((READ,)),
    WRITE: frozenset((READ, WRITE)),
    ADMIN: frozenset((READ, WRITE, ADMIN)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The claims of a verified token; `scopes` include those that a scope implies."""

    subject: str
    tenants: tuple[str, ...]
    scopes: frozenset[Scope]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A subject that acts in one tenant; `method` says how the edge identified it."""

    subject: str
    tenant: str
    scopes: frozenset[Scope] = frozenset()
    method: Method = "token"

    @property
    def actor(self) -> Actor:
        """The subject as events record it."""
        return Actor(self.subject, self.method)


class Authenticator(Protocol):
    """Verifies bearer tokens."""

    async def identify(self, token: str) -> Identity:
        """Return the identity of a bearer token; raises Refused 401."""
        ...


def scopes_of(text: str) -> frozenset[Scope]:
    """Return the known scopes of a space-separated list, and the scopes that they imply."""
    found: frozenset[Scope] = frozenset()
    for word in text.split(" "):
        found |= _IMPLIED.get(word, frozenset())
    return found


def is_valid_tenant(text: str) -> bool:
    """Return whether `text` has the form of a tenant's name, which is also the form of a slug."""
    return TENANT_PATTERN.fullmatch(text) is not None
