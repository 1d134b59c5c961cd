"""Decisions about definitions: a valid body becomes the next immutable version."""

from dataclasses import asdict
from typing import Final, assert_never

from baton.domain.decider import Decider
from baton.domain.definition.messages import (
    Body,
    Command,
    CreateDefinition,
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    DeleteDefinition,
    Event,
    UpdateDefinition,
)
from baton.domain.definition.slug import is_slug
from baton.domain.definition.state import State, evolve
from baton.domain.definition.validation import faults_of
from baton.domain.errors import Fault, InConflict, Invalid, NotFound
from baton.domain.json import same_json

_BAD_SLUG: Final = Fault(("slug",), "must be 1 to 63 characters of a-z, 0-9 and -")


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises Invalid, NotFound, InConflict."""
    match command:
        case CreateDefinition():
            return _create(command, state)
        case UpdateDefinition():
            return _update(command, _existing(state))
        case DeleteDefinition():
            if state.deleted:
                return []
            _existing(state)
            return [DefinitionDeleted(actor=command.actor, at=command.at)]
    assert_never(command)


def _create(command: CreateDefinition, state: State) -> list[Event]:
    if state.version:
        if state.slug == command.slug and _same_body(state.versions[1], command.body):
            return []
        raise InConflict("already_exists", subject="definition", id=command.definition_id)
    _require_valid(command.body, [] if is_slug(command.slug) else [_BAD_SLUG])
    return [
        DefinitionCreated(
            tenant=command.tenant,
            definition_id=command.definition_id,
            slug=command.slug,
            body=command.body,
            actor=command.actor,
            at=command.at,
        )
    ]


def _update(command: UpdateDefinition, state: State) -> list[Event]:
    if _same_body(state.body, command.body):
        return []
    _require_valid(command.body, [])
    return [
        DefinitionUpdated(
            version=state.version + 1, body=command.body, actor=command.actor, at=command.at
        )
    ]


def _existing(state: State) -> State:
    if state.version == 0 or state.deleted:
        raise NotFound("definition", state.definition_id)
    return state


def _require_valid(body: Body, found: list[Fault]) -> None:
    faults = [*found, *faults_of(body)]
    if faults:
        raise Invalid("The definition is not valid", faults=faults, subject="definition")


def _same_body(first: Body, second: Body) -> bool:
    """Compare as JSON, because in Python the value 1 of a condition equals True."""
    return first == second and same_json(asdict(first), asdict(second))


DECIDER: Decider[Command, State, Event] = Decider("definition", State(), decide, evolve)
