"""A faulty function affects only its own call, and the executor reports it."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.loading import load_functions
from baton.executor.functions.python import hung_threads as hung
from baton.executor.functions.registered_functions import CallLimits
from baton.executor.functions.registry import Registry
from baton.executor.runs import deadlines
from baton.executor.sdk import StepContext, function
from tests.executor.calls import a_call, functions_of
from tests.executor.engine import CLOCK, engine_of
from tests.kit.eventually import eventually


def swallowing(stop: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """Return a function that catches every cancellation until `stop` is set."""

    @function("swallow")
    async def swallow() -> None:
        while not stop.is_set():
            with suppress(BaseException):
                await stop.wait()

    return swallow


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time after which a function counts as hung."""
    monkeypatch.setattr(deadlines, "IGNORED_AFTER_S", 0.05)
    monkeypatch.setattr(hung, "HUNG_AFTER_S", 0.05)


# Swallowed cancellation -------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_checks")
async def test_an_attempt_that_swallows_its_cancellation_is_timed_out_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    async with engine_of(swallowing(stop)) as engine:
        (run,) = await engine.ended(await engine.start("swallow", timeout_ms=50))
        assert run.errors["only"].code == "TIMEOUT"
        assert engine.executor.counts.functions_left_behind == 1
        stop.set()

    assert "function swallow ignores its cancellation and is left behind: run swallow-0" in (
        caplog.text
    )


async def test_a_stop_is_bounded_although_a_function_swallows_its_cancellation(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    async with engine_of(swallowing(stop)) as engine:
        await engine.start("swallow")
        await eventually(lambda: engine.executor.counts.steps_performed == 1)
        await asyncio.wait_for(engine.executor.stop(grace_s=0), 5)
        assert (await engine.run("swallow-0")).steps["only"].status == "released"
        stop.set()

    assert "function swallow ignores its cancellation and is left behind after" in caplog.text
    assert "run swallow-0, step only" in caplog.text


# Cancellation of the own task ---------------------------------------------------------------------


async def fail() -> None:
    raise ValueError("no stock")


@function("fail-in-a-group")
async def fail_in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fail())


@function("survive-a-group")
async def survive_a_group() -> str:
    with suppress(ExceptionGroup):
        await fail_in_a_group()
    return "done"


@function("cancel-itself")
async def cancel_itself() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    return "done"


@function("cancel-the-storing")
async def cancel_the_storing() -> str:
    await cancel_itself()
    return "x" * 100_000  # so large that it is stored apart


@pytest.mark.parametrize("target", [survive_a_group, cancel_itself])
async def test_a_function_that_cancels_its_own_task_ends_neither_its_attempt_nor_its_run(
    target: Callable[[], Awaitable[str]],
) -> None:
    async with engine_of(target) as engine:
        name = "survive-a-group" if target is survive_a_group else "cancel-itself"
        (run,) = await engine.ended(await engine.start(name, further=("second", "third")))

    assert run.status == "completed"
    assert run.outputs.keys() == {"only", "second", "third"}


async def test_a_cancellation_of_unknown_origin_fails_the_attempt() -> None:
    async with engine_of(cancel_the_storing) as engine:
        (run,) = await engine.ended(await engine.start("cancel-the-storing"))

    assert run.errors["only"].code == "CancelledError"


async def test_a_failed_task_group_fails_the_attempt() -> None:
    async with engine_of(fail_in_a_group) as engine:
        (run,) = await engine.ended(await engine.start("fail-in-a-group", attempts=3))

    assert (run.errors["only"].code, run.steps["only"].attempt) == ("ValueError", 3)


# Blocking in a coroutine ------------------------------------------------------------------------


@function("block")
async def block() -> None:
    time.sleep(0.4)  # noqa: ASYNC251 - the fault


async def test_a_function_that_holds_the_event_loop_is_named_with_its_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with engine_of(block) as engine:
        await engine.ended(await engine.start("block", count=2))
        assert engine.functions.python.loop_blocked == 2

    lines = [
        one.getMessage() for one in caplog.records if "has blocked the event loop" in one.message
    ]
    assert len(lines) == 1  # a function is named once a minute
    assert "function block has blocked the event loop for more than 100 ms" in lines[0]
    assert "run block-0, step only, attempt 1" in lines[0]
    assert "in block\n    time.sleep(0.4)" in lines[0]


