"""Commands and events of a user. Event names and fields are the storage format.

`password_hash` is an argon2id hash in its standard text form, which holds its salt and its cost;
the password itself is in no message. Names are unique on the whole server: a claim reserves each.
Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUser:
    """Add a user of `tenant`."""

    tenant: str
    user_id: str
    name: str
    password_hash: str
    scopes: tuple[str, ...]
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveUser:
    """Remove the user's access for good."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAdded:
    """The user was added by `actor`."""

    tenant: str
    user_id: str
    name: str
    password_hash: str
    scopes: tuple[str, ...]
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRemoved:
    """The user was removed by `actor`."""

    actor: Actor
    at: int


Command: TypeAlias = AddUser | RemoveUser
Event: TypeAlias = UserAdded | UserRemoved
