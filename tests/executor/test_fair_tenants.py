"""One tenant's many slow runs don't hold up another tenant's single run."""

import asyncio

from baton.executor.executor import Limits
from baton.executor.functions.registered_functions import CallLimits
from baton.executor.sdk import StepContext, function
from tests.executor.calls import a_call, functions_of
from tests.executor.engine import engine_of
from tests.kit.eventually import eventually


async def test_calls_of_a_busy_function_are_made_in_turns_by_tenant() -> None:
    order: list[str] = []

    @function("work", limit=2)
    async def work(payload: dict, ctx: StepContext) -> None:
        order.append(ctx.tenant)
        await asyncio.sleep(0)

    async with functions_of(work) as functions:
        busy = [
            asyncio.create_task(functions.call(a_call("work", tenant="busy", run_id=f"r{n}")))
            for n in range(200)
        ]
        await asyncio.sleep(0)
        for step in ("a", "b", "c"):
            await functions.call(a_call("work", tenant="calm", step_id=step))
        ended = len(order)
        await asyncio.gather(*busy)

    assert order[:ended].count("calm") == 3
    assert ended <= 20  # of 203 calls


async def test_calls_that_wait_are_counted_by_tenant_until_they_are_cancelled() -> None:
    gate = asyncio.Event()

    @function("work", limit=1)
    async def work(payload: dict, ctx: StepContext) -> None:
        await gate.wait()

    async with functions_of(work) as functions:
        calls = [
            asyncio.create_task(functions.call(a_call("work", tenant=tenant, run_id=f"r{n}")))
            for n, tenant in enumerate(("busy", "busy", "busy", "calm"))
        ]
        await eventually(lambda: functions.waiting() == {"busy": 2, "calm": 1}, every_s=0)
        calls[1].cancel()
        await eventually(lambda: functions.waiting() == {"busy": 1, "calm": 1}, every_s=0)
        gate.set()
        await asyncio.gather(*calls, return_exceptions=True)
        assert functions.waiting() == {}


async def test_a_slow_tenant_leaves_the_others_places_of_functions_without_a_limit() -> None:
    gate, called = asyncio.Event(), list[str]()

    @function("work")
    async def work(payload: dict, ctx: StepContext) -> None:
        called.append(ctx.tenant)
        if ctx.tenant == "busy":
            await gate.wait()

    async with functions_of(work, limits=CallLimits(per_function=8)) as functions:
        busy = [
            asyncio.create_task(functions.call(a_call("work", tenant="busy", run_id=f"r{n}")))
            for n in range(100)
        ]
        await eventually(lambda: len(called) >= 8, every_s=0)
        await functions.call(a_call("work", tenant="calm"))
        busy_ones = called.count("busy")
        gate.set()
        await asyncio.gather(*busy)

    assert busy_ones <= 9


async def test_runs_are_started_in_turns_by_tenant() -> None:
    gate, order = asyncio.Event(), list[str]()

    @function("work")
    async def work(payload: dict, ctx: StepContext) -> None:
        await gate.wait()
        order.append(ctx.tenant)

    async with engine_of(work, tasks=Limits(tasks=4)) as engine:
        await engine.start("work", count=40)
        await eventually(lambda: engine.executor.backlog == 36, every_s=0)
        await engine.start("work", tenant="calm")
        await eventually(lambda: engine.executor.backlog == 37, every_s=0)
        assert engine.executor.requested_runs() == {"acme": 36, "calm": 1}
        gate.set()
        await eventually(lambda: len(order) == 41, every_s=0)

    assert order.index("calm") <= 8


async def test_a_tenant_whose_slow_runs_take_every_task_leaves_the_others_some() -> None:
    gate, order = asyncio.Event(), list[str]()

    @function("work")
    async def work(payload: dict, ctx: StepContext) -> None:
        if ctx.tenant == "acme":
            await gate.wait()
        order.append(ctx.tenant)

    async with engine_of(work, tasks=Limits(tasks=16)) as engine:
        await engine.start("work", count=40)
        await eventually(lambda: engine.executor.backlog == 40 - 16 - 1, every_s=0)
        await engine.start("work", tenant="calm", count=3)
        await eventually(lambda: order == ["calm"] * 3, every_s=0)
        gate.set()
        await eventually(lambda: len(order) == 43, every_s=0)


async def test_a_run_of_three_steps_waits_for_few_of_the_calls_of_a_busy_tenant() -> None:
    gate, order = asyncio.Event(), list[str]()

    @function("work", limit=2)
    async def work(payload: dict, ctx: StepContext) -> None:
        await gate.wait()
        order.append(ctx.tenant)
        await asyncio.sleep(0)

    async with engine_of(work) as engine:
        await engine.start("work", count=500)
        await engine.start("work", tenant="calm", further=("second", "third"))
        await eventually(lambda: engine.functions.waiting() == {"acme": 498, "calm": 1}, every_s=0)
        gate.set()
        await eventually(lambda: order.count("calm") == 3, every_s=0)
        before = len(order)
        await eventually(lambda: len(order) == 503, every_s=0)

    assert before < 100
