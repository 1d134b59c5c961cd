"""The hold on the whole server: outcomes are recorded, no run or step starts, and none is lost."""

import time
from typing import Any

import pytest

from baton.command_api.principal import ADMIN, READ
from baton.eventlog.clock import SystemClock
from baton.eventlog.loops.server_hold import ServerHold
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import compute
from tests.kit.eventually import eventually
from tests.kit.stack import Response, bearer
from tests.scenarios.functions import GATES
from tests.scenarios.stack import DEADLINE_S, Stack
from tests.scenarios.test_own_runs import error_of, started, until

SLOW = compute("slow", "murmur", nextStepId="then")
NAP = {"id": "nap", "type": "delay", "delayMs": 600, "nextStepId": "then"}
THEN = compute("then", "answer")


async def order(stack: Stack, verb: str, body: object = None, scope: str = ADMIN) -> Response:
    headers = bearer(tenant=stack.tenant, scope=scope)
    return await stack.call("POST", f"/system/{verb}", json=body, headers=headers)


async def hold_of(stack: Stack) -> Any:
    return (await stack.get("/system", headers=bearer(tenant=stack.tenant))).body["hold"]


@pytest.mark.operations("baton", "holdServer", "releaseServer")
async def test_nothing_starts_while_the_server_is_held_and_everything_continues_after_it(
    stack: Stack, reference: CentraliClient
) -> None:
    slow = await started(reference, "slow", SLOW, THEN)
    await eventually(lambda: slow in GATES, within_s=DEADLINE_S)

    held = await order(stack, "hold", {"reason": "the warehouse is down"})
    again = await order(stack, "hold")
    shown = await hold_of(stack)
    requested = await started(reference, "quick", THEN)
    GATES[slow].set()
    paused = await until(stack, slow, "paused")
    refused = await stack.post(f"/runs/{slow}/resume")
    held_back = (await stack.get(f"/runs/{slow}/explain")).body
    why = (await stack.get(f"/runs/{requested}/explain")).body
    pending = (await stack.get(f"/runs/{requested}")).body
    of_definition = (await stack.get(f"/definitions/{pending['definitionId']}/explain")).body
    released = await order(stack, "release")
    ended = await until(stack, slow, "completed")

    assert (held.status, released.status) == (200, 200)
    assert held.body == again.body == shown
    assert (shown["by"], shown["reason"]) == ("ada", "the warehouse is down")
    assert [(one["stepId"], one["status"]) for one in paused["steps"]] == [("slow", "succeeded")]
    assert error_of(refused) == (
        409,
        "conflict",
        "The server is held: nothing starts until it is released",
    )
    assert (pending["status"], pending["steps"]) == ("pending", [])
    assert held_back["because"][0]["text"].startswith("The hold on the server paused the run")
    assert [one for one in held_back["suggestions"] if "/resume" in one] == []
    assert "SERVER_HELD" in {one["code"] for one in why["because"]}
    assert any("baton release" in one for one in why["suggestions"])
    assert {
        "code": "SERVER_HELD",
        "text": "'ada' holds the whole server: the warehouse is down",
    } in of_definition["because"]
    assert released.body == await hold_of(stack) == {"held": False}
    assert [step["status"] for step in ended["steps"]] == ["succeeded", "succeeded"]
    await until(stack, requested, "completed")


async def test_a_due_timer_waits_and_a_users_pause_outlasts_the_hold(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    naps = await started(reference, "naps", NAP, THEN)
    kept = await started(reference, "kept", {**NAP, "delayMs": 3_600_000}, THEN)
    await until(memory, kept, "waiting")
    await until(memory, naps, "waiting")
    await memory.post(f"/runs/{kept}/pause")
    over = time.monotonic() + 0.9

    await order(memory, "hold")
    await eventually(lambda: time.monotonic() > over, within_s=DEADLINE_S)
    during = (await memory.get(f"/runs/{naps}")).body
    await order(memory, "release")
    await until(memory, naps, "completed")

    assert during["status"] == "waiting"
    assert (await memory.get(f"/runs/{kept}")).body["status"] == "paused"


async def test_only_administrators_hold_the_server(memory: Stack) -> None:
    refused = [await order(memory, verb, scope=READ) for verb in ("hold", "release")]
    wrong = await order(memory, "hold", {"reason": ""})

    assert [one.status for one in refused] == [403, 403]
    assert wrong.status == 400
    assert await hold_of(memory) == {"held": False}


async def test_another_process_sees_the_hold(memory: Stack) -> None:
    other = ServerHold(memory.stores.events, memory.stores.checkpoints, SystemClock())
    await order(memory, "hold")
    await other.refresh()
    seen = other.held
    await order(memory, "release")
    await other.refresh()

    assert (seen, other.held) == (True, False)
