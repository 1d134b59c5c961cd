"""Publishing and disabling versions by the slug of their definition."""

from dataclasses import dataclass, replace
from typing import Any

from baton.command_api.commands.definitions import (
    MAX_ATTEMPTS,
    NewDefinition,
    change_definition,
    claim_changes,
    create_definition,
    holder_of,
    if_unchanged,
    names_of,
)
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.claim.messages import slug_claim
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body, DisableVersion, PublishVersion
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.errors import InConflict, NotFound
from baton.domain.json import JsonObject
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import CommandResult, StreamCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to publish; the definition `definition_id` is created if the slug has none.

    A new definition is named by its slug and is started by hand. An existing one keeps its name,
    its trigger and its status.
    """

    definition_id: str
    slug: str
    graph: Graph
    label: str | None = None
    annotations: JsonObject | None = None
    signature: str | None = None

    def applied_to(self, before: Body | None) -> Body:
        """Return the body of the version, given the one in force."""
        if before is None:
            before = Body(name=self.slug, trigger=ManualTrigger(), graph=self.graph)
        return replace(before, graph=self.graph, annotations=self.annotations)


async def publish_version(
    services: Services, principal: Principal, new: NewVersion, *, at: int
) -> CommandResult[Definition]:
    """Publish a version; one with the same label and content publishes nothing.

    Raises Invalid, and InConflict for a label whose version has other content.
    """
    for _ in range(MAX_ATTEMPTS):
        holder = await holder_of(services, principal.tenant, slug_claim(new.slug))
        try:
            if holder is None:
                return await _create(services, principal, new, at)
            return await _publish(services, principal, new, holder, at)
        except InConflict as conflict:
            if conflict.reason != "name_taken":
                raise
        except NotFound:  # it was deleted meanwhile, which freed the slug
            continue
    raise InConflict("contention")


async def disable_version(
    services: Services, principal: Principal, definition_id: str, version: int, *, at: int
) -> CommandResult[Definition]:
    """Disable a version; the enabled version with the highest label comes into force.

    Raises NotFound, and InConflict if the version that comes into force has a name that is taken.
    """

    async def commands(seen: Definition) -> list[StreamCommand[Any, Any, Any]]:
        command = DisableVersion(version=version, actor=principal.actor, at=at)
        _, after = DEFINITION.apply(command, seen)
        stream = stream_name(principal.tenant, "definition", definition_id)
        return [
            StreamCommand(if_unchanged(seen), stream, command),
            *claim_changes(seen, names_of(seen.slug, after.body), at),
        ]

    return await change_definition(services, principal, definition_id, commands)


async def _create(
    services: Services, principal: Principal, new: NewVersion, at: int
) -> CommandResult[Definition]:
    definition = NewDefinition(
        definition_id=new.definition_id,
        slug=new.slug,
        body=new.applied_to(None),
        label=new.label,
        signature=new.signature,
    )
    return await create_definition(services, principal, definition, at=at)


async def _publish(
    services: Services, principal: Principal, new: NewVersion, definition_id: str, at: int
) -> CommandResult[Definition]:
    async def commands(seen: Definition) -> list[StreamCommand[Any, Any, Any]]:
        command = PublishVersion(
            body=new.applied_to(seen.body),
            actor=principal.actor,
            at=at,
            label=new.label,
            signature=new.signature,
        )
        stream = stream_name(principal.tenant, "definition", definition_id)
        return [StreamCommand(if_unchanged(seen), stream, command)]

    return await change_definition(services, principal, definition_id, commands)
