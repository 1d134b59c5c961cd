"""Creating definitions in dialects without slugs: the slug is made from the name."""

from dataclasses import replace

from baton.command_api.commands.definitions import (
    MAX_ATTEMPTS,
    NewDefinition,
    create_definition,
)
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.slug import slug_of
from baton.domain.definition.state import State as Definition
from baton.domain.errors import InConflict
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult


async def create_named_definition(
    services: Services, principal: Principal, new: NewDefinition, *, at: int
) -> CommandResult[Definition]:
    """Publish version 1 under the slug of its name, or with the next free number if it is taken.

    `new.slug` is ignored. A repeated request finds the definition that the first one created.
    Raises Invalid, and InConflict if other requests keep taking the slugs.
    """
    name, number = new.body.name, 1
    for _ in range(MAX_ATTEMPTS):
        new = replace(new, slug=slug_of(name, number))
        try:
            return await create_definition(services, principal, new, at=at)
        except InConflict as conflict:
            if conflict.reason == "already_exists":
                return await _create_again(services, principal, new, at=at)
            if conflict.reason != "name_taken" or conflict.details["kind"] != "slug":
                raise
        number = await _free_number(services, principal.tenant, name, number + 1)
    raise InConflict("contention")


async def _create_again(
    services: Services, principal: Principal, new: NewDefinition, *, at: int
) -> CommandResult[Definition]:
    """Repeat a creation that may have succeeded before, under the slug that it took."""
    stream = stream_name(principal.tenant, DEFINITION.name, new.definition_id)
    first = (await load(services.store, DEFINITION, stream)).state
    return await create_definition(services, principal, replace(new, slug=first.slug), at=at)


async def _free_number(services: Services, tenant: str, name: str, start: int) -> int:
    """Return the first number from `start` on whose slug is free, by a galloping search.

    Numbers are nearly always taken without a gap; in a gap, any free number will do.
    """

    async def is_taken(number: int) -> bool:
        slug = slug_of(name, number)
        return await services.definitions.by_slug(tenant, slug) is not None

    taken, free = start - 1, start
    while await is_taken(free):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        if await is_taken(middle):
            taken = middle
        else:
            free = middle
    return free
