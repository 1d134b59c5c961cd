"""Limits on the unfinished runs of a tenant, and of an unsigned webhook."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from baton.command_api.http.refusal import Refused
from baton.command_api.services import Services
from baton.domain.definition.state import State as Definition


async def admit_run(services: Services, tenant: str) -> None:
    """Count one more run of the tenant; raises Refused 429 above the limit."""
    if services.budgets.tenant_runs.take(tenant):
        return
    count = partial(services.runs.count_open, tenant)
    if not await services.budgets.tenant_runs.admit(tenant, count):
        raise _too_many("tenant")


@dataclass(slots=True)
class AdmittedRun:
    """One run within the limit; `used` is whether the run was started, so that it stays counted."""

    used: bool = False


@asynccontextmanager
async def admitted_run(services: Services, tenant: str) -> AsyncIterator[AdmittedRun]:
    """Count one more run of the tenant, unless the block ends without using it.

    Raises Refused 429 above the limit.
    """
    await admit_run(services, tenant)
    admitted = AdmittedRun()
    try:
        yield admitted
    finally:
        if not admitted.used:
            services.budgets.tenant_runs.give_back(tenant)


async def admit_webhook_run(services: Services, definition: Definition) -> None:
    """Count one more run of the webhook's definition; raises Refused 429 above the limit."""
    tenant, ident = definition.tenant, definition.definition_id
    count = partial(services.runs.count_open, tenant, ident)
    if not await services.budgets.webhook_runs.admit(f"{tenant}/{ident}", count):
        raise _too_many("webhook")


def _too_many(noun: str) -> Refused:
    message = f"This {noun} has too many unfinished runs; try again later"
    return Refused("rate_limited", message, headers={"Retry-After": "1"})
