"""Commands and events of a definition. Event names and fields are the storage format.

Times are milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.definition.graph import Graph
from baton.domain.definition.trigger import Trigger

Status = Literal["draft", "active", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The content of one version of a definition."""

    name: str
    trigger: Trigger
    graph: Graph
    status: Status = "active"
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDefinition:
    """Publish version 1 under a slug that the tenant doesn't use yet (see `baton.domain.claim`)."""

    tenant: str
    definition_id: str
    slug: str
    body: Body
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDefinition:
    """Publish the next version; an unchanged body decides nothing."""

    body: Body
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionUpdated:
    """Version `version` was published."""

    version: int
    body: Body
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionDeleted:
    """The definition was deleted."""

    actor: Actor
    at: int


Command: TypeAlias = CreateDefinition | UpdateDefinition | DeleteDefinition
Event: TypeAlias = DefinitionCreated | DefinitionUpdated | DefinitionDeleted
