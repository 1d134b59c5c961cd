"""The virtual clock: it moves only on request, and stops at each due time on the way."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from baton.eventlog.virtual_time.activity import Activity
from baton.eventlog.virtual_time.counted_stores import counted
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from tests.kit.stack import in_background


async def test_sleepers_wake_in_the_order_of_their_due_times() -> None:
    virtual = VirtualTime(0)
    woken: list[tuple[int, int]] = []

    async def sleeper(due_at: int) -> None:
        await virtual.clock.sleep_until(due_at)
        woken.append((due_at, virtual.clock.now()))

    async with in_background(*(sleeper(due_at) for due_at in (30, 10, 20, 0, 50))):
        await virtual.move_to(40)

        assert woken == [(0, 0), (10, 10), (20, 20), (30, 30)]
        assert (virtual.clock.now(), virtual.clock.next_due()) == (40, 50)


async def test_work_that_is_set_off_on_the_way_happens_at_its_own_time() -> None:
    virtual = VirtualTime(1_000)
    seen: list[int] = []

    async def ticker() -> None:
        for _ in range(3):
            await virtual.clock.sleep_until(virtual.clock.now() + 100)
            seen.append(virtual.clock.now())

    async with in_background(ticker()):
        await virtual.move_to(2_000)

    assert seen == [1_100, 1_200, 1_300]


async def test_time_never_moves_while_a_task_works() -> None:
    """A thread takes real time, in which something else is due."""
    virtual = VirtualTime(0)
    seen: list[int] = []

    async def worker() -> None:
        await virtual.clock.sleep_until(10)
        with virtual.activity.working():
            await asyncio.to_thread(time.sleep, 0.05)
            seen.append(virtual.clock.now())

    async with in_background(worker(), virtual.clock.sleep_until(11)):
        await virtual.move_to(100)

    assert seen == [10]


async def test_a_task_that_sleeps_on_the_clock_does_not_hold_it() -> None:
    virtual = VirtualTime(0)
    seen: list[int] = []

    async def worker() -> None:
        with virtual.activity.working():
            await virtual.clock.sleep_until(10)
            seen.append(virtual.clock.now())
            assert virtual.activity.busy

    async with in_background(worker()):
        await virtual.move_to(5)
        assert not virtual.activity.busy
        await virtual.move_to(20)

    assert seen == [10]


async def test_idlers_wake_once_after_a_move_and_again_after_each_change() -> None:
    virtual = VirtualTime(0)
    looks: list[int] = []

    async def poll() -> None:
        while True:
            looks.append(virtual.clock.now())
            if len(looks) == 3:
                virtual.activity.changes += 1
            await virtual.clock.idle(250)

    async with in_background(poll()):
        await virtual.settle()
        assert looks == [0, 0]
        await virtual.move_to(3_600_000)

    assert looks == [0, 0, 3_600_000, 3_600_000]


async def test_idling_ends_in_real_time_if_the_clock_is_not_moved() -> None:
    virtual = VirtualTime(7, real_idle=True)

    async with asyncio.timeout(5):
        await virtual.clock.idle(1)

    assert virtual.clock.now() == 7


async def test_cancelled_sleeps_leave_nothing_behind() -> None:
    virtual = VirtualTime(0)
    for number in range(1_000):
        virtual.clock.call_at(1_000_000 + number, lambda: None).cancel()

    assert virtual.clock.next_due() is None
    assert len(virtual.clock._dues) < 200


class Port:
    size = 3

    def plain(self, number: int) -> int:
        return number + 1

    async def waits(self, until: "asyncio.Future[int]") -> int:
        return await until


@pytest.mark.parametrize("changing", [(), ("waits",)])
async def test_a_counted_port_works_until_its_result_is_there(changing: tuple[str, ...]) -> None:
    activity, until = Activity(), asyncio.get_running_loop().create_future()
    port = counted(Port(), activity, changing)

    calling: Coroutine[Any, Any, int] = port.waits(until)
    task = asyncio.create_task(calling)
    await asyncio.sleep(0)
    assert activity.busy
    until.set_result(5)

    assert (await task, port.plain(1), port.size) == (5, 2, 3)
    assert not activity.busy
    assert activity.changes == len(changing)
