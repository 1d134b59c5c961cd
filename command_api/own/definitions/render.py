"""A definition as Baton's own API shows it: its document, and when and by whom it was published."""

from typing import Any

from pydantic import BaseModel, Field

from baton.command_api.own.definitions.format.render_definition import render_definition
from baton.command_api.own.definitions.format.render_trigger import render_triggers
from baton.command_api.own.definitions.load import body_of
from baton.domain.definition.messages import Status
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time


class DefinitionSummary(BaseModel):
    """A definition without its steps; `version` is the version in force."""

    id: str
    slug: str
    name: str
    description: str | None = None
    title: str | None = Field(default=None, description="The template of the titles of its runs")
    status: Status
    version: int
    trigger: dict[str, Any] | list[dict[str, Any]] = Field(
        description="As a document writes it, without secrets; a list if there are several"
    )
    createdAt: str  # noqa: N815 - the names of the JSON
    createdBy: str  # noqa: N815
    updatedAt: str  # noqa: N815
    updatedBy: str  # noqa: N815


class Definition(DefinitionSummary):
    """A definition; PUT accepts the answer of GET."""

    steps: list[dict[str, Any]] = Field(description="As a document writes them")


class DefinitionVersion(BaseModel):
    """One version of a definition, which never changes."""

    id: str
    version: int
    label: str = Field(description="The publisher's name of the version")
    inForce: bool = Field(description="Whether new runs start in this version")  # noqa: N815
    disabled: bool
    publishedAt: str  # noqa: N815
    publishedBy: str  # noqa: N815
    steps: int = Field(description="The number of steps")


class WholeVersion(BaseModel):
    """One version with its document."""

    version: DefinitionVersion
    definition: dict[str, Any] = Field(description="The document, as /schemas/definition.json says")


EXAMPLE: JsonObject = {
    "id": "d3c0u7p6gtk2q1v9m4s0",
    "slug": "order-processing",
    "name": "Order processing",
    "status": "active",
    "version": 1,
    "trigger": {"event": "record.created", "structure": "orders"},
    "steps": [
        {"id": "validate", "function": "validate-order", "retry": {"attempts": 3}},
        {"id": "fulfill", "function": "fulfill-order", "on_failure": "end"},
    ],
    "createdAt": "2026-01-05T09:00:00.000Z",
    "createdBy": "ada",
    "updatedAt": "2026-01-05T09:00:00.000Z",
    "updatedBy": "ada",
}
DOCUMENT_EXAMPLE: JsonObject = {
    name: EXAMPLE[name] for name in ("slug", "name", "status", "trigger", "steps")
}


def render_whole(definition: State) -> JsonObject:
    """Return the definition with the members of `Definition`."""
    return {
        "id": definition.definition_id,
        "version": definition.version,
        **render_definition(definition.slug, definition.body),
        **_changes(definition),
    }


def render_summary(definition: State) -> JsonObject:
    """Return the definition with the members of `DefinitionSummary`."""
    body = definition.body
    described = {} if body.description is None else {"description": body.description}
    return {
        "id": definition.definition_id,
        "slug": definition.slug,
        "name": body.name,
        **described,
        "status": body.status,
        "version": definition.version,
        "trigger": render_triggers(body.triggers),
        **_changes(definition),
    }


def render_version(definition: State, version: int) -> JsonObject:
    """Return the circumstances of a version; raises Refused 404."""
    body, publication = body_of(definition, version), definition.publications[version]
    return {
        "id": definition.definition_id,
        "version": version,
        "label": publication.label,
        "inForce": version == definition.version,
        "disabled": version in definition.disabled,
        "publishedAt": format_time(publication.at),
        "publishedBy": publication.by,
        "steps": len(body.graph.steps),
    }


def _changes(definition: State) -> JsonObject:
    return {
        "createdAt": format_time(definition.created_at),
        "createdBy": definition.created_by,
        "updatedAt": format_time(definition.updated_at),
        "updatedBy": definition.updated_by,
    }
