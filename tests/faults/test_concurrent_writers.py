"""64 writers cancel, complete and retry one run at once; it keeps a single valid history."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from baton.domain.definition.graph import Compute, Graph, Sync
from baton.domain.errors import Rejected
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import ReportOutcome
from baton.domain.run.outcome import Succeeded, Token
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import transact
from tests.faults import checkers
from tests.faults.event_log import Log, seen
from tests.faults.in_process_stack import TENANT, define, in_process, request_runs
from tests.kit.eventually import eventually
from tests.kit.stack import RunningServer

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
ANSWERS = {"cancel": (202, 409), "retry": (200, 409)}
ROUNDS = 6
COMPLETED_S = 10
"""Seconds within which a run must complete."""


@pytest.mark.parametrize("store", ["", "memory:"], ids=["sqlite", "memory"])
async def test_64_writers_on_one_run_leave_one_valid_history(tmp_path: Path, store: str) -> None:
    rng = Random(random.getrandbits(32))
    outcomes: Counter[str] = Counter()
    async with in_process(tmp_path, store=store) as server:
        definition = await define(server, "wide", GRAPH)
        for number in range(ROUNDS):
            (run,) = await request_runs(server, [definition], name=f"round {number}")
            seeds = [rng.getrandbits(32) for _ in range(WRITERS)]
            done = await asyncio.gather(*(_write(server, run, Random(one)) for one in seeds))
            answers = sum(done, Counter[str]())
            log = await _history(server, run)
            assert sum(one.name == "RunReopened" for one in log) == answers["retry 200"]
            assert sum(one.name == "RunCancelled" for one in log) <= answers["cancel 202"]
            outcomes += answers
            await _retry_until_completed(server, run)
        log = seen(await server.stores.events.read_all(after=0, limit=1_000_000))
    assert checkers.broken_invariants(log) == []
    assert checkers.needs_are_done_first(log, {definition.definition_id: NEEDS}) == []
    assert checkers.runs_ended(log, "completed") == []
    conflicting = {"cancel 202", "retry 200", "retry 409", "report stale", "report recorded"}
    assert conflicting <= set(outcomes), outcomes


async def _write(server: RunningServer, run: str, rng: Random) -> Counter[str]:
    """Send three random commands to the run; count them by answer."""
    done: Counter[str] = Counter()
    for _ in range(3):
        command = rng.choice(("cancel", "retry", "report", "report"))
        if command == "report":
            done[f"report {await _report(server, run, rng)}"] += 1
        else:
            answer = await server.post(f"/runs/{run}/{command}")
            assert answer.status in ANSWERS[command], answer
            done[f"{command} {answer.status}"] += 1
    return done


async def _report(server: RunningServer, run: str, rng: Random) -> str:
    """Report the success of a step's current attempt, or of an old one."""
    stream = stream_name(TENANT, RUN.name, run)
    step = rng.choice(STEPS)
    state = (await load(server.stores.events, RUN, stream)).state
    now = state.steps[step].attempt if step in state.steps else 1
    token = Token(step, 1, max(1, now - rng.choice((0, 0, 1))))
    outcome = Succeeded(output={"attempt": token.attempt})
    command = ReportOutcome(
        token=token, outcome=outcome, graph=GRAPH, at=server.services.clock.now()
    )
    try:
        recorded = await transact(server.stores.events, RUN, stream, command)
    except Rejected:
        return "stale"
    return "recorded" if recorded.changed else "repeated"


async def _retry_until_completed(server: RunningServer, run: str) -> None:
    """Retry the run whenever it has failed or was cancelled, until it completes."""

    async def has_completed() -> bool:
        status = (await server.get(f"/runs/{run}")).body["status"]
        if status in ("failed", "cancelled"):
            await server.post(f"/runs/{run}/retry")
        return bool(status == "completed")

    async def history() -> str:
        return str(await _history(server, run))

    await eventually(has_completed, within_s=COMPLETED_S, every_s=0.02, explain=history)


async def _history(server: RunningServer, run: str) -> Log:
    return seen(await server.stores.events.read(stream_name(TENANT, RUN.name, run)))
