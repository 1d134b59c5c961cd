"""Facts about the installation, outside the log: why runs of a definition don't start now."""

from collections.abc import AsyncIterator

from baton.command_api.commands import SCHEDULER, held_text, hold_of
from baton.command_api.services import Services
from baton.domain.definition.explanation import Reason
from baton.domain.definition.graph import Compute
from baton.domain.definition.state import State
from baton.domain.nearest_name import nearest_name


async def facts_about(
    services: Services, definition: State, reasons: tuple[Reason, ...]
) -> AsyncIterator[Reason]:
    """Yield the causes that keep runs of a definition from starting, or from continuing."""
    held = await hold_of(services)
    if held is not None:
        yield Reason(code="SERVER_HELD", text=held_text(held))
    timed = any(reason.due_at is not None for reason in reasons)
    if timed and not await scheduler_works(services):
        yield Reason(code="NO_SCHEDULER", text="No scheduler is running: nothing fires its ticks")
    limit = services.budgets.limits.tenant_open_runs
    if limit and await services.runs.count_open(definition.tenant) >= limit:
        text = f"The tenant has {limit} unfinished runs, as many as it may have"
        yield Reason(code="TOO_MANY_RUNS", text=text)
    async for reason in _functions(services, definition):
        yield reason


async def scheduler_works(services: Services) -> bool:
    """Return whether a scheduler holds its lease."""
    held = await services.installation.leases.held(at=services.clock.now())
    return any(lease.name == SCHEDULER for lease in held)


async def _functions(services: Services, definition: State) -> AsyncIterator[Reason]:
    """Yield a reason for each function that no executor knows."""
    known = await services.functions.overview()
    if not known.executors:
        yield Reason(code="NO_EXECUTOR", text="No executor is running: runs start and wait")
        return
    names = {
        name
        for function in known.functions
        for name in (function.name, function.id, *function.aliases)
    }
    called = {
        step.function
        for step in definition.body.graph.steps
        if isinstance(step, Compute) and not step.names_no_function
    }
    for name in sorted(called - names):
        nearest = nearest_name(name, names)
        hint = f"; the nearest is '{nearest}'" if nearest else ""
        yield Reason(code="NO_FUNCTION", text=f"No executor knows function '{name}'{hint}")
