"""Commands and events of accesses. Event names and fields are the storage format.

Each access has a stream of its own. Only these events hold a caller's network address and user
agent, so that both can be deleted earlier than everything else. Times are milliseconds since the
epoch, UTC.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.actor import Actor

Reason: TypeAlias = Literal["unauthorized", "forbidden"]
"""Why a request was refused: no valid credential (401), or not allowed to its subject (403)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The network address and the user agent of a caller; a caller may forge both."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A user exchanged a password or a code for a token or a session."""

    tenant: str
    actor: Actor
    origin: Origin
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """A user ended a session."""

    tenant: str
    actor: Actor
    origin: Origin
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRefused:
    """Requests of one subject were refused for one reason: `count` requests from `since` to `at`.

    `actor` is None where no credential was valid; `claimed` is then the user name that the sign-in
    gave. `origin` and `route` are those of the last request.
    """

    tenant: str
    reason: Reason
    actor: Actor | None
    claimed: str
    count: int
    route: str
    origin: Origin
    since: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMade:
    """A caller exported all entries of a list as lines; `route` names the list."""

    tenant: str
    actor: Actor
    route: str
    origin: Origin
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTested:
    """A test message was posted to `url`, which is recorded without its query."""

    tenant: str
    actor: Actor
    url: str
    origin: Origin
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRedriven:
    """The dead letter `letter_id` was published to its topic again."""

    tenant: str
    actor: Actor
    letter_id: str
    origin: Origin
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsChanged:
    """The rebuild of the view set `number` began, or this set was promoted to the live one."""

    tenant: str
    actor: Actor
    change: Literal["rebuild", "promote"]
    number: int
    origin: Origin
    at: int


Event: TypeAlias = (
    SignedIn
    | SignedOut
    | AccessRefused
    | ExportMade
    | WebhookTested
    | LetterRedriven
    | ViewsChanged
)


@dataclass(frozen=True, slots=True)
class RecordAccess:
    """Record an access."""

    event: Event


Command: TypeAlias = RecordAccess
