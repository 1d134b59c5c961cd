"""Creating, changing and deleting orchestrations: what both dialects do around their words."""

from collections.abc import Callable

from baton.command_api.commands import (
    NewDefinition,
    create_definition,
    delete_definition,
    update_definition,
)
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import Exchange
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State
from baton.domain.json import JsonObject

Words = Callable[[State], JsonObject]


async def create(
    exchange: Exchange, slug: str, body: Body, words: Words, *, secret: str | None
) -> Reply:
    """Publish version 1 and answer 201; raises Invalid, NameTaken."""
    new = NewDefinition(definition_id=exchange.new_id(), slug=slug, body=body, secret=secret)
    outcome = await create_definition(exchange.services, exchange.principal, new, at=exchange.now())
    return exchange.answer(201, words(outcome.state), position=outcome.position)


async def update(
    exchange: Exchange,
    definition_id: str,
    change: Callable[[Body], Body],
    words: Words,
    *,
    secret: str | None,
) -> Reply:
    """Publish the next version and answer 200; raises NotFound, Invalid, NameTaken."""
    outcome = await update_definition(
        exchange.services,
        exchange.principal,
        definition_id,
        lambda seen: change(seen.body),
        at=exchange.now(),
        secret=secret,
    )
    return exchange.answer(200, words(outcome.state), position=outcome.position)


async def delete(exchange: Exchange, definition_id: str) -> Reply:
    """Stop its triggers for good and answer 204; raises NotFound."""
    outcome = await delete_definition(
        exchange.services, exchange.principal, definition_id, at=exchange.now()
    )
    return exchange.answer(204, position=outcome.position)
