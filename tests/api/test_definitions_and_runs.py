"""The commands behind every dialect, through the tiny dialect."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from baton.domain.run.messages.run_events import RunRequested
from tests.api.running import running
from tests.backends import memory, sqlite
from tests.kit.stack import RunningServer, bearer

ACME = "/tiny/acme/v1"


@pytest.fixture(params=[memory, sqlite], ids=["memory", "sqlite"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running(tmp_path, open_stores=request.param.open_stores) as server:
        yield server


async def create(server: RunningServer, **members: object) -> str:
    answer = await server.post(f"{ACME}/definitions", {"slug": "orders", **members})
    assert answer.status == 201, answer.raw
    return str(answer.body["id"])


async def test_a_created_definition_is_visible_to_the_next_query(server: RunningServer):
    ident = await create(server)

    found = await server.get(f"{ACME}/definitions/{ident}")

    assert found.body == {"id": ident, "slug": "orders", "version": 1}
    assert int(found.headers["Baton-Position"]) >= 1


async def test_a_slug_belongs_to_its_definition_until_deletion(server: RunningServer):
    ident = await create(server)
    taken = await server.post(f"{ACME}/definitions", {"slug": "orders"})
    assert (taken.status, taken.body["tiny_error"]) == (409, "conflict")

    assert (await server.call("DELETE", f"{ACME}/definitions/{ident}")).status == 204
    assert (await server.get(f"{ACME}/definitions/{ident}")).status == 404
    assert (await server.call("DELETE", f"{ACME}/definitions/{ident}")).status == 404
    await create(server)


async def test_one_of_many_concurrent_requests_gets_the_slug(server: RunningServer):
    answers = await asyncio.gather(
        *(server.post(f"{ACME}/definitions", {"slug": "orders"}) for _ in range(10))
    )

    assert sorted(answer.status for answer in answers) == [201] + [409] * 9


async def test_a_webhook_path_is_claimed_released_and_claimed_again(server: RunningServer):
    first = await create(server, hook={"path": "/webhooks/stripe/in"})
    other = await server.post(
        f"{ACME}/definitions", {"slug": "other", "hook": {"path": "stripe/in"}}
    )
    assert other.status == 409

    moved = await server.call(
        "PUT",
        f"{ACME}/definitions/{first}",
        json={"slug": "orders", "hook": {"path": "elsewhere"}},
    )
    assert moved.body["version"] == 2
    await create(server, slug="other", hook={"path": "stripe/in"})


async def test_two_updates_at_once_leave_one_claimed_path(server: RunningServer):
    ident = await create(server, hook={"path": "zero"})
    await asyncio.gather(
        *(
            server.call(
                "PUT",
                f"{ACME}/definitions/{ident}",
                json={"slug": "orders", "hook": {"path": f"path-{number}"}},
            )
            for number in range(8)
        )
    )

    free = [
        await server.post(
            f"{ACME}/definitions", {"slug": f"s{number}", "hook": {"path": f"path-{number}"}}
        )
        for number in range(8)
    ]

    assert sorted(answer.status for answer in free) == [201] * 7 + [409]


async def test_an_equal_update_publishes_no_version(server: RunningServer):
    ident = await create(server, hook={"path": "in", "secret": "s3cret of 16 bytes"})

    again = await server.call(
        "PUT",
        f"{ACME}/definitions/{ident}",
        json={"slug": "orders", "hook": {"path": "in", "secret": "s3cret of 16 bytes"}},
    )
    other = await server.call(
        "PUT",
        f"{ACME}/definitions/{ident}",
        json={"slug": "orders", "hook": {"path": "in", "secret": "0ther secret of 16"}},
    )

    assert (again.body["version"], other.body["version"]) == (1, 2)
    assert "s3cret of 16 bytes" not in repr(await server.stored())
    assert "0ther secret of 16" not in repr(await server.stored())


async def test_an_invalid_slug_names_the_field(server: RunningServer):
    answer = await server.post(f"{ACME}/definitions", {"slug": "No Slug"})

    assert answer.status == 400
    assert list(answer.body["fields"]) == ["slug"]
    assert await server.stored() == []


async def test_a_started_run_is_visible_to_the_next_query(server: RunningServer):
    ident = await create(server)
    started = await server.post(f"{ACME}/definitions/{ident}/runs", {"input": {"n": 1}})

    shown = await server.get(f"{ACME}/runs/{started.body['runId']}")

    assert (started.status, started.body["status"]) == (201, "pending")
    assert shown.body == {"runId": started.body["runId"], "input": {"n": 1}, "by": "ada"}


async def test_a_paused_definition_starts_no_run(server: RunningServer):
    ident = await create(server, status="paused")

    answer = await server.post(f"{ACME}/definitions/{ident}/runs")

    assert answer.status == 409
    assert not [event for event in await server.stored() if isinstance(event, RunRequested)]


async def test_cancelling_twice_answers_the_same(server: RunningServer):
    ident = await create(server)
    run = (await server.post(f"{ACME}/definitions/{ident}/runs")).body["runId"]

    first = await server.post(f"{ACME}/runs/{run}/cancel")
    second = await server.post(f"{ACME}/runs/{run}/cancel")

    assert first.body == second.body == {"runId": run, "status": "cancelled"}


async def test_only_a_run_with_something_to_retry_is_retried(server: RunningServer):
    ident = await create(server)
    run = (await server.post(f"{ACME}/definitions/{ident}/runs")).body["runId"]

    assert (await server.post(f"{ACME}/runs/{run}/retry")).status == 409
    assert (await server.post(f"{ACME}/runs/unknown/retry")).status == 404


async def test_a_decision_step_is_tested_on_data_alone(server: RunningServer):
    ident = await create(server)
    path = f"{ACME}/definitions/{ident}/steps"

    plain = await server.post(f"{path}/check/test", {"amount": 200})
    scoped = await server.post(f"{path}/check/test", {"input": {"amount": 5}})

    assert (plain.body["matched_case_index"], plain.body["selected"]) == (0, "do")
    assert (scoped.body["matched_case_index"], scoped.body["selected"]) == (None, None)
    assert (await server.post(f"{path}/do/test", {})).status == 400
    assert (await server.post(f"{path}/none/test", {})).status == 404


async def test_nothing_of_another_tenant_can_be_seen_or_changed(server: RunningServer):
    ident = await create(server)
    run = (await server.post(f"{ACME}/definitions/{ident}/runs")).body["runId"]
    other: dict[str, Any] = {"headers": bearer(tenant="umbra")}
    before = await server.stored()

    answers = [
        await server.get(f"/tiny/umbra/v1/definitions/{ident}", **other),
        await server.get(f"/tiny/umbra/v1/runs/{run}", **other),
        await server.call(
            "PUT", f"/tiny/umbra/v1/definitions/{ident}", json={"slug": "x"}, **other
        ),
        await server.call("DELETE", f"/tiny/umbra/v1/definitions/{ident}", **other),
        await server.post(f"/tiny/umbra/v1/definitions/{ident}/runs", **other),
        await server.post(f"/tiny/umbra/v1/runs/{run}/cancel", **other),
        await server.post(f"/tiny/umbra/v1/runs/{run}/retry", **other),
    ]

    assert [answer.status for answer in answers] == [404] * 7
    assert await server.stored() == before
    listed = await server.get("/tiny/umbra/v1/definitions", **other)
    assert listed.body == {"items": [], "total": 0}