async def test_a_blocked_attempt_that_ends_over_its_timeout_is_timed_out() -> None:
    async with engine_of(block) as engine:
        (run,) = await engine.ended(await engine.start("block", timeout_ms=200))

    assert run.errors["only"].code == "TIMEOUT"


async def test_the_time_that_another_function_holds_the_loop_does_not_time_out_an_attempt() -> None:
    @function("wait")
    async def wait() -> str:
        await asyncio.sleep(0.15)
        return "done"

    async with engine_of(block, wait) as engine:
        waiting = await engine.start("wait", timeout_ms=200)
        await eventually(lambda: engine.executor.counts.steps_performed == 1, every_s=0)
        await engine.start("block")
        (run,) = await engine.ended(waiting)

    assert run.status == "completed"


# Waiting is not working -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["loop", "thread"])
async def test_waiting_for_a_slot_does_not_count_as_working(kind: str) -> None:
    deadlines_seen: list[int] = []

    def note(ctx: StepContext) -> None:
        deadlines_seen.append(ctx.deadline - CLOCK.now())

    async def nap_async(_payload: dict, ctx: StepContext) -> None:
        note(ctx)
        await asyncio.sleep(0.2)

    def nap(_payload: dict, ctx: StepContext) -> None:
        note(ctx)
        time.sleep(0.2)

    target = function("nap", limit=2)(nap_async if kind == "loop" else nap)
    async with engine_of(target) as engine:
        ids = await engine.start("nap", timeout_ms=800, count=12)
        await eventually(lambda: engine.functions.waits.waiting > 0)
        runs = await engine.ended(ids)
        assert engine.functions.waits.waiting == 0
        assert engine.functions.waits.waited_ms > 0
        waits = engine.functions.waits_by_function()["nap"]

    assert sum(waits.buckets) == 12
    assert 2 <= waits.buckets[0] < 12
    assert waits.sum > 0

    assert {run.status for run in runs} == {"completed"}
    assert min(deadlines_seen) > 100


async def test_a_call_that_waits_too_long_for_a_slot_fails_and_may_be_retried() -> None:
    gate = asyncio.Event()

    @function("held", limit=1)
    async def held() -> None:
        await gate.wait()

    async with functions_of(held, clock=CLOCK, limits=CallLimits(wait_ms=50)) as functions:
        first = asyncio.create_task(functions.call(a_call("held")))
        await asyncio.sleep(0)
        second = await functions.call(a_call("held"))
        gate.set()
        assert isinstance(await first, Succeeded)

    assert isinstance(second, Failed)
    assert second.error.code == "NO_FREE_SLOT"
    assert second.retryable
    assert "no slot became free within 0.05 s" in second.error.message


