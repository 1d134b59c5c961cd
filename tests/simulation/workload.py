"""The workload of a seed: its definitions, and the commands and record events sent to Baton."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from random import Random
from typing import Any, get_args

from baton.backends.memory import BACKEND
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.messages import UpdateDefinition
from baton.domain.definition.trigger import EventTrigger, ManualTrigger, ScheduleTrigger, Trigger
from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.hold import Timers
from baton.domain.run.messages.commands import CancelRun, PauseRun, ResumeRun, RetryRun
from baton.domain.schedule.timetable import Interval
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import StoreLocation
from baton.projector.views import every_view
from tests.kit.actors import ANN, BOB, EVE
from tests.kit.definitions import body, create_definition, request_run
from tests.simulation.faults import FaultPlan
from tests.simulation.plans import Behaviour, Plan, draw, draw_input
from tests.simulation.simulation import TENANT, Simulation

INTERVAL_MS = 1_000
"""Interval of the schedule."""


async def draw_simulation(seed: int) -> Simulation:
    """Draw the definitions and the probabilities of faults."""
    rng = Random(seed)
    stores = await BACKEND.open(StoreLocation(secrets_keys=(b"a key for tests, 32 bytes long..",)))
    await stores.views.prepare([view.table for view in every_view()])
    fault_plan = FaultPlan(
        delay=rng.choice((0.0, 0.1, 0.4)),
        max_delay_ms=rng.choice((2, 30, 300)),
        unavailable=rng.choice((0.0, 0.0, 0.01, 0.05)),
        repeat=0.2,
    )
    simulation = Simulation(seed, rng, stores, chaos_s=rng.uniform(1, 6), fault_plan=fault_plan)
    for number in range(rng.randint(1, 2)):
        await _define(simulation, f"by-hand-{number}", draw(rng, f"h{number}"), ManualTrigger())
    if rng.random() < 0.4:
        trigger = EventTrigger(event_type="record.created")
        await _define(simulation, "by-event", draw(rng, "e"), trigger)
    if rng.random() < 0.25:
        plan = Plan(
            Graph(steps=(Compute(id="tick", function="f"),)), {"tick": Behaviour("succeed", 1)}
        )
        every_second = ScheduleTrigger(timetable=Interval(every_ms=INTERVAL_MS))
        await _define(simulation, "by-time", plan, every_second)
    return simulation


async def run_to_the_end(simulation: Simulation) -> None:
    """Run the roles and the workload through the chaos, then until all work is done."""
    if simulation.rng.random() < 0.5:
        simulation.spawn(simulation.run_process())
    else:
        for name in ("projector", "executor", "scheduler"):
            simulation.spawn(simulation.run_role(name))
    await asyncio.gather(_send_workload(simulation), asyncio.sleep(simulation.chaos_s))
    if "by-time" in simulation.plans:
        await _pause(simulation, "by-time")
    simulation.end_chaos()
    await simulation.wait_until_idle()


async def _send_workload(simulation: Simulation) -> None:
    """Request runs and send record events at random times of the chaos."""
    work: list[Coroutine[Any, Any, None]] = []
    rng = simulation.rng
    by_hand = [name for name in simulation.plans if name.startswith("by-hand")]
    for number in range(rng.randint(1, 4)):
        run_id, definition = derived_id("run", str(number)), rng.choice(by_hand)
        work.append(_later(simulation, _request(simulation, run_id, definition)))
        if rng.random() < 0.15:
            work += [
                _later(simulation, _cancel_or_retry(simulation, run_id, definition))
                for _ in range(2)
            ]
        if rng.random() < 0.4:
            work.append(_later(simulation, _hold_and_resume(simulation, run_id, definition)))
    if "by-event" in simulation.plans:
        events = [f"event-{number}" for number in range(rng.randint(1, 3))]
        work += [_later(simulation, _send_record(simulation, one)) for one in (*events, events[0])]
    await asyncio.gather(*work)


async def _later(simulation: Simulation, action: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(simulation.rng.random() * simulation.chaos_s)
    await action


async def _define(simulation: Simulation, name: str, plan: Plan, trigger: Trigger) -> None:
    simulation.plans[name] = plan
    content = body(plan.graph, name=name, trigger=trigger)
    create = create_definition(name, content, tenant=TENANT, at=simulation.now)
    stream = stream_name(TENANT, DEFINITION.name, name)
    made = await transact(simulation.stores.events, DEFINITION, stream, create)
    simulation.definitions[name] = made.state


async def _pause(simulation: Simulation, definition: str) -> None:
    body = replace(simulation.definitions[definition].body, status="paused")
    stream = stream_name(TENANT, DEFINITION.name, definition)
    command = UpdateDefinition(body=body, actor=ANN, at=simulation.now)
    await transact(simulation.stores.events, DEFINITION, stream, command)


async def _request(simulation: Simulation, run_id: str, definition: str) -> None:
    simulation.inputs[run_id] = draw_input(simulation.rng)
    command = request_run(
        simulation.definitions[definition],
        run_id,
        at=simulation.now,
        data=simulation.inputs[run_id],
    )
    stream = stream_name(TENANT, RUN.name, run_id)
    await transact(simulation.stores.events, RUN, stream, command)


async def _cancel_or_retry(simulation: Simulation, run_id: str, definition: str) -> None:
    """Cancel or retry the run in whatever state it is."""
    simulation.interfered.add(run_id)
    graph = simulation.plans[definition].graph
    cancel = CancelRun(actor=BOB, at=simulation.now)
    retry = RetryRun(graph=graph, actor=EVE, at=simulation.now)
    command = cancel if simulation.rng.random() < 0.6 else retry
    stream = stream_name(TENANT, RUN.name, run_id)
    try:
        await transact(simulation.stores.events, RUN, stream, command)
    except Rejected:
        return
    simulation.fault_counts[type(command).__name__] += 1
    if isinstance(command, CancelRun):
        simulation.cancelled.add(run_id)


async def _hold_and_resume(simulation: Simulation, run_id: str, definition: str) -> None:
    """Pause the run in whatever state it is, and resume it a while later."""
    rng, graph = simulation.rng, simulation.plans[definition].graph
    pause = PauseRun(actor=BOB, at=simulation.now, inflight=rng.choice(("finish", "cancel")))
    if not await _control(simulation, run_id, pause):
        return
    await asyncio.sleep(rng.random() * rng.choice((0.1, 2)))
    timers: Timers = rng.choice(get_args(Timers))
    resume = ResumeRun(graph=graph, actor=EVE, at=simulation.now, timers=timers)
    await _control(simulation, run_id, resume)


async def _control(simulation: Simulation, run_id: str, command: PauseRun | ResumeRun) -> bool:
    """Return whether the run took the command."""
    stream = stream_name(TENANT, RUN.name, run_id)
    try:
        changed = (await transact(simulation.stores.events, RUN, stream, command)).changed
    except Rejected:
        return False
    simulation.fault_counts[type(command).__name__] += changed
    return changed


async def _send_record(simulation: Simulation, event_id: str) -> None:
    received = ReceiveRecord(
        event_id=event_id,
        source="shop",
        type="record.created",
        tenant=TENANT,
        structure="orders",
        record_id=event_id,
        data={},
        time=simulation.now,
        at=simulation.now,
    )
    simulation.events.add(event_id)
    stream = stream_name(TENANT, RECORD.name, derived_id("record", "shop", event_id))
    await transact(simulation.stores.events, RECORD, stream, received)
