"""Decisions about API keys: a key never changes, and a revoked one stays revoked."""

from collections.abc import Iterator
from typing import Final, assert_never

from baton.domain.api_key.messages import (
    ApiKeyCreated,
    ApiKeyRevoked,
    Command,
    CreateApiKey,
    Event,
    RevokeApiKey,
)
from baton.domain.api_key.state import State, evolve
from baton.domain.decider import Decider
from baton.domain.errors import Fault, InConflict, Invalid, NotFound
from baton.domain.text import name_fault

MAX_GROUPS: Final = 1_000


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises Invalid, NotFound, InConflict."""
    match command:
        case CreateApiKey():
            return _create(command, state)
        case RevokeApiKey():
            if not state.key_id:
                raise NotFound("api_key")
            if state.revoked_at is not None:
                return []
            return [ApiKeyRevoked(actor=command.actor, at=command.at)]
    assert_never(command)


def _create(command: CreateApiKey, state: State) -> list[Event]:
    if faults := tuple(_faults(command)):
        message = "The API key is not valid"
        raise Invalid(message, faults=faults, subject="api_key")
    created = ApiKeyCreated(
        tenant=command.tenant,
        key_id=command.key_id,
        name=command.name,
        key_hash=command.key_hash,
        scopes=command.scopes,
        groups=command.groups,
        expires_at=command.expires_at,
        actor=command.actor,
        at=command.at,
    )
    if not state.key_id:
        return [created]
    if evolve(State(), created) == state:
        return []
    raise InConflict("already_exists", subject="api_key", id=command.key_id)


def _faults(command: CreateApiKey) -> Iterator[Fault]:
    if not command.key_id:
        yield Fault(("key_id",), "must not be empty")
    if fault := name_fault(command.name):
        yield Fault(("name",), fault)
    if not command.scopes:
        yield Fault(("scopes",), "must have at least one scope")
    if len(command.groups) > MAX_GROUPS:
        yield Fault(("groups",), f"must have at most {MAX_GROUPS} groups")
    for index, group in enumerate(command.groups[:MAX_GROUPS]):
        if fault := name_fault(group):
            yield Fault(("groups", index), fault)
    if command.expires_at is not None and command.expires_at <= command.at:
        yield Fault(("expires_at",), "must be in the future")


DECIDER: Decider[Command, State, Event] = Decider("api_key", State(), decide, evolve)