# Hung threads -----------------------------------------------------------------------------------


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Yield a gate at which blocking functions wait; it opens when the test ends."""
    made = threading.Event()
    yield made
    made.set()


async def test_hung_functions_keep_no_other_function_waiting(gate: threading.Event) -> None:
    @function("hang")
    def hang() -> None:
        gate.wait()

    @function("stuck")
    def stuck() -> None:
        gate.wait()

    @function("quick")
    def quick() -> str:
        return "done"

    async with functions_of(hang, stuck, quick, clock=CLOCK) as functions:
        calls = [functions.call(a_call(name)) for name in ("hang", "stuck") for _ in range(16)]
        hanging = [asyncio.create_task(call) for call in calls]
        await asyncio.sleep(0)
        assert await functions.call(a_call("quick")) == Succeeded(output="done")
        gate.set()
        await asyncio.gather(*hanging)


@pytest.mark.usefixtures("quick_checks")
async def test_a_thread_that_hangs_after_its_attempt_is_replaced_logged_and_counted(
    gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    @function("hang", limit=1)
    def hang(payload: dict) -> str:
        if payload["input"] is None:
            gate.wait()
        return "done"

    async with engine_of(hang) as engine:
        threads = engine.functions.python.hung_threads
        (run,) = await engine.ended(await engine.start("hang", timeout_ms=50))
        assert run.errors["only"].code == "TIMEOUT"
        again = await engine.functions.call(a_call("hang", input=1))
        assert again == Succeeded(output="done")
        await eventually(lambda: threads.found == 1)
        assert threads.count == 1
        gate.set()
        await eventually(lambda: threads.count == 0)

    assert "function hang still runs in its thread although its attempt is over (run hang-0" in (
        caplog.text
    )
    assert "gate.wait()" in caplog.text


@pytest.mark.usefixtures("quick_checks")
async def test_a_loop_in_a_hung_thread_is_interrupted() -> None:
    @function("spin")
    def spin() -> None:
        while True:
            pass

    async with engine_of(spin) as engine:
        await engine.ended(await engine.start("spin", timeout_ms=50))
        await eventually(lambda: engine.functions.python.hung_threads.count == 0)


@pytest.mark.usefixtures("quick_checks")
async def test_too_many_hung_threads_make_the_process_unready_and_are_not_replaced(
    gate: threading.Event,
) -> None:
    begun = threading.Semaphore(0)

    @function("hang", limit=1)
    def hang() -> None:
        begun.release()
        gate.wait()

    async with functions_of(hang, clock=CLOCK, limits=CallLimits(hung_threads=2)) as functions:
        threads = functions.python.hung_threads
        for _ in range(3):
            assert await threads.below_ceiling() == (threads.count < 2)
            call = asyncio.create_task(functions.call(a_call("hang")))
            await asyncio.to_thread(begun.acquire, timeout=10)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        last = asyncio.create_task(functions.call(a_call("hang")))
        await eventually(lambda: functions.waits.waiting == 1)
        assert not await threads.below_ceiling()
        gate.set()
        assert isinstance(await last, Succeeded)
        await eventually(threads.below_ceiling)


# Processes --------------------------------------------------------------------------------------

IN_A_PROCESS = """
import os, sys, time
from baton.executor.sdk import function

@function("die", pool="process")
def die():
    os._exit(7)

@function("interrupt", pool="process")
async def interrupt():
    raise KeyboardInterrupt

@function("flood", pool="process")
def flood():
    for _ in range(2_000):
        print("x" * 1_000)
        os.write(2, b"y" * 1_000)
    return "done"

@function("fork", pool="process")
def fork(payload):
    if os.fork() == 0:
        time.sleep(payload["input"]["child_s"])
    return os.getpid()

@function("fork-and-die", pool="process")
def fork_and_die():
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)
    os._exit(7)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Registry:
    source = tmp_path / "in_a_process.py"
    source.write_text(IN_A_PROCESS)
    registry = Registry()
    for one in load_functions(str(source)):
        registry.add(one)
    return registry


