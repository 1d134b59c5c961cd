"""Sixty-four writers on one run: cancel, complete and retry at once, and one history of it all."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from random import Random

import orjson
import pytest

from baton.domain.definition.graph import Compute, Graph, Sync
from baton.domain.errors import Rejected
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import ReportOutcome, Succeeded, Token
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import transact
from baton.wiring import Process
from tests.faults import checkers
from tests.faults.event_log import Log, seen
from tests.faults.in_process_stack import TENANT, Call, calling, defined, inside, request

WIDTH = 8
STEPS = [f"s{number}" for number in range(WIDTH)]
GRAPH = Graph(
    flow="needs",
    steps=(
        *(Compute(id=step, function="sleep", config={"ms": 40}) for step in STEPS),
        Sync(id="join", needs=tuple(STEPS)),
        Compute(id="last", function="noop", needs=("join",)),
    ),
)
NEEDS = {**dict.fromkeys(STEPS, ()), "join": STEPS, "last": ("join",)}
WRITERS = 64
ROUNDS = 6
LATEST = 400
"""Changes after which a run must have come to its end."""


@pytest.mark.parametrize("store", ["", "memory:"], ids=["sqlite", "memory"])
async def test_64_writers_on_one_run_leave_one_lawful_history(tmp_path: Path, store: str) -> None:
    rng = Random(random.getrandbits(32))
    outcomes: Counter[str] = Counter()
    async with inside(tmp_path, store=store) as stack, calling(stack) as call:
        definition = await defined(stack, "wide", GRAPH)
        for number in range(ROUNDS):
            (run,) = await request(stack, [definition], name=f"round {number}")
            seeds = [rng.getrandbits(32) for _ in range(WRITERS)]
            done = await asyncio.gather(*(_write(stack, call, run, Random(one)) for one in seeds))
            told = sum(done, Counter[str]())
            log = await _history(stack, run)
            assert sum(one.name == "RunReopened" for one in log) == told["retry 200"]
            assert sum(one.name == "RunCancelled" for one in log) <= told["cancel 200"]
            outcomes += told
            await _brought_to_its_end(stack, call, run)
        log = seen(await stack.context.stores.events.read_all(after=0, limit=1_000_000))
    assert checkers.broken_laws(log) == []
    assert checkers.needs_come_first(log, {definition.definition_id: NEEDS}) == []
    assert checkers.runs_end(log, "completed") == []
    seen_to_clash = {"cancel 200", "retry 200", "retry 409", "report stale", "report recorded"}
    assert seen_to_clash <= set(outcomes), outcomes


async def _write(stack: Process, call: Call, run: str, rng: Random) -> Counter[str]:
    """Do a few things to the run, whatever it is up to; return how each came out."""
    done: Counter[str] = Counter()
    for _ in range(3):
        what = rng.choice(("cancel", "retry", "report", "report"))
        if what == "report":
            done[f"report {await _report(stack, run, rng)}"] += 1
        else:
            status, answer = await call("POST", f"/runs/{run}/{what}")
            assert status in (200, 409), answer
            done[f"{what} {status}"] += 1
    return done


async def _report(stack: Process, run: str, rng: Random) -> str:
    """Say that an attempt ended: of whoever performs it now, or an old one."""
    stream = stream_name(TENANT, RUN.name, run)
    step = rng.choice(STEPS)
    state = (await load(stack.context.stores.events, RUN, stream)).state
    now = state.steps[step].attempt if step in state.steps else 1
    token = Token(step, 1, max(1, now - rng.choice((0, 0, 1))))
    outcome = Succeeded(output={"attempt": token.attempt})
    command = ReportOutcome(token=token, outcome=outcome, graph=GRAPH, at=stack.context.clock.now())
    try:
        recorded = await transact(stack.context.stores.events, RUN, stream, command)
    except Rejected:
        return "stale"
    return "recorded" if recorded.changed else "repeated"


async def _brought_to_its_end(stack: Process, call: Call, run: str) -> None:
    """Retry what is not under way until the run completes."""
    for _ in range(LATEST):
        _, answer = await call("GET", f"/runs/{run}")
        status = orjson.loads(answer)["status"]
        if status == "completed":
            return
        if status in ("failed", "cancelled"):
            await call("POST", f"/runs/{run}/retry")
        await asyncio.sleep(0.02)
    raise AssertionError(await _history(stack, run))


async def _history(stack: Process, run: str) -> Log:
    return seen(await stack.context.stores.events.read(stream_name(TENANT, RUN.name, run)))
