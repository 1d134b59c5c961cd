"""Runs the roles of one process, and stops them in the order of the work."""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from random import Random
from typing import Final, Literal, TypeAlias, get_args

from baton.settings import Settings
from baton.wiring import Stack, compose, open_shared
from eventlog.clock import SystemClock
from eventlog.follow import follow
from eventlog.leading import Leader
from eventlog.shares import WholeLog

Role: TypeAlias = Literal["api", "executor", "projector", "scheduler"]
EVERY: Final[frozenset[Role]] = frozenset(get_args(Role))

GRACE_S: Final = 10.0
"""How long a stop waits for functions under way."""
_ASK_S: Final = 0.05

_Begun: TypeAlias = dict[str, asyncio.Task[None]]


@asynccontextmanager
async def running(settings: Settings, roles: frozenset[Role] = EVERY) -> AsyncIterator[Stack]:
    """Run `roles` in this process until the block ends; then stop them gracefully.

    A role that ends on its own ends the block with its exception: a process is restarted, not
    mended.
    """
    _collect_garbage_less_often()
    clock, rng = SystemClock(), Random()  # noqa: S311 - spreads backoffs
    stores = await open_shared(settings)
    stack = compose(settings, stores, clock=clock, rng=rng)
    try:
        async with asyncio.TaskGroup() as group:
            begun = {
                name: group.create_task(work, name=name)
                for name, work in _work(stack, roles).items()
            }
            try:
                yield stack
            finally:
                await _stop(stack, roles, begun)
    finally:
        await stack.functions.close()
        await stores.close()


async def ready(stack: Stack) -> None:
    """Return when everything holds that /readyz asks."""
    checks = tuple(stack.services.checks.values())
    while not all([await check() for check in checks]):
        await asyncio.sleep(_ASK_S)


def _collect_garbage_less_often() -> None:
    """Spare the collector what lives long anyway: it took a third of the time under load."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


def _work(stack: Stack, roles: frozenset[Role]) -> dict[str, Coroutine[None, None, None]]:
    work: dict[str, Coroutine[None, None, None]] = {}
    if stack.progress is not None:
        work["views"] = stack.progress.run()
    if "projector" in roles:
        work["projector"] = _project(stack)
    if "executor" in roles:
        work["executor"] = _execute(stack)
    if "scheduler" in roles:
        work["scheduler"] = stack.scheduler.run()
    return work


async def _project(stack: Stack) -> None:
    """Keep the views; where processes share them, one at a time."""
    log = stack.stores.log
    if stack.progress is None:
        await stack.projector.run(log)
        return
    leader = Leader(stack.stores.leases, "projector", holder=stack.holder, clock=stack.clock)
    await leader.run(lambda: stack.projector.run(log))


async def _execute(stack: Stack) -> None:
    shares = stack.stores.shares or WholeLog(stack.stores.log, stack.stores.events)
    subscription = await shares.join("executor", stack.ownership)
    await follow(subscription, stack.executor.handle, clock=stack.clock)


async def _stop(stack: Stack, roles: frozenset[Role], begun: _Begun) -> None:
    """Stop in the order of the work: no new triggers, then the steps under way, then the views."""
    if "scheduler" in roles:
        await stack.scheduler.stop()
    if "executor" in roles:
        await stack.executor.stop(grace_s=GRACE_S)
    if "projector" in roles and stack.progress is None:
        await stack.projector.reached(await stack.stores.events.head(), 5_000)
    for task in begun.values():
        task.cancel()
    await asyncio.gather(*begun.values(), return_exceptions=True)
