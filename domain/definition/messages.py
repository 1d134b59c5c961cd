"""Commands and events of a definition. Event names and fields are the storage format."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.definition.graph import Graph
from baton.domain.definition.trigger import Trigger

Status = Literal["draft", "active", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What one version of a definition says."""

    name: str
    trigger: Trigger
    graph: Graph
    status: Status = "active"
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDefinition:
    """Publish version 1 under a slug that is free in the tenant (see `baton.domain.claim`)."""

    tenant: str
    definition_id: str
    slug: str
    body: Body
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDefinition:
    """Publish the next version; a body that changes nothing decides nothing."""

    body: Body
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDefinition:
    """Stop its triggers; its runs go on."""

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
    """Its triggers stopped for good."""

    actor: Actor
    at: int


Command: TypeAlias = CreateDefinition | UpdateDefinition | DeleteDefinition
Event: TypeAlias = DefinitionCreated | DefinitionUpdated | DefinitionDeleted
