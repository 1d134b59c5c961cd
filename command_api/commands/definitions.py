"""Creating, changing and deleting definitions, together with the names and secrets they hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.claim.decisions import DECIDER as CLAIM
from baton.domain.claim.messages import ClaimName, ReleaseName, path_claim, slug_claim
from baton.domain.decider import Decider
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import (
    Body,
    CreateDefinition,
    DeleteDefinition,
    UpdateDefinition,
)
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import WebhookTrigger
from baton.domain.errors import InConflict, NotFound
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, StreamCommand, transact_all

_RACES = 100


class _Moved(Exception):
    """The definition changed between looking at it and deciding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDefinition:
    """A definition to create; `secret` is the webhook's signing secret, kept sealed."""

    definition_id: str
    slug: str
    body: Body
    secret: str | None = None


async def create_definition(
    services: Services, principal: Principal, new: NewDefinition, *, at: int
) -> CommandResult[Definition]:
    """Publish version 1, and claim its slug and webhook path with it.

    Raises Invalid with faults in the domain's words, InConflict.
    """
    ident, tenant = new.definition_id, principal.tenant
    body = await _with_secret(services, tenant, new.body, new.secret, secret_id=f"{ident}.1")
    command = CreateDefinition(
        tenant=tenant,
        definition_id=ident,
        slug=new.slug,
        body=body,
        actor=principal.actor,
        at=at,
    )
    wanted = _names(new.slug, body)
    intents = [
        StreamCommand(DEFINITION, stream_name(tenant, "definition", ident), command),
        *(_claim(tenant, name, ident, at) for name in wanted),
    ]
    return (await transact_all(services.store, intents))[0]


async def update_definition(
    services: Services,
    principal: Principal,
    definition_id: str,
    change: Callable[[Definition], Body],
    *,
    at: int,
    secret: str | None = None,
) -> CommandResult[Definition]:
    """Publish what `change` makes of the newest version; a body that says the same does nothing.

    Without `secret` a webhook keeps the one it has. Raises NotFound, Invalid, InConflict, and what
    `change` raises.
    """

    async def intents(seen: Definition) -> list[StreamCommand[Any, Any, Any]]:
        body = await _updated(services, seen, change(seen), secret)
        command = UpdateDefinition(body=body, actor=principal.actor, at=at)
        stream = stream_name(principal.tenant, "definition", definition_id)
        return [
            StreamCommand(_unmoved(seen), stream, command),
            *_renamed(seen, _names(seen.slug, body), at),
        ]

    return await _change(services, principal, definition_id, intents)


async def delete_definition(
    services: Services, principal: Principal, definition_id: str, *, at: int
) -> CommandResult[Definition]:
    """Stop its triggers for good and give its names free; raises NotFound."""

    async def intents(seen: Definition) -> list[StreamCommand[Any, Any, Any]]:
        command = DeleteDefinition(actor=principal.actor, at=at)
        stream = stream_name(principal.tenant, "definition", definition_id)
        return [StreamCommand(_unmoved(seen), stream, command), *_renamed(seen, set(), at)]

    return await _change(services, principal, definition_id, intents)


async def _change(
    services: Services,
    principal: Principal,
    definition_id: str,
    intents: Callable[[Definition], Awaitable[list[StreamCommand[Any, Any, Any]]]],
) -> CommandResult[Definition]:
    """Decide intents that follow from the definition as it is, anew when it moved meanwhile."""
    stream = stream_name(principal.tenant, "definition", definition_id)
    for _ in range(_RACES):
        seen = (await load(services.store, DEFINITION, stream)).state
        if not seen.version or seen.deleted:
            raise NotFound("definition", definition_id)
        try:
            return (await transact_all(services.store, await intents(seen)))[0]
        except _Moved:
            continue
    raise InConflict("contention")


def _unmoved(seen: Definition) -> Decider[Any, Definition, Any]:
    """Return the definition's rules for the state that was looked at, and for no other."""

    def decide(command: Any, state: Definition) -> list[Any]:
        if (state.version, state.deleted) != (seen.version, seen.deleted):
            raise _Moved
        return DEFINITION.decide(command, state)

    return replace(DEFINITION, decide=decide)


def _names(slug: str, body: Body) -> set[str]:
    """Return what a definition claims for itself."""
    trigger = body.trigger
    if isinstance(trigger, WebhookTrigger) and trigger.path is not None:
        return {slug_claim(slug), path_claim(trigger.path)}
    return {slug_claim(slug)}


def _claim(tenant: str, name: str, holder: str, at: int) -> StreamCommand[Any, Any, Any]:
    stream = stream_name(tenant, "claim", name)
    return StreamCommand(CLAIM, stream, ClaimName(name=name, holder=holder, at=at))


def _renamed(seen: Definition, wanted: set[str], at: int) -> list[StreamCommand[Any, Any, Any]]:
    """Return the claims to make and to give up, so that exactly `wanted` is held."""
    tenant, holder = seen.tenant, seen.definition_id
    held = _names(seen.slug, seen.body)
    released = (
        StreamCommand(
            CLAIM,
            stream_name(tenant, "claim", name),
            ReleaseName(name=name, holder=holder, at=at),
        )
        for name in sorted(held - wanted)
    )
    claimed = (_claim(tenant, name, holder, at) for name in sorted(wanted - held))
    return [*released, *claimed]


async def _updated(services: Services, seen: Definition, body: Body, secret: str | None) -> Body:
    """Return `body` with the secret it goes on with: the new one, else the one there is."""
    before = seen.body.trigger
    kept = before.secret_id if isinstance(before, WebhookTrigger) else None
    if secret is not None and kept is not None:
        known = await services.secrets.get(seen.tenant, kept)
        if known == secret:
            secret = None
    if secret is None:
        return _with_secret_id(body, kept)
    secret_id = f"{seen.definition_id}.{seen.version + 1}"
    return await _with_secret(services, seen.tenant, body, secret, secret_id=secret_id)


async def _with_secret(
    services: Services, tenant: str, body: Body, secret: str | None, *, secret_id: str
) -> Body:
    """Seal the secret before the event that names it: a name must never lead nowhere."""
    if secret is None or not isinstance(body.trigger, WebhookTrigger):
        return _with_secret_id(body, None)
    await services.secrets.put(tenant, secret_id, secret)
    return _with_secret_id(body, secret_id)


def _with_secret_id(body: Body, secret_id: str | None) -> Body:
    if not isinstance(body.trigger, WebhookTrigger):
        return body
    return replace(body, trigger=replace(body.trigger, secret_id=secret_id))
