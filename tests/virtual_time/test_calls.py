"""Calls under virtual time: slots are waited for, and deadlines follow the clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from baton.domain.run.outcome import Succeeded
from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.executor.functions.call import Call
from baton.executor.functions.registered_functions import CallLimits, RegisteredFunctions
from baton.executor.functions.registry import Registry
from baton.executor.virtual_calls import VirtualCalls
from tests.executor.calls import a_call
from tests.kit.stack import in_background


@dataclass
class Timer:
    """Records when it expires."""

    time: VirtualTime
    timeout_ms: int = 30_000
    log: AttemptLog | None = None
    over: bool = False
    cut_off: bool = False
    expired_at: int | None = None

    def wait(self) -> None: ...

    def start(self) -> None: ...

    def check(self) -> None: ...

    def expire(self) -> None:
        self.expired_at = self.time.clock.now()


@asynccontextmanager
async def calls_of(time: VirtualTime) -> AsyncIterator[VirtualCalls]:
    """Yield calls of functions that have one slot each."""
    limits = CallLimits(per_function=1)
    calls = VirtualCalls(RegisteredFunctions(Registry(), clock=time.clock, limits=limits), time)
    yield calls
    await calls.close()


def sleep(ms: int, timer: Timer | None) -> Call:
    return replace(a_call("sleep", config={"ms": ms}), timer=timer, deadline_at=30_000)


async def test_a_wait_for_a_slot_lets_time_move_and_does_not_count() -> None:
    time = VirtualTime(0)
    timers, ends = [Timer(time) for _ in range(3)], []

    async with calls_of(time) as calls:

        async def perform(timer: Timer) -> None:
            assert await calls.call(sleep(20_000, timer)) == Succeeded(output="success")
            ends.append(time.clock.now())

        async with in_background(*map(perform, timers)):
            await time.move_to(100_000)

    assert ends == [20_000, 40_000, 60_000]
    assert [one.expired_at for one in timers] == [None] * 3
    assert time.clock.next_due() is None


async def test_the_deadline_of_an_attempt_follows_the_clock() -> None:
    time = VirtualTime(0)
    timer = Timer(time)

    async with calls_of(time) as calls:
        attempt = asyncio.create_task(calls.call(sleep(40_000, timer)))
        await time.move_to(29_999)
        assert timer.expired_at is None
        await time.move_to(50_000)
        await attempt
        assert await calls.call(sleep(0, None)) == Succeeded(output="success")

    assert timer.expired_at == 30_000
    assert not time.activity.busy
