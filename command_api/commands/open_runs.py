"""Limits on the unfinished runs of a tenant, and of an unsigned webhook."""

from typing import get_args

from baton.command_api.http.refusal import Refused
from baton.command_api.services import Services
from baton.domain.definition.state import State as Definition
from baton.projector.views.runs.view import FINAL_STATUSES, Status

_OPEN: tuple[Status, ...] = tuple(one for one in get_args(Status) if one not in FINAL_STATUSES)


async def admit_run(services: Services, tenant: str) -> None:
    """Count one more run of the tenant; raises Refused 429 past the limit."""
    if services.budgets.tenant_runs.take(tenant):
        return

    async def count() -> int:
        return (await services.runs.page(tenant, statuses=_OPEN, limit=1))[1]

    if not await services.budgets.tenant_runs.admit(tenant, count):
        raise _too_many("tenant")


async def admit_webhook_run(services: Services, definition: Definition) -> None:
    """Count one more run of the webhook's definition; raises Refused 429 past the limit."""
    tenant, ident = definition.tenant, definition.definition_id

    async def count() -> int:
        return (await services.runs.page(tenant, definition_id=ident, statuses=_OPEN, limit=1))[1]

    if not await services.budgets.webhook_runs.admit(f"{tenant}/{ident}", count):
        raise _too_many("webhook")


def _too_many(noun: str) -> Refused:
    message = f"This {noun} has too many unfinished runs; try again later"
    return Refused("rate_limited", message, headers={"Retry-After": "1"})
