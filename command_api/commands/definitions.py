"""Creating, updating and deleting definitions, with the names they claim and their secrets."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from baton.command_api.commands.signing_secrets import (
    SigningSecrets,
    forget,
    forget_unused,
    store_secrets,
)
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.claim.decisions import DECIDER as CLAIM
from baton.domain.claim.messages import ClaimName, ReleaseName, path_claim, slug_claim
from baton.domain.decider import Decider
from baton.domain.definition.body_triggers import (
    keeping_secrets,
    secret_ids_of,
    webhooks_of,
    with_secret_ids,
)
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import (
    Body,
    CreateDefinition,
    DeleteDefinition,
    UpdateDefinition,
)
from baton.domain.definition.state import State as Definition
from baton.domain.errors import InConflict, NotFound, Rejected
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import DeleteSchedule
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, StreamCommand, transact_all

MAX_ATTEMPTS = 100
"""Attempts to decide a change while other requests keep changing the definition."""


class _Changed(Exception):
    """The definition changed after it was loaded and before the command was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDefinition:
    """A definition to create; `secrets` are the signing secrets of its webhooks.

    `label` and `signature` are those of version 1 (see `PublishVersion`).
    """

    definition_id: str
    slug: str
    body: Body
    secrets: SigningSecrets = field(default_factory=dict)
    label: str | None = None
    signature: str | None = None


async def create_definition(
    services: Services, principal: Principal, new: NewDefinition, *, at: int
) -> CommandResult[Definition]:
    """Publish version 1 and claim the slug and the paths of webhooks, in one append.

    Raises Invalid, and InConflict if a name is taken.
    """
    ident, tenant = new.definition_id, principal.tenant
    body = await store_secrets(services, tenant, with_secret_ids(new.body, {}), new.secrets)
    command = CreateDefinition(
        tenant=tenant,
        definition_id=ident,
        slug=new.slug,
        body=body,
        actor=principal.actor,
        at=at,
        label=new.label,
        signature=new.signature,
    )
    names = names_of(new.slug, body)
    commands = [
        StreamCommand(DEFINITION, stream_name(tenant, "definition", ident), command),
        *(_claim(tenant, name, ident, at) for name in names),
    ]
    try:
        return (await transact_all(services.store, commands))[0]
    except Rejected:
        await forget(services, tenant, secret_ids_of(body).values())
        raise


async def update_definition(
    services: Services,
    principal: Principal,
    definition_id: str,
    change: Callable[[Definition], Body],
    *,
    at: int,
    secrets: SigningSecrets | None = None,
) -> CommandResult[Definition]:
    """Publish the next version; a body equal to the newest version's publishes nothing.

    Args:
        services: The process's services.
        principal: The caller.
        definition_id: The definition's id.
        change: Called with the definition as loaded; returns the next version's body. It is called
            again if another request changes the definition meanwhile. Its exceptions pass through.
        at: The time of the request.
        secrets: New signing secrets; other webhooks keep theirs.

    Raises:
        NotFound: The definition doesn't exist or was deleted.
        Invalid: The body breaks a rule.
        InConflict: A name is taken, or other requests keep changing the definition.

    """

    async def commands(seen: Definition) -> list[StreamCommand[Any, Any, Any]]:
        body = keeping_secrets(change(seen), seen.body)
        body = await store_secrets(services, seen.tenant, body, secrets or {})
        command = UpdateDefinition(body=body, actor=principal.actor, at=at)
        stream = stream_name(principal.tenant, "definition", definition_id)
        return [
            StreamCommand(if_unchanged(seen), stream, command),
            *claim_changes(seen, names_of(seen.slug, body), at),
        ]

    return await change_definition(services, principal, definition_id, commands)


async def delete_definition(
    services: Services, principal: Principal, definition_id: str, *, at: int
) -> CommandResult[Definition]:
    """Delete a definition, which ends its triggers and schedules and frees its names.

    A schedule that is created at the same time may stay; it fires no more. Raises NotFound.
    """

    async def commands(seen: Definition) -> list[StreamCommand[Any, Any, Any]]:
        command = DeleteDefinition(actor=principal.actor, at=at)
        stream = stream_name(principal.tenant, "definition", definition_id)
        ended = DeleteSchedule(actor=principal.actor, at=at)
        schedules = services.schedules.of_definition(principal.tenant, definition_id)
        return [
            StreamCommand(if_unchanged(seen), stream, command),
            *claim_changes(seen, set(), at),
            *[
                StreamCommand(SCHEDULE, stream_name(one.tenant, SCHEDULE.name, one.id), ended)
                async for one in schedules
            ],
        ]

    return await change_definition(services, principal, definition_id, commands)


async def change_definition(
    services: Services,
    principal: Principal,
    definition_id: str,
    commands: Callable[[Definition], Awaitable[list[StreamCommand[Any, Any, Any]]]],
) -> CommandResult[Definition]:
    """Append the commands that follow from the definition's state.

    Args:
        services: The process's services.
        principal: The caller.
        definition_id: The definition's id.
        commands: Called with the loaded state, once per attempt; returns one command per stream.
    """
    stream = stream_name(principal.tenant, "definition", definition_id)
    for _ in range(MAX_ATTEMPTS):
        seen = (await load(services.store, DEFINITION, stream)).state
        if not seen.version or seen.deleted:
            raise NotFound("definition", definition_id)
        prepared = await commands(seen)
        try:
            result = (await transact_all(services.store, prepared))[0]
        except (_Changed, Rejected) as refusal:
            await forget_unused(services, seen, _stored_by(prepared[0].command))
            if isinstance(refusal, _Changed):
                continue
            raise
        await forget_unused(services, result.state, secret_ids_of(seen.body).values())
        return result
    raise InConflict("contention")


def _stored_by(command: object) -> Iterable[str]:
    return secret_ids_of(command.body).values() if isinstance(command, UpdateDefinition) else ()


def if_unchanged(seen: Definition) -> Decider[Any, Definition, Any]:
    """Return the definition's decider, which refuses to decide on a state other than `seen`."""

    def decide(command: Any, state: Definition) -> list[Any]:
        if state.events != seen.events:
            raise _Changed
        return DEFINITION.decide(command, state)

    return replace(DEFINITION, decide=decide)


def names_of(slug: str, body: Body) -> set[str]:
    """Return the names that a definition claims: its slug and the paths of its webhooks."""
    paths = (one.path for one in webhooks_of(body))
    return {slug_claim(slug), *(path_claim(one) for one in paths if one is not None)}


async def holder_of(services: Services, tenant: str, name: str) -> str | None:
    """Return the id of the definition that has claimed a name, None while the name is free."""
    return (await load(services.store, CLAIM, stream_name(tenant, "claim", name))).state.holder


def _claim(tenant: str, name: str, holder: str, at: int) -> StreamCommand[Any, Any, Any]:
    stream = stream_name(tenant, "claim", name)
    return StreamCommand(CLAIM, stream, ClaimName(name=name, holder=holder, at=at))


def claim_changes(
    seen: Definition, wanted: set[str], at: int
) -> list[StreamCommand[Any, Any, Any]]:
    """Return the commands that release and claim names until the definition holds `wanted`."""
    tenant, holder = seen.tenant, seen.definition_id
    held = names_of(seen.slug, seen.body)
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
