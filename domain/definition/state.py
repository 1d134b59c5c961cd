"""The state of a definition, folded from its events. It keeps every version.

The version in force is the enabled version with the highest label. A version that was published
without a label gets the next whole number as its label.
"""

from dataclasses import dataclass, field, replace
from typing import assert_never

from baton.domain.definition.body_triggers import have_the_same_ticks
from baton.domain.definition.messages import (
    Body,
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    Event,
    VersionDisabled,
)
from baton.domain.definition.version_label import next_label, order_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The label and signature of a version, its publisher, and the time of its publication (ms)."""

    label: str
    at: int
    by: str
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A definition; `version` is the version in force, 0 if the definition was never created.

    `versions` maps a version to its content, `publications` to its label and publisher. Only the
    ticks of a schedule after `active_since` count; it is 0 while the definition isn't active.
    """

    tenant: str = ""
    definition_id: str = ""
    slug: str = ""
    version: int = 0
    versions: dict[int, Body] = field(default_factory=dict)
    publications: dict[int, Publication] = field(default_factory=dict)
    disabled: tuple[int, ...] = ()
    deleted: bool = False
    created_at: int = 0
    created_by: str = ""
    updated_at: int = 0
    updated_by: str = ""
    active_since: int = 0

    @property
    def body(self) -> Body:
        """The content of the version in force; raises KeyError before the creation."""
        return self.versions[self.version]

    def ticks_after(self, created_at: int) -> int | None:
        """Return the time after which the ticks of a separate schedule count.

        A pause or another trigger resets this time. Returns None while no schedule may start runs
        of the definition.

        Args:
            created_at: When the schedule was created, in ms since the epoch.
        """
        if not self.version or self.deleted or self.body.status != "active":
            return None
        return max(created_at, self.active_since)

    @property
    def events(self) -> int:
        """The number of folded events."""
        return len(self.publications) + len(self.disabled) + self.deleted

    @property
    def newest_first(self) -> list[int]:
        """The versions, the one with the highest label first."""
        return sorted(self.publications, key=self.order_of, reverse=True)

    def order_of(self, version: int) -> tuple[int, ...]:
        """Return the key by which versions are sorted: the numbers of its label."""
        return order_of(self.publications[version].label)

    def number_of(self, label: str) -> int | None:
        """Return the version with a label, None if there is none."""
        numbers = (
            number
            for number, publication in self.publications.items()
            if publication.label == label
        )
        return next(numbers, None)


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
                publications={event.version: _publication(State(), event)},
                created_at=event.at,
                created_by=event.actor.subject,
                updated_at=event.at,
                updated_by=event.actor.subject,
                active_since=event.at if event.body.status == "active" else 0,
            )
        case DefinitionUpdated():
            return _published(state, event)
        case VersionDisabled():
            after = replace(
                state,
                versions={**state.versions, event.in_force: event.body},
                disabled=(*state.disabled, event.version),
                updated_at=event.at,
                updated_by=event.actor.subject,
            )
            return _in_force(after, event.in_force, state.body, event.at)
        case DefinitionDeleted():
            return replace(state, deleted=True, updated_at=event.at, updated_by=event.actor.subject)
    assert_never(event)


def _published(state: State, event: DefinitionUpdated) -> State:
    publication = _publication(state, event)
    after = replace(
        state,
        versions={**state.versions, event.version: event.body},
        publications={**state.publications, event.version: publication},
        updated_at=event.at,
        updated_by=event.actor.subject,
    )
    current = state.publications[state.version].label
    newer = order_of(publication.label) > order_of(current)
    if newer or state.version in state.disabled:
        return _in_force(after, event.version, state.body, event.at)
    return after


def _publication(state: State, event: DefinitionCreated | DefinitionUpdated) -> Publication:
    label = event.label
    if label is None:
        label = next_label(publication.label for publication in state.publications.values())
    return Publication(label=label, at=event.at, by=event.actor.subject, signature=event.signature)


def _in_force(state: State, version: int, before: Body, at: int) -> State:
    """Put `version` in force instead of `before`; a pause or another trigger resets its ticks."""
    body = state.versions[version]
    active_since = 0
    if body.status == "active":
        same = state.active_since and have_the_same_ticks(before, body)
        active_since = state.active_since if same else at
    return replace(state, version=version, active_since=active_since)
