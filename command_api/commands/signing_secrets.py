"""The signing secrets of a definition's webhooks, which are stored sealed; events hold their ids.

Each secret has its own id, so a request that loses a conflict replaces no secret.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from baton.command_api.services import Services
from baton.domain.definition.body_triggers import secret_ids_of, webhooks_of, with_secret_ids
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import WebhookTrigger
from baton.domain.errors import Fault, Invalid
from baton.protocols.standard_webhooks import MIN_KEY_BYTES, key_bytes

SigningSecrets: TypeAlias = Mapping[str | None, str]
"""Signing secrets by the paths of their webhooks, None for the one without a path."""


async def store_secrets(
    services: Services, tenant: str, body: Body, secrets: SigningSecrets
) -> Body:
    """Store new secrets and return `body` with their ids, so that no event names a missing one.

    A webhook without a new secret, or with an equal one, keeps its stored secret. Raises Invalid
    for a secret that can be guessed.
    """
    _check(body, secrets)
    ids = secret_ids_of(body)
    for path in (one.path for one in webhooks_of(body) if one.path in secrets):
        kept, secret = ids.get(path), secrets[path]
        if kept is None or await services.secrets.get(tenant, kept) != secret:
            ids[path] = services.new_id()
            await services.secrets.put(tenant, ids[path], secret)
    return with_secret_ids(body, ids)


async def forget_unused(services: Services, state: Definition, secret_ids: Iterable[str]) -> None:
    """Delete the secrets that the definition doesn't use now."""
    used = () if state.deleted else secret_ids_of(state.body).values()
    await forget(services, state.tenant, {*secret_ids}.difference(used))


async def forget(services: Services, tenant: str, secret_ids: Iterable[str]) -> None:
    """Delete secrets."""
    for secret_id in secret_ids:
        await services.secrets.forget(tenant, secret_id)


def _check(body: Body, secrets: SigningSecrets) -> None:
    several = len(body.triggers) > 1
    faults = [
        Fault(
            ("trigger", *((index,) if several else ()), "secret"),
            f"must have at least {MIN_KEY_BYTES} bytes",
        )
        for index, one in enumerate(body.triggers)
        if isinstance(one, WebhookTrigger)
        and one.path in secrets
        and len(key_bytes(secrets[one.path])) < MIN_KEY_BYTES
    ]
    if faults:
        raise Invalid("The signing secret can be guessed", faults=faults)
