"""Decisions about definitions: a valid body becomes the next immutable version."""

from dataclasses import asdict, replace
from typing import Final, assert_never

from baton.domain.decider import Decider
from baton.domain.definition.body_triggers import keeping_secrets
from baton.domain.definition.graph import Compute
from baton.domain.definition.messages import (
    Body,
    Command,
    CreateDefinition,
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    DeleteDefinition,
    DisableVersion,
    Event,
    PublishVersion,
    UpdateDefinition,
    VersionDisabled,
)
from baton.domain.definition.slug import is_slug
from baton.domain.definition.state import State, evolve
from baton.domain.definition.validation import faults_of
from baton.domain.definition.version_label import faults_of_label
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
        case PublishVersion():
            return _publish(command, _existing(state))
        case DisableVersion():
            return _disable(command, _existing(state))
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
    bad_slug = [] if is_slug(command.slug) else [_BAD_SLUG]
    _require_valid(command.body, [*bad_slug, *faults_of_label(command.label)])
    return [
        DefinitionCreated(
            tenant=command.tenant,
            definition_id=command.definition_id,
            slug=command.slug,
            body=command.body,
            actor=command.actor,
            at=command.at,
            label=command.label,
            signature=command.signature,
        )
    ]


def _update(command: UpdateDefinition, state: State) -> list[Event]:
    body = _with_implied_functions(command.body, state.body)
    if _same_body(state.body, body):
        return []
    _require_valid(body, [])
    version = len(state.versions) + 1
    return [DefinitionUpdated(version=version, body=body, actor=command.actor, at=command.at)]


def _with_implied_functions(body: Body, before: Body) -> Body:
    """Return `body` with the implied functions of the previous version.

    A step that implied its function before, and would call the same one now, still implies it. Most
    dialects can't express an implied function: they show the step's id and send it back.
    """
    implied = {
        step.id
        for step in before.graph.steps
        if isinstance(step, Compute) and step.names_no_function
    }
    if not implied:
        return body
    steps = tuple(
        replace(step, implied=True)
        if isinstance(step, Compute) and step.id in implied and step.function == step.id
        else step
        for step in body.graph.steps
    )
    return replace(body, graph=replace(body.graph, steps=steps))


def _publish(command: PublishVersion, state: State) -> list[Event]:
    label = command.label
    published = None if label is None else state.number_of(label)
    if label is not None and published is not None:
        if _same_content(state.versions[published], command.body):
            return []
        raise InConflict("version_exists", slug=state.slug, version=label)
    _require_valid(command.body, faults_of_label(label))
    return [
        DefinitionUpdated(
            version=len(state.versions) + 1,
            body=command.body,
            actor=command.actor,
            at=command.at,
            label=label,
            signature=command.signature,
        )
    ]


def _disable(command: DisableVersion, state: State) -> list[Event]:
    if command.version not in state.versions:
        raise NotFound("definition", state.definition_id)
    if command.version in state.disabled:
        return []
    enabled = state.versions.keys() - {*state.disabled, command.version}
    in_force = max(enabled or {state.version}, key=state.order_of)
    # The secrets that this version had were deleted when a later version replaced them.
    body = keeping_secrets(state.versions[in_force], state.body)
    return [
        VersionDisabled(
            version=command.version,
            in_force=in_force,
            body=body if enabled else replace(body, status="paused"),
            actor=command.actor,
            at=command.at,
        )
    ]


def _existing(state: State) -> State:
    if state.version == 0 or state.deleted:
        raise NotFound("definition", state.definition_id)
    return state


def _require_valid(body: Body, earlier: list[Fault]) -> None:
    faults = [*earlier, *faults_of(body)]
    if faults:
        raise Invalid("The definition is not valid", faults=faults, subject="definition")


def _same_body(first: Body, second: Body) -> bool:
    """Compare two bodies as JSON, because in Python the value 1 of a condition equals True."""
    return first == second and same_json(asdict(first), asdict(second))


def _same_content(first: Body, second: Body) -> bool:
    """Compare what is published with a version; name, trigger and status aren't."""
    return first.graph == second.graph and same_json(
        [asdict(first.graph), first.annotations], [asdict(second.graph), second.annotations]
    )


DECIDER: Decider[Command, State, Event] = Decider("definition", State(), decide, evolve)
