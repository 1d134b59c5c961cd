"""Decisions about webhook registrations."""

from collections.abc import Iterator
from typing import Final, assert_never

from baton.domain.decider import Decider
from baton.domain.errors import Fault, InConflict, Invalid, NotFound
from baton.domain.text import is_plain
from baton.domain.webhook.messages import (
    Command,
    CreateWebhook,
    DeleteWebhook,
    DisableWebhook,
    Event,
    SecretRotated,
    UpdateWebhook,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookUpdated,
)
from baton.domain.webhook.state import State, evolve

MAX_URL: Final = 2_048
"""The largest number of characters of a registration's URL."""


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises Invalid, NotFound, InConflict."""
    if isinstance(command, CreateWebhook):
        return _create(command, state)
    if not state.webhook_id:
        raise NotFound("webhook_registration")
    match command:
        case DeleteWebhook():
            return [] if state.deleted else [WebhookDeleted(actor=command.actor, at=command.at)]
        case DisableWebhook():
            if not state.active:
                return []
            return [WebhookDisabled(reason=command.reason, actor=command.actor, at=command.at)]
        case UpdateWebhook():
            return _update(command, state)
    assert_never(command)


def _create(command: CreateWebhook, state: State) -> list[Event]:
    _check(command)
    created = WebhookCreated(
        tenant=command.tenant,
        webhook_id=command.webhook_id,
        url=command.url,
        events=command.events,
        secret_id=command.secret_id,
        active=command.active,
        ordered=command.ordered,
        actor=command.actor,
        at=command.at,
    )
    if not state.webhook_id:
        return [created]
    if evolve(State(), created) == state:
        return []
    raise InConflict("already_exists", subject="webhook_registration", id=command.webhook_id)


def _update(command: UpdateWebhook, state: State) -> list[Event]:
    if state.deleted:
        raise NotFound("webhook_registration", state.webhook_id)
    _check(command)
    decided: list[Event] = []
    requested = (command.url, command.events, command.active, command.ordered)
    if requested != (state.url, state.events, state.active, state.ordered):
        decided.append(
            WebhookUpdated(
                url=command.url,
                events=command.events,
                active=command.active,
                ordered=command.ordered,
                actor=command.actor,
                at=command.at,
            )
        )
    if command.secret_id != state.secret_id:
        decided.append(
            SecretRotated(
                secret_id=command.secret_id,
                retired_id=state.secret_id,
                retire_at=command.retire_at,
                actor=command.actor,
                at=command.at,
            )
        )
    return decided


def _check(command: CreateWebhook | UpdateWebhook) -> None:
    if faults := tuple(_faults(command)):
        message = "The webhook registration is not valid"
        raise Invalid(message, faults=faults, subject="webhook_registration")


def _faults(command: CreateWebhook | UpdateWebhook) -> Iterator[Fault]:
    if isinstance(command, CreateWebhook) and not command.webhook_id:
        yield Fault(("webhook_id",), "must not be empty")
    if not 0 < len(command.url) <= MAX_URL or not is_plain(command.url):
        yield Fault(("url",), f"must have 1 to {MAX_URL} characters, without control characters")
    if not command.events:
        yield Fault(("events",), "must name at least one event type")
    if len(set(command.events)) < len(command.events):
        yield Fault(("events",), "must name each event type once")


DECIDER: Decider[Command, State, Event] = Decider("webhook", State(), decide, evolve)
