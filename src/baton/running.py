"""Runs the roles of one process, and stops them in the order of the work."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Final, TypeAlias

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.single_partition_log import SinglePartitionLog
from baton.settings import Settings
from baton.wiring import EVERY, Role, Stack, compose, export, open_shared

GRACE_S: Final = 10.0
"""How long a stop waits for functions under way."""
ASK_MS: Final = 50

_Begun: TypeAlias = dict[str, asyncio.Task[None]]


@asynccontextmanager
async def running(settings: Settings, roles: frozenset[Role] = EVERY) -> AsyncIterator[Stack]:
    """Run `roles` in this process until the block ends; then stop them gracefully.

    A role that ends on its own ends the block with its exception: a process is restarted, not
    mended.
    """
    _collect_garbage_less_often()
    clock, rng = SystemClock(), Random()  # noqa: S311 - spreads backoffs
    async with AsyncExitStack() as opened:
        stores = await open_shared(settings, roles)
        opened.push_async_callback(stores.close)
        stack = compose(settings, stores, roles, clock=clock, rng=rng)
        export(stack, roles)
        opened.push_async_callback(stack.functions.close)
        async with asyncio.TaskGroup() as group:
            begun = {
                name: group.create_task(work, name=name)
                for name, work in _work(stack, roles).items()
            }
            try:
                yield stack
            finally:
                await _stop(stack, roles, begun)


async def ready(stack: Stack) -> None:
    """Return when everything holds that /readyz asks."""
    checks = tuple(stack.services.checks.values())
    while not await _all_hold(checks):
        await stack.clock.sleep(ASK_MS)


async def _all_hold(checks: Sequence[Callable[[], Awaitable[bool]]]) -> bool:
    try:
        return all([await check() for check in checks])
    except Unavailable:
        return False


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
        if stack.relay is not None:
            work["relay"] = stack.relay.run()
        if stack.receiver is not None:
            work["records"] = stack.receiver.run()
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
    shares = stack.stores.partitioned_log or SinglePartitionLog(
        stack.stores.log, stack.stores.events
    )
    subscription = await shares.join("executor", stack.ownership)
    await follow(subscription, stack.executor.handle, clock=stack.clock)


async def _stop(stack: Stack, roles: frozenset[Role], begun: _Begun) -> None:
    """Stop in the order of the work: no new triggers, then the steps under way, then the views."""
    if "scheduler" in roles:
        if stack.receiver is not None:
            begun["records"].cancel()
        await stack.scheduler.stop()
        if stack.relay is not None:
            await stack.relay.stop()
    if "executor" in roles:
        await stack.executor.stop(grace_s=GRACE_S)
    if "projector" in roles and stack.progress is None:
        await stack.projector.reached(await stack.stores.events.head(), 5_000)
    for task in begun.values():
        task.cancel()
    await asyncio.gather(*begun.values(), return_exceptions=True)
