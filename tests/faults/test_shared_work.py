"""Services that share work: executors come and go, poison comes in, two apis take commands."""

import asyncio
import re
from collections import Counter
from random import Random
from typing import Any

import asyncpg
import pytest

from tests.faults import checkers
from tests.faults.checks import settled, violations
from tests.faults.environment import Environment
from tests.faults.test_poison import POISON, STRUCTURED
from tests.faults.topic_log import Raw, produce
from tests.servers.service import Service

RATE = 8.0
COMINGS = 6
MOVED_S = 30.0
MOVES = 10
WRITERS = 64
ROUNDS = 3
LATEST = 600

_MOVE = re.compile(r"executor: (?:gained|lost) partitions")
_LETTERS = "SELECT source, reason, value FROM baton.dead_letters"

NOBODY = "demo/run/nobody"
CLOUD_EVENT = (("content-type", b"application/cloudevents+json"),)
ON_RECORDS: list[Raw] = [
    *(
        Raw(b"k", body, CLOUD_EVENT)
        for name, (body, headers) in POISON.items()
        if headers is STRUCTURED and name != "another tenant's"  # names a workspace: nothing wrong
    ),
    Raw(b"k", None),
    Raw(None, b""),
    Raw(b"k", b"{}"),
]
"""None of them names a workspace, besides what is wrong with them anyway."""
ON_RUNS: list[Raw] = [
    Raw(None, b"{"),
    Raw(NOBODY.encode(), None),
    Raw(NOBODY.encode(), b"{}"),
    Raw(NOBODY.encode(), b"{", (("type", b"run.RunStarted"), ("version", b"x"))),
    Raw(
        NOBODY.encode(),
        b'{"at": 1}',
        (("type", b"run.Exploded"), ("version", b"1"), ("position", b"1")),
    ),
    Raw(
        NOBODY.encode(),
        b"\xff\xfe",
        (("type", b"run.RunStarted"), ("version", b"1"), ("position", b"1")),
    ),
]

pytestmark = pytest.mark.timeout(180)


async def test_runs_go_on_while_executors_come_and_go(env: Environment) -> None:
    await env.start("api", "executor", "projector", "scheduler")
    (first,) = env.cluster.of("executor")
    passing = env.cluster.add("executor")
    asking = asyncio.create_task(env.load.run(rate=RATE))
    for number in range(COMINGS):
        before = len(_moves(passing))
        await passing.start()
        async with asyncio.timeout(MOVED_S):
            while True:
                if len(_moves(passing)) > before:
                    break
                await asyncio.sleep(0.1)
        await asyncio.sleep(env.rng.uniform(0.5, 1.0))
        await (passing.kill() if number % 3 == 2 else passing.stop())
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await passing.start()

    assert violations(await settled(env)) == []
    moves = [_moves(one) for one in (first, passing)]
    assert min(map(len, moves)) > COMINGS / 2
    assert sum(map(len, moves)) > MOVES, moves


def _moves(executor: Service) -> list[str]:
    return _MOVE.findall(executor.log_tail(10_000_000))


async def test_poison_on_the_topics_is_put_aside_and_delays_no_neighbour(env: Environment) -> None:
    await env.start("api", "executor", "projector", "scheduler", ticking=False)
    asking = asyncio.create_task(env.load.run(rate=RATE))
    cluster = env.cluster
    await asyncio.sleep(1)
    await asyncio.gather(
        produce(cluster.log, cluster.records_topic, env.rng.sample(ON_RECORDS, len(ON_RECORDS))),
        produce(cluster.log, cluster.runs_topic, env.rng.sample(ON_RUNS, len(ON_RUNS))),
    )
    letters = await _letters(env, len(ON_RECORDS) + len(ON_RUNS))
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    topics = Counter(source.partition("/")[0] for source, _, _ in letters)
    assert topics == {cluster.records_topic: len(ON_RECORDS), cluster.runs_topic: len(ON_RUNS)}, (
        letters
    )
    assert Counter(value for _, _, value in letters) == Counter(
        one.value for one in (*ON_RECORDS, *ON_RUNS)
    )
    assert all(reason for _, reason, _ in letters)
    assert [one for one in violations(await settled(env)) if NOBODY not in one] == []


async def test_64_clients_of_two_apis_on_one_run_leave_one_lawful_history(env: Environment) -> None:
    await env.start("api", "api", "executor", "executor", "projector", "scheduler", ticking=False)
    definition = env.load.definitions["three-steps"]
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        key = f"round-{number}"
        (operation,) = await env.driver.start(definition, {key: {"seconds": 0.2}})
        env.load.answered[key] = operation
        run = str(operation.ident)
        seeds = [env.rng.getrandbits(32) for _ in range(WRITERS)]
        told = await asyncio.gather(*(_write(env, run, Random(seed)) for seed in seeds))
        outcomes += sum(told, Counter[str]())
        await _brought_to_its_end(env, run, outcomes)

    log = await env.cluster.events()
    assert sum(one.name == "RunReopened" for one in log) == outcomes["retry 200"]
    assert {"cancel 200", "retry 200", "retry 409"} <= set(outcomes), outcomes
    assert checkers.broken_laws(log) == []
    assert checkers.runs_end(log, "completed") == []
    assert checkers.outputs_are_of_their_attempt(log) == []


async def _write(env: Environment, run: str, rng: Random) -> Counter[str]:
    """Cancel or retry the run a few times; return how each came out."""
    done: Counter[str] = Counter()
    for _ in range(3):
        what = rng.choice(("cancel", "retry"))
        status, answer = await env.driver.call("POST", f"/runs/{run}/{what}")
        assert status in (200, 409), answer
        done[f"{what} {status}"] += 1
    return done


async def _brought_to_its_end(env: Environment, run: str, outcomes: Counter[str]) -> None:
    """Retry what is not under way until the run completes."""
    answer: Any = None
    for _ in range(LATEST):
        _, answer = await env.driver.call("GET", f"/runs/{run}")
        if answer["status"] == "completed":
            return
        if answer["status"] in ("failed", "cancelled"):
            status, _ = await env.driver.call("POST", f"/runs/{run}/retry")
            outcomes[f"retry {status}"] += 1
        await asyncio.sleep(0.05)
    raise AssertionError(answer)


async def _letters(env: Environment, count: int) -> list[tuple[str, str, bytes | None]]:
    """Return the dead letters once there are so many."""
    connection = await asyncpg.connect(env.cluster.database)
    found: list[asyncpg.Record] = []
    try:
        for _ in range(LATEST):
            found = await connection.fetch(_LETTERS)
            if len(found) >= count:
                break
            await asyncio.sleep(0.05)
    finally:
        await connection.close()
    return [(source, reason, value) for source, reason, value in found]
