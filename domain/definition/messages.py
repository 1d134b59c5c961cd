"""Commands and events of a definition. Event names and fields are the storage format.

Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.definition.graph import Graph
from baton.domain.definition.trigger import Trigger
from baton.domain.json import JsonObject

Status = Literal["draft", "active", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The content of one version of a definition.

    `title` is the template of the titles of runs (`baton.domain.definition.title`). Dialects that
    know a single trigger show `trigger`; `more_triggers` are the others. Baton stores `annotations`
    for clients and doesn't read them.
    """

    name: str
    trigger: Trigger
    graph: Graph
    status: Status = "active"
    description: str | None = None
    annotations: JsonObject | None = None
    more_triggers: tuple[Trigger, ...] = ()
    title: str | None = None

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Every trigger, in the order of the definition."""
        return (self.trigger, *self.more_triggers)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDefinition:
    """Publish version 1 under a slug that the tenant doesn't use yet (see `baton.domain.claim`).

    `label` and `signature` are as in `PublishVersion`.
    """

    tenant: str
    definition_id: str
    slug: str
    body: Body
    actor: Actor
    at: int
    label: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDefinition:
    """Publish the next version; an unchanged body decides nothing."""

    body: Body
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishVersion:
    """Publish a version with a label; publishing the label's own steps again decides nothing.

    Without a label the version gets the next whole number. `signature` is the publisher's signature
    of the document that it sent.
    """

    body: Body
    actor: Actor
    at: int
    label: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableVersion:
    """Start no more runs of `version`; disabling a disabled version decides nothing."""

    version: int
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDefinition:
    """Delete the definition: its triggers stop, its runs continue."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionCreated:
    """Version 1 was published."""

    tenant: str
    definition_id: str
    slug: str
    body: Body
    actor: Actor
    at: int
    version: int = 1
    label: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionUpdated:
    """Version `version` was published; a version without a label gets the next whole number."""

    version: int
    body: Body
    actor: Actor
    at: int
    label: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDisabled:
    """Version `version` starts no more runs; `in_force` is the version in force now, with `body`.

    If every version is disabled, the last one stays in force, paused.
    """

    version: int
    in_force: int
    body: Body
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionDeleted:
    """The definition was deleted."""

    actor: Actor
    at: int


Command: TypeAlias = (
    CreateDefinition | UpdateDefinition | PublishVersion | DisableVersion | DeleteDefinition
)
Event: TypeAlias = DefinitionCreated | DefinitionUpdated | DefinitionDeleted | VersionDisabled
