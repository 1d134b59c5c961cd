"""Regressions that simulations have found: no run is lost while a store is unavailable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from baton.backends.memory import BACKEND
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import FireTimer, StartRun
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.outcome import Failed, Succeeded, Token
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.run_values import RunValues
from baton.executor.executor import Executor
from baton.executor.functions.call import Call
from tests.faults import checkers
from tests.faults.event_log import seen
from tests.kit.definitions import body, create_definition, request_run
from tests.simulation.virtual_loop import VirtualLoop

GRAPH = Graph(steps=(Compute(id="a", function="f"),))
STREAM = stream_name("acme", RUN.name, "r1")


@dataclass(slots=True)
class Failing:
    """A store whose first `reads` fail, and whose first `answers` to appends are lost."""

    store: EventStore
    reads: int = 0
    answers: int = 0

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        result = await self.store.append(writes)
        if self.answers:
            self.answers -= 1
            raise Unavailable("the answer was lost")
        return result

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        if self.reads:
            self.reads -= 1
            raise Unavailable("the connection broke")
        return await self.store.read(stream, after=after)

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        return await self.store.read_all(after=after, limit=limit)

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        return await self.store.select(wanted)

    async def head(self) -> int:
        return await self.store.head()

    async def close(self) -> None:
        """Nothing to close."""


class Functions:
    async def call(self, call: Call) -> Succeeded | Failed:
        return Succeeded(output={"attempt": call.attempt})

    async def close(self) -> None:
        """Nothing to close."""


def test_a_run_starts_although_its_definition_cannot_be_read_at_first() -> None:
    assert ended(begun=False, reads=3) == "completed"


def test_a_run_is_taken_over_although_it_cannot_be_read_at_first() -> None:
    assert ended(begun=True, reads=3) == "completed"


def test_an_executor_keeps_a_run_although_the_answer_to_its_takeover_was_lost() -> None:
    assert ended(begun=True, answers=1) == "completed"


def test_a_run_continues_although_the_first_answers_to_appends_were_lost() -> None:
    assert ended(begun=False, answers=3) == "completed"


def ended(*, begun: bool, reads: int = 0, answers: int = 0) -> str:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_ended(begun=begun, reads=reads, answers=answers))


async def _ended(*, begun: bool, reads: int, answers: int) -> str:
    """Return the status of a run an hour after an executor started."""
    stores = await BACKEND.open(StoreLocation(secrets_keys=(b"a key for tests, 32 bytes long..",)))
    await _requested(stores.events, begun=begun)
    store, clock = Failing(stores.events, reads, answers), SystemClock()
    hold = ServerHold(store, stores.checkpoints, clock)
    executor = Executor(
        store,
        Functions(),
        clock=clock,
        rng=Random(1),
        hold=hold,
        values=RunValues(stores.artifacts),
    )
    head = await stores.events.head() if begun else 0
    subscription = await stores.log.subscribe("executor", after=head)
    following = asyncio.create_task(follow(subscription, executor.handle, clock=clock))
    if begun:
        await executor.take_over_runs([STREAM])
    await asyncio.sleep(1_800)
    if begun:  # the scheduler ends the backoff after the takeover
        token, at = Token(step_id="a", visit=1, attempt=2), 2**42
        await transact(stores.events, RUN, STREAM, FireTimer(token=token, graph=GRAPH, at=at))
    await asyncio.sleep(1_800)
    following.cancel()
    log = seen(await stores.events.read_all(after=0, limit=1_000))
    assert checkers.broken_invariants(log) == []
    return checkers.run_oracles(log)["r1"].status


async def _requested(store: EventStore, *, begun: bool) -> None:
    """Request the run; `begun` means that a former executor has started its step."""
    create = create_definition("d1", body(GRAPH))
    stream = stream_name("acme", DEFINITION.name, "d1")
    definition = (await transact(store, DEFINITION, stream, create)).state
    await transact(store, RUN, STREAM, request_run(definition, at=2))
    if begun:
        started = await transact(store, RUN, STREAM, StartRun(graph=GRAPH, at=3))
        assert isinstance(started.recorded[-1].event, StepStarted)
