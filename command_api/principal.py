"""The authenticated caller: the claims of a credential, and one tenant of it."""

import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from baton.domain.actor import Actor, Method
from baton.domain.frozen import frozen

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
    """The claims of a verified credential; `scopes` include the scopes that a scope implies.

    `key_id` is the id of an API key, None for a token. `user_id` is the id of a user who signed in
    at this server. `expires_at` is when the credential ends, in ms since the epoch, None for never.
    """

    subject: str
    tenants: tuple[str, ...]
    scopes: frozenset[Scope]
    groups: tuple[str, ...] = ()
    method: Method = "token"
    key_id: str | None = None
    user_id: str | None = None
    expires_at: int | None = None

    @property
    def actor(self) -> Actor:
        """The subject as events record it."""
        return Actor(self.subject, self.method, self.key_id)


@frozen
class Principal:
    """A subject that acts in one tenant; `method` and `key_id` say how the edge identified it."""

    subject: str
    tenant: str
    scopes: frozenset[Scope] = frozenset()
    method: Method = "token"
    key_id: str | None = None

    @property
    def actor(self) -> Actor:
        """The subject as events record it."""
        return Actor(self.subject, self.method, self.key_id)


class Authenticator(Protocol):
    """Verifies bearer credentials: tokens, API keys, or both."""

    def identify(self, credential: str, /) -> Coroutine[Any, Any, Identity]:
        """Return the identity of a credential; raises Refused 401, and `Unavailable`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A bearer token, the seconds for which it is valid, and the user and tenant it is for."""

    token: str = field(repr=False)
    expires_in_s: int
    subject: str
    tenant: str


class SignIn(Protocol):
    """Exchanges a user's password for a token."""

    def sign_in(
        self, name: str, password: str, *, peer: str, lifetime_s: int | None = None
    ) -> Coroutine[Any, Any, IssuedToken]:
        """Return a token; raises Refused 401, 404 and 429, and `Unavailable`.

        Args:
            name: The user's name.
            password: The password.
            peer: The address of the caller, or its network.
            lifetime_s: Seconds for which the token is valid, None for the usual hour.
        """
        ...

    def tenant_of(self, name: str) -> Coroutine[Any, Any, str | None]:
        """Return the tenant of the user called `name`, None without one; raises `Unavailable`."""
        ...


def scopes_of(text: str) -> frozenset[Scope]:
    """Return the known scopes of a space-separated list, and the scopes that they imply."""
    scopes: frozenset[Scope] = frozenset()
    for word in text.split(" "):
        scopes |= _IMPLIED.get(word, frozenset())
    return scopes


def is_valid_tenant(text: str) -> bool:
    """Return whether `text` has the form of a tenant's name, which is also the form of a slug."""
    return TENANT_PATTERN.fullmatch(text) is not None
