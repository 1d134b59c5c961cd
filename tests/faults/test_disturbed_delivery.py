"""Events that reach an executor twice, late or out of order change nothing."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from baton.domain.definition.graph import Compute, Sync
from baton.domain.run.state import State
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.ports.partitions import OwnsStream, PartitionedLog, PartitionOwner
from baton.eventlog.ports.stores import Subscription
from baton.executor.executor import Executor
from baton.executor.single_partition_log import SinglePartitionLog
from tests.executor.world import World, open_world
from tests.faults import checkers
from tests.faults.event_log import seen
from tests.kit.eventually import eventually_moving
from tests.kit.stack import in_background

RUNS = 60
WINDOW = 8
REPEATED = 0.2
FROM_THE_START = 0.03
LATE_S = 0.003
DEADLINE_S = 30
STEPS = (
    Compute(id="first", function="first"),
    Compute(id="left", function="left", needs=("first",)),
    Compute(id="right", function="right", needs=("first",)),
    Sync(id="join", needs=("left", "right")),
    Compute(id="last", function="last", needs=("join",)),
)


@dataclass(frozen=True, slots=True)
class Everything:
    """Owns the whole log, as a single executor does."""

    executor: Executor

    def already_seen(self, stream: str, version: int) -> bool:
        return self.executor.already_seen(stream, version)

    async def gain(self, owns: OwnsStream) -> None:
        """Do nothing; the log is empty when the executor starts."""

    async def lose(self, owns: OwnsStream) -> None:
        await self.executor.revoke(owns)


@dataclass(slots=True)
class Disturbed:
    """A shared log whose delivery is disturbed; `disturbances` counts how.

    New events of a stream keep their order, as those of a Kafka key do, but old ones are repeated.
    """

    inner: PartitionedLog
    rng: Random
    disturbances: Counter[str] = field(default_factory=Counter)

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        return _Subscription(await self.inner.join(name, owner), self, owner)


@dataclass(slots=True)
class _Subscription:
    inner: Subscription
    log: Disturbed
    owner: PartitionOwner
    past: list[Recorded] = field(default_factory=list)

    async def next(self) -> Sequence[Recorded]:
        fresh = list(await self.inner.next())
        rng, done = self.log.rng, self.log.disturbances
        await asyncio.sleep(rng.uniform(0, LATE_S))
        self.past += fresh
        _reorder(fresh, rng, done)
        for _ in range(sum(rng.random() < REPEATED for _ in fresh)):
            fresh.insert(rng.randrange(len(fresh) + 1), rng.choice(self.past))
            done["repeated"] += 1
        if rng.random() < FROM_THE_START:
            fresh += self.past
            done["from the start"] += 1
        return [
            one for one in fresh if not self.owner.already_seen(one.stream, one.version)
        ] or fresh[:1]

    async def close(self) -> None:
        await self.inner.close()


def _reorder(events: list[Recorded], rng: Random, done: Counter[str]) -> None:
    """Move events before those of other streams, by up to `WINDOW` places."""
    for place in range(len(events)):
        for other in range(place + 1, min(len(events), place + rng.randrange(WINDOW))):
            if events[other].stream == events[other - 1].stream:
                break
            events[other - 1], events[other] = events[other], events[other - 1]
            done["out of order"] += 1


@asynccontextmanager
async def following(world: World, log: PartitionedLog) -> AsyncIterator[Executor]:
    executor = world.new_executor()
    subscription = await log.join("executor", Everything(executor))
    try:
        async with in_background(follow(subscription, executor.handle, clock=world.clock)):
            yield executor
    finally:
        await executor.stop(grace_s=0)


async def performed(world: World, log: PartitionedLog) -> dict[str, State]:
    """Run `RUNS` runs and return their final states."""
    ids = [f"r{number}" for number in range(RUNS)]
    async with following(world, log):
        definition = await world.define(*STEPS, flow="needs")
        for run_id in ids:
            await world.request(definition, run_id)
            await asyncio.sleep(0)

        async def unfinished() -> list[str]:
            return [run_id for run_id in ids if not (await world.run(run_id)).final]

        await eventually_moving(
            unfinished, lambda left: not left, still_s=DEADLINE_S, within_s=DEADLINE_S
        )
    return {run_id: await world.run(run_id) for run_id in ids}


@pytest.mark.parametrize("number", range(5))
async def test_a_disturbed_log_leads_to_the_same_outputs_as_an_undisturbed_one(number: int) -> None:
    async with open_world() as world:
        plain = await performed(world, SinglePartitionLog(world.stores.log, world.stores.events))
    async with open_world() as world:
        whole = SinglePartitionLog(world.stores.log, world.stores.events)
        log = Disturbed(whole, Random(random.getrandbits(32) + number))
        found = await performed(world, log)
        history = seen(await world.stores.events.read_all(after=0, limit=100_000))
        calls = Counter((one.idempotency_key, one.attempt) for one in world.functions.calls)

    assert {"repeated", "out of order"} <= set(log.disturbances), log.disturbances
    assert checkers.broken_invariants(history) == []
    assert checkers.runs_ended(history) == []
    assert set(calls.values()) == {1}
    assert len(calls) == RUNS * sum(isinstance(step, Compute) for step in STEPS)
    assert {run: state.outputs for run, state in found.items()} == {
        run: state.outputs for run, state in plain.items()
    }
