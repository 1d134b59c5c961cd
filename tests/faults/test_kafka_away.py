"""While Kafka is down, commands are answered; after its return the lag disappears."""

import asyncio
import os
import time

import pytest

from tests.faults.checks import settle_and_check, violations
from tests.faults.environment import Environment

DOWN_S = float(os.environ.get("BATON_TEST_KAFKA_AWAY_S", "10"))
RATE = 8.0
ANSWERED_WITHIN_S = 5.0
CAUGHT_UP_S = 60.0

pytestmark = pytest.mark.timeout(120 + 2 * DOWN_S)


async def test_commands_are_answered_while_kafka_is_down_and_nothing_is_lost(
    env: Environment,
) -> None:
    await env.start()
    inputs = {f"away-{number}": {"seconds": 0.05} for number in range(int(RATE * DOWN_S))}
    definition = env.load.definitions["three-steps"]
    env.servers.kafka.kill()
    began = time.monotonic()
    operations = []
    for key, run_input in inputs.items():
        operations += await env.driver.start(definition, {key: run_input})
        await asyncio.sleep(max(0.0, began + len(operations) / RATE - time.monotonic()))
    assert time.monotonic() - began >= DOWN_S * 0.9
    assert (await env.cluster.unfinished()).runs >= len(inputs), "executors received the runs"

    await env.servers.start_kafka()
    restarted = time.monotonic()
    await env.cluster.wait_until_all_ended(bound_s=CAUGHT_UP_S)
    await env.cluster.wait_until_caught_up(bound_s=CAUGHT_UP_S)
    lag_s = time.monotonic() - restarted

    assert {one.outcome for one in operations} == {"ok"}, operations
    slowest = max(one.answered_at - one.invoked_at for one in operations)
    assert slowest < ANSWERED_WITHIN_S
    assert lag_s < CAUGHT_UP_S
    env.load.answered.update({one.key: one for one in operations})
    assert violations(await settle_and_check(env)) == []
