"""The state of a definition, folded from its events. It keeps every version."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from baton.domain.definition.messages import (
    Body,
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    Event,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A definition; `version` 0 means that it was never created.

    `versions` maps a version to its content. `active_since` is the time from which the ticks of a
    schedule count, 0 while the definition isn't active.
    """

    tenant: str = ""
    definition_id: str = ""
    slug: str = ""
    version: int = 0
    versions: dict[int, Body] = field(default_factory=dict)
    deleted: bool = False
    created_at: int = 0
    created_by: str = ""
    updated_at: int = 0
    updated_by: str = ""
    active_since: int = 0

    @property
    def body(self) -> Body:
        """The content of the newest version; raises KeyError before the creation."""
        return self.versions[self.version]

    def ticks_after(self, created_at: int) -> int | None:
        """Return the time after which the ticks of a separate schedule count.

        A pause, and another trigger, set a new beginning. None while the definition starts no run
        by a schedule.

        Args:
            created_at: When the schedule was created, in ms since the epoch.
        """
        if not self.version or self.deleted or self.body.status != "active":
            return None
        return max(created_at, self.active_since)


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case DefinitionCreated():
            return State(
                tenant=event.tenant,
                definition_id=event.definition_id,
                slug=event.slug,
                version=event.version,
                versions={event.version: event.body},
                created_at=event.at,
                created_by=event.actor.subject,
                updated_at=event.at,
                updated_by=event.actor.subject,
                active_since=event.at if event.body.status == "active" else 0,
            )
        case DefinitionUpdated():
            return replace(
                state,
                version=event.version,
                versions={**state.versions, event.version: event.body},
                updated_at=event.at,
                updated_by=event.actor.subject,
                active_since=_active_since(state, event),
            )
        case DefinitionDeleted():
            return replace(state, deleted=True, updated_at=event.at, updated_by=event.actor.subject)
    assert_never(event)


def _active_since(state: State, event: DefinitionUpdated) -> int:
    """Return the new `active_since`: a pause or another trigger resets it."""
    if event.body.status != "active":
        return 0
    unchanged = state.active_since and state.body.trigger == event.body.trigger
    return state.active_since if unchanged else event.at
