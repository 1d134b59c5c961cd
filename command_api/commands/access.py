"""Creating and revoking API keys, adding and removing users.

Each change that ends an access is announced by the position of its event before its caller gets the
result. Every server reads the announcement several times a second (decision 0026).
"""

from dataclasses import dataclass
from typing import Final, TypeVar

from baton.domain.actor import Actor
from baton.domain.api_key.decisions import DECIDER as API_KEY
from baton.domain.api_key.messages import CreateApiKey, RevokeApiKey
from baton.domain.api_key.state import State as ApiKey
from baton.domain.claim.decisions import DECIDER as CLAIM
from baton.domain.claim.messages import ClaimName, ReleaseName, user_claim
from baton.domain.errors import NotFound
from baton.domain.stream import SERVER, stream_name
from baton.domain.user.decisions import DECIDER as USER
from baton.domain.user.messages import AddUser, RemoveUser
from baton.domain.user.state import State as User
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, StreamCommand, transact, transact_all
from baton.eventlog.ports.stores import Checkpoints, EventStore

S = TypeVar("S")

ACCESS: Final = "access"
"""The checkpoint that holds the position of the newest announced change."""


@dataclass(frozen=True, slots=True)
class AccessStores:
    """The ports for changes of access."""

    events: EventStore
    checkpoints: Checkpoints


async def create_api_key(stores: AccessStores, command: CreateApiKey) -> CommandResult[ApiKey]:
    """Create a key; raises Invalid, InConflict and `Unavailable`."""
    stream = api_key_stream(command.tenant, command.key_id)
    return await _announced(stores, await transact(stores.events, API_KEY, stream, command))


async def revoke_api_key(
    stores: AccessStores, tenant: str, key_id: str, *, actor: Actor, at: int
) -> CommandResult[ApiKey]:
    """Revoke a key; every server refuses it within a second. Raises NotFound and `Unavailable`.

    A repeated call announces the revocation again, in case the first call ended before it did.
    """
    command = RevokeApiKey(actor=actor, at=at)
    stream = api_key_stream(tenant, key_id)
    return await _announced(stores, await transact(stores.events, API_KEY, stream, command))


async def add_user(stores: AccessStores, command: AddUser) -> CommandResult[User]:
    """Add a user and claim the name on the whole server, in one append.

    Raises Invalid, InConflict if the name is taken, and `Unavailable`.
    """
    stream = user_stream(command.tenant, command.user_id)
    claim = ClaimName(name=user_claim(command.name), holder=stream, at=command.at)
    added, _ = await transact_all(
        stores.events,
        [
            StreamCommand(USER, stream, command),
            StreamCommand(CLAIM, user_claim_stream(command.name), claim),
        ],
    )
    return await _announced(stores, added)


async def remove_user(
    stores: AccessStores, name: str, *, actor: Actor, at: int
) -> CommandResult[User]:
    """Remove a user and release the name; raises NotFound and `Unavailable`."""
    claimed = await load(stores.events, CLAIM, user_claim_stream(name))
    stream = claimed.state.holder
    if stream is None:
        raise NotFound("user", name)
    release = ReleaseName(name=user_claim(name), holder=stream, at=at)
    removed, _ = await transact_all(
        stores.events,
        [
            StreamCommand(USER, stream, RemoveUser(actor=actor, at=at)),
            StreamCommand(CLAIM, user_claim_stream(name), release),
        ],
    )
    return await _announced(stores, removed)


def api_key_stream(tenant: str, key_id: str) -> str:
    """Return the name of the stream of a key."""
    return stream_name(tenant, API_KEY.name, key_id)


def user_stream(tenant: str, user_id: str) -> str:
    """Return the name of the stream of a user."""
    return stream_name(tenant, USER.name, user_id)


def user_claim_stream(name: str) -> str:
    """Return the name of the stream of a claim, which belongs to the whole server."""
    return stream_name(SERVER, CLAIM.name, user_claim(name))


async def _announced(stores: AccessStores, result: CommandResult[S]) -> CommandResult[S]:
    await stores.checkpoints.save(ACCESS, result.position)
    return result
