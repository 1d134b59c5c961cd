"""Services share work: executors start and stop, topics hold invalid messages, two APIs run."""

import asyncio
import re
from collections import Counter
from functools import partial
from random import Random

import asyncpg
import pytest

from tests.faults import checkers
from tests.faults.checks import settle_and_check, violations
from tests.faults.environment import Environment
from tests.faults.test_poison import POISON, STRUCTURED
from tests.faults.topic_log import Raw, produce
from tests.kit.eventually import eventually
from tests.servers.service import Service

RATE = 8.0
STARTS = 4
MOVED_S = 30.0
MOVES = 7
WRITERS = 64
ANSWERS = {"cancel": (202, 409), "retry": (200, 409)}
ROUNDS = 3
WITHIN_S = 30.0

_MOVE = re.compile(r"executor: (?:gained|lost) partitions")
_LETTERS = "SELECT source, reason, value FROM baton.dead_letters"

UNKNOWN = "demo/run/unknown"
CLOUD_EVENT = (("content-type", b"application/cloudevents+json"),)
ON_RECORDS: list[Raw] = [
    *(
        Raw(b"k", body, CLOUD_EVENT)
        for name, (body, headers) in POISON.items()
        if headers is STRUCTURED and name != "another tenant's"  # valid on a topic
    ),
    Raw(b"k", None),
    Raw(None, b""),
    Raw(b"k", b"{}"),
]
"""Invalid messages for the topic of records; none of them names a workspace either."""
ON_RUNS: list[Raw] = [
    Raw(None, b"{"),
    Raw(UNKNOWN.encode(), None),
    Raw(UNKNOWN.encode(), b"{}"),
    Raw(UNKNOWN.encode(), b"{", (("type", b"run.RunStarted"), ("version", b"x"))),
    Raw(
        UNKNOWN.encode(),
        b'{"at": 1}',
        (("type", b"run.Exploded"), ("version", b"1"), ("position", b"1")),
    ),
    Raw(
        UNKNOWN.encode(),
        b"\xff\xfe",
        (("type", b"run.RunStarted"), ("version", b"1"), ("position", b"1")),
    ),
]

pytestmark = pytest.mark.timeout(180)


async def test_runs_continue_while_executors_start_and_stop(env: Environment) -> None:
    await env.start("api", "executor", "projector", "scheduler")
    (first,) = env.cluster.of("executor")
    passing = env.cluster.add("executor")
    load = asyncio.create_task(env.load.run(rate=RATE))
    for number in range(STARTS):
        before = len(_moves(passing))
        await passing.start()
        await eventually(partial(_has_moved, passing, before), within_s=MOVED_S, every_s=0.1)
        await asyncio.sleep(env.rng.uniform(0.5, 1.0))
        await (passing.kill() if number % 2 else passing.stop())
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)
    await passing.start()

    assert violations(await settle_and_check(env)) == []
    moves = [_moves(one) for one in (first, passing)]
    assert min(map(len, moves)) > STARTS / 2
    assert sum(map(len, moves)) > MOVES, moves


def _has_moved(executor: Service, before: int) -> bool:
    return len(_moves(executor)) > before


def _moves(executor: Service) -> list[str]:
    return _MOVE.findall(executor.log_tail(10_000_000))


async def test_invalid_messages_become_dead_letters_and_delay_no_others(env: Environment) -> None:
    await env.start("api", "executor", "projector", "scheduler", ticking=False)
    load = asyncio.create_task(env.load.run(rate=RATE))
    cluster = env.cluster
    await asyncio.sleep(1)
    await asyncio.gather(
        produce(cluster.log, cluster.records_topic, env.rng.sample(ON_RECORDS, len(ON_RECORDS))),
        produce(cluster.log, cluster.runs_topic, env.rng.sample(ON_RUNS, len(ON_RUNS))),
    )
    letters = await _letters(env, len(ON_RECORDS) + len(ON_RUNS))
    await asyncio.sleep(1)
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)

    topics = Counter(source.partition("/")[0] for source, _, _ in letters)
    assert topics == {cluster.records_topic: len(ON_RECORDS), cluster.runs_topic: len(ON_RUNS)}, (
        letters
    )
    assert Counter(value for _, _, value in letters) == Counter(
        one.value for one in (*ON_RECORDS, *ON_RUNS)
    )
    assert all(reason for _, reason, _ in letters)
    assert [one for one in violations(await settle_and_check(env)) if UNKNOWN not in one] == []


async def test_64_clients_of_two_apis_on_one_run_leave_one_valid_history(env: Environment) -> None:
    await env.start("api", "api", "executor", "executor", "projector", "scheduler", ticking=False)
    definition = env.load.definitions["three-steps"]
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        key = f"round-{number}"
        (operation,) = await env.driver.start(definition, {key: {"seconds": 0.2}})
        env.load.answered[key] = operation
        run = str(operation.run_id)
        seeds = [env.rng.getrandbits(32) for _ in range(WRITERS)]
        answers = await asyncio.gather(*(_write(env, run, Random(seed)) for seed in seeds))
        outcomes += sum(answers, Counter[str]())
        await _retry_until_completed(env, run, outcomes)

    log = await env.cluster.events()
    assert sum(one.name == "RunReopened" for one in log) == outcomes["retry 200"]
    assert {"cancel 202", "retry 200", "retry 409"} <= set(outcomes), outcomes
    assert checkers.broken_invariants(log) == []
    assert checkers.runs_ended(log, "completed") == []
    assert checkers.outputs_match_their_attempt(log) == []


async def _write(env: Environment, run: str, rng: Random) -> Counter[str]:
    """Cancel or retry the run three times; count the commands by answer."""
    done: Counter[str] = Counter()
    for _ in range(3):
        command = rng.choice(("cancel", "retry"))
        status, answer = await env.driver.call("POST", f"/runs/{run}/{command}")
        assert status in ANSWERS[command], answer
        done[f"{command} {status}"] += 1
    return done


async def _retry_until_completed(env: Environment, run: str, outcomes: Counter[str]) -> None:
    """Retry the run whenever it has failed or was cancelled, until it completes."""

    async def has_completed() -> bool:
        _, answer = await env.driver.call("GET", f"/runs/{run}")
        if answer["status"] in ("failed", "cancelled"):
            status, _ = await env.driver.call("POST", f"/runs/{run}/retry")
            outcomes[f"retry {status}"] += 1
        return bool(answer["status"] == "completed")

    await eventually(has_completed, within_s=WITHIN_S, every_s=0.05, explain=env.cluster.log_tail)


async def _letters(env: Environment, count: int) -> list[tuple[str, str, bytes | None]]:
    """Return the dead letters once there are `count`."""
    connection = await asyncpg.connect(env.cluster.database)
    found: list[asyncpg.Record] = []

    async def all_there() -> bool:
        nonlocal found
        found = await connection.fetch(_LETTERS)
        return len(found) >= count

    try:
        await eventually(all_there, within_s=WITHIN_S, every_s=0.05, explain=lambda: str(found))
    finally:
        await connection.close()
    return [(source, reason, value) for source, reason, value in found]
