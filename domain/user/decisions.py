"""Decisions about users: a user never changes, and a removed one stays removed."""

from collections.abc import Iterator
from typing import assert_never

from baton.domain.decider import Decider
from baton.domain.errors import Fault, InConflict, Invalid, NotFound
from baton.domain.text import name_fault
from baton.domain.user.messages import (
    AddUser,
    Command,
    Event,
    RemoveUser,
    UserAdded,
    UserRemoved,
)
from baton.domain.user.state import State, evolve


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises Invalid, NotFound, InConflict."""
    match command:
        case AddUser():
            return _add(command, state)
        case RemoveUser():
            if not state.user_id:
                raise NotFound("user")
            return [] if state.removed else [UserRemoved(actor=command.actor, at=command.at)]
    assert_never(command)


def _add(command: AddUser, state: State) -> list[Event]:
    if faults := tuple(_faults(command)):
        message = "The user is not valid"
        raise Invalid(message, faults=faults, subject="user")
    added = UserAdded(
        tenant=command.tenant,
        user_id=command.user_id,
        name=command.name,
        password_hash=command.password_hash,
        scopes=command.scopes,
        actor=command.actor,
        at=command.at,
    )
    if not state.user_id:
        return [added]
    if evolve(State(), added) == state:
        return []
    raise InConflict("already_exists", subject="user", id=command.user_id)


def _faults(command: AddUser) -> Iterator[Fault]:
    if not command.user_id:
        yield Fault(("user_id",), "must not be empty")
    if fault := name_fault(command.name):
        yield Fault(("name",), fault)
    if not command.scopes:
        yield Fault(("scopes",), "must have at least one scope")


DECIDER: Decider[Command, State, Event] = Decider("user", State(), decide, evolve)