async def test_a_process_that_dies_is_named_and_any_exception_stays_in_its_call(
    processes: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    async with functions_of(registry=processes) as functions:
        died = await functions.call(a_call("die"))
        interrupted = await functions.call(a_call("interrupt"))

    assert isinstance(died, Failed)
    assert died.error.code == "PROCESS_DIED"
    assert isinstance(interrupted, Failed)
    assert interrupted.error.code == "KeyboardInterrupt"
    assert "function die failed with PROCESS_DIED in step check of run" in caplog.text


async def test_the_printed_output_of_a_function_in_a_process_is_bounded(
    processes: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    async with functions_of(registry=processes) as functions:
        assert await functions.call(a_call("flood")) == Succeeded(output="done")
        await eventually(lambda: True)

    printed = capfd.readouterr()
    assert len(printed.out) + len(printed.err) < 100_000


async def test_a_forked_child_stops_and_slows_no_other_call(processes: Registry) -> None:
    async with functions_of(registry=processes) as functions:
        first = await functions.call(a_call("fork", input={"child_s": 0}))
        again = await functions.call(a_call("fork", input={"child_s": 2}))
        async with asyncio.timeout(1.5):
            died = await functions.call(a_call("fork-and-die"))

    assert isinstance(first, Succeeded)
    assert first == again
    assert isinstance(died, Failed)
    assert died.error.code == "PROCESS_DIED"


@pytest.mark.parametrize("kind", ["loop", "thread"])
async def test_a_process_forked_by_a_function_ends_with_the_call(kind: str) -> None:
    ready, ended = os.pipe()
    children: list[int] = []

    def fork() -> str:
        if child := os.fork():
            children.append(child)
        else:
            os.write(ended, b"child")
        return "done"

    async def fork_async() -> str:
        done = fork()
        await asyncio.sleep(0)
        os.write(ended, b"!")  # the child must not come so far
        return done

    async with functions_of(function("f")(fork_async if kind == "loop" else fork)) as functions:
        outcome = await functions.call(a_call("f"))
        _, status = await asyncio.to_thread(os.waitpid, children[0], 0)
    os.close(ended)
    written = os.read(ready, 100)
    os.close(ready)

    assert outcome == Succeeded(output="done")
    assert status == 0
    assert sorted(written.decode()) == sorted("child" + ("!" if kind == "loop" else ""))


# Failures are seen ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["loop", "thread"])
async def test_an_exception_is_logged_once_with_its_traceback_where_it_was_raised(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise KeyError("amount")

    async def fail_async() -> None:
        fail()

    async with functions_of(function("f")(fail_async if kind == "loop" else fail)) as functions:
        with caplog.at_level(logging.WARNING, logger="baton.functions"):
            await functions.call(a_call("f"))

    (line,) = [one.getMessage() for one in caplog.records if one.name == "baton.functions"]
    assert f"function f failed with KeyError in step check of run {'c' * 20}, attempt 1" in line
    assert 'raise KeyError("amount")' in line


# All of it at once ------------------------------------------------------------------------------

WELL_BEHAVED = 500
"""Runs of each of two well-behaved functions."""


@function("greet")
async def greet(payload: dict) -> str:
    await asyncio.sleep(0)
    return f"hello {payload['input']}"


@function("count")
def count_to_hundred() -> int:
    return sum(range(100))


@function("leak")
async def leak() -> int:
    tasks = [asyncio.create_task(asyncio.sleep(3_600)) for _ in range(1_000)]
    LEAKED.extend(tasks)
    LEAKED.append(bytearray(10_000_000))
    return len(LEAKED)


@function("interrupt-all")
async def interrupt_all() -> None:
    raise KeyboardInterrupt


@function("fork-here")
def fork_here() -> None:
    if os.fork() == 0:
        time.sleep(0.2)


LEAKED: list[Any] = []
IN_PROCESS = (greet, count_to_hundred, leak, interrupt_all, fork_here)


REPORTED = (
    "function block has blocked the event loop for more than 100 ms",
    "function hang-thread still runs in its thread although its attempt is over (run hang",
    "function swallow ignores its cancellation and is left behind: run swallow-0, step only",
    "function die failed with PROCESS_DIED in step only of run die-0",
    "function interrupt-all failed with KeyboardInterrupt in step only of run interrupt-all-0",
)


def cancel_leaked_tasks() -> None:
    for task in LEAKED:
        if isinstance(task, asyncio.Task):
            task.cancel()


@pytest.mark.usefixtures("quick_checks")
async def test_a_misbehaving_function_of_each_kind_delays_none_of_a_thousand_runs(
    processes: Registry, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()

    @function("hang-thread")
    def hang_thread() -> None:
        gate.wait()

    @function("hold-thread")
    def hold_thread() -> None:
        gate.wait()

    known = (*IN_PROCESS, block, hold_thread, hang_thread, swallowing(stop))
    async with engine_of(*known, registry=processes) as engine:
        holding = await engine.start("hold-thread", count=20)
        hanging = [
            *await engine.start("hang-thread", timeout_ms=500, count=20),
            *await engine.start("swallow", timeout_ms=500, count=20),
        ]
        misbehaving = ("block", "die", "flood", "fork-here", "leak", "interrupt-all")
        ended = [one for name in misbehaving for one in await engine.start(name, count=2)]
        good = [
            *await engine.start("greet", timeout_ms=5_000, count=WELL_BEHAVED),
            *await engine.start("count", timeout_ms=5_000, count=WELL_BEHAVED),
        ]
        runs = await engine.ended(good)
        codes = {run.errors["only"].code for run in await engine.ended(ended) if run.errors}
        late = await engine.ended(hanging)
        assert not any([(await engine.run(one)).final for one in holding])
        stop.set()
        gate.set()
        await engine.ended(holding)
        cancel_leaked_tasks()

    assert {run.status for run in runs} == {"completed"}
    assert {run.steps["only"].attempt for run in runs} == {1}
    assert {run.errors["only"].code for run in late} == {"TIMEOUT"}
    assert codes == {"PROCESS_DIED", "KeyboardInterrupt"}
    for text in REPORTED:
        assert text in caplog.text
