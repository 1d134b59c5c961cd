"""Idempotency-Key: one effect and one response, also across crashes and concurrent requests."""

import asyncio
from pathlib import Path

import pytest
from multidict import CIMultiDict

from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.idempotency import ABANDONED_MS, RETENTION_MS
from tests.api.running import running
from tests.kit.clock import ManualClock
from tests.kit.stack import RunningServer, bearer

ACME = "/tiny/acme/v1"
KEY = {"Idempotency-Key": "k-1"}


async def definition(server: RunningServer, **members: object) -> str:
    created = await server.post(f"{ACME}/definitions", {"slug": "orders", **members})
    return str(created.body["id"])


async def requested(server: RunningServer) -> int:
    return sum(isinstance(event, RunRequested) for event in await server.stored())


async def test_the_same_request_again_gets_the_first_answer(server: RunningServer):
    ident = await definition(server)
    path = f"{ACME}/definitions/{ident}/runs"

    first = await server.post(path, {"input": 1}, headers=KEY)
    again = await server.post(path, {"input": 1}, headers=KEY)

    assert (first.status, again.status) == (201, 201)
    assert first.raw == again.raw
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Baton-Position"] == first.headers["Baton-Position"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert await requested(server) == 1


async def test_another_body_or_path_under_the_key_is_422(server: RunningServer):
    ident = await definition(server)
    path = f"{ACME}/definitions/{ident}/runs"
    await server.post(path, {"input": 1}, headers=KEY)

    answers = [
        await server.post(path, {"input": 2}, headers=KEY),
        await server.post(f"{path}?x=1", {"input": 1}, headers=KEY),
        await server.post(f"{ACME}/echo", {"input": 1}, headers=KEY),
    ]

    assert [answer.status for answer in answers] == [422] * 3
    assert {answer.body["tiny_error"] for answer in answers} == {"idempotency_key_reused"}
    assert await requested(server) == 1


async def test_concurrent_deliveries_start_one_run(server: RunningServer):
    ident = await definition(server)
    path = f"{ACME}/definitions/{ident}/runs"

    answers = await asyncio.gather(*(server.post(path, {}, headers=KEY) for _ in range(20)))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.raw for answer in answers}) == 1
    assert await requested(server) == 1


async def test_a_refused_command_releases_the_key(server: RunningServer):
    ident = await definition(server, status="paused")
    path = f"{ACME}/definitions/{ident}/runs"
    assert (await server.post(path, {}, headers=KEY)).status == 409

    await server.call("PUT", f"{ACME}/definitions/{ident}", json={"slug": "orders"})
    answer = await server.post(path, {}, headers=KEY)

    assert answer.status == 201
    assert "Idempotent-Replayed" not in answer.headers


async def test_a_request_that_crashed_halfway_has_one_effect(server: RunningServer):
    """A process that dies between the append and the answer leaves a claim and an event."""
    ident = await definition(server)
    path = f"{ACME}/definitions/{ident}/runs"
    keys = server.services.keys
    first = await server.post(path, {"input": 1}, headers=KEY)
    kept = keys._keys.pop(("acme", "k-1"))  # type: ignore[attr-defined]
    await keys.claim("acme", "k-1", fingerprint=kept.fingerprint, at=kept.claimed_at - ABANDONED_MS)

    again = await server.post(path, {"input": 1}, headers=KEY)

    assert again.body == first.body
    assert await requested(server) == 1


async def test_keys_of_tenants_are_their_own(server: RunningServer):
    await definition(server)
    other = await server.post(
        "/tiny/umbra/v1/definitions",
        {"slug": "orders"},
        headers={**bearer(tenant="umbra"), **KEY},
    )
    again = await server.post(f"{ACME}/definitions", {"slug": "second"}, headers=KEY)

    assert (other.status, again.status) == (201, 201)


async def test_a_stored_response_needs_the_scope_of_the_request(server: RunningServer):
    body = {"slug": "orders"}
    await server.post(f"{ACME}/definitions", body, headers=KEY)

    reader = {**bearer(scope="orchestrator:read"), **KEY}
    answers = [
        await server.post(f"{ACME}/definitions", body, headers=reader),
        await server.post(f"{ACME}/definitions", body, headers=KEY, anonymous=True),
    ]

    assert [answer.status for answer in answers] == [403, 401]


@pytest.mark.parametrize("key", ["", "x" * 256, "naïve", "a\tb"])
async def test_an_invalid_key_is_400(server: RunningServer, key: str):
    answer = await server.post(f"{ACME}/echo", {}, headers={"Idempotency-Key": key})

    assert answer.status == 400


async def test_two_keys_are_400(server: RunningServer):
    twice = CIMultiDict([*bearer().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    async with server.session.post(f"{server.url}{ACME}/echo", json={}, headers=twice) as response:
        assert response.status == 400


async def test_a_key_of_a_running_request_is_waited_for_then_409(tmp_path: Path):
    clock = ManualClock()
    async with running(tmp_path, clock=clock) as server:
        path = f"{ACME}/echo"
        first = await server.post(path, {}, headers=KEY)
        assert first.status == 200
        kept = server.services.keys._keys.pop(("acme", "k-1"))  # type: ignore[attr-defined]
        await server.services.keys.claim(
            "acme", "k-1", fingerprint=kept.fingerprint, at=clock.now()
        )

        waiting = asyncio.create_task(server.post(path, {}, headers=KEY))
        await clock.advance_until(waiting.done, step_ms=25)

        answer = await waiting
        assert (answer.status, answer.body["tiny_error"]) == (409, "conflict")
        assert clock.now() >= kept.claimed_at + 5_000


async def test_a_key_is_free_again_after_a_day(tmp_path: Path):
    clock = ManualClock()
    async with running(tmp_path, clock=clock) as server:
        await server.post(f"{ACME}/echo", {"a": 1}, headers=KEY)
        await clock.advance(RETENTION_MS - 1)
        assert (await server.post(f"{ACME}/echo", {"a": 2}, headers=KEY)).status == 422
        await clock.advance(1)

        answer = await server.post(f"{ACME}/echo", {"a": 2}, headers=KEY)

        assert (answer.status, answer.body) == (200, {"a": 2})
