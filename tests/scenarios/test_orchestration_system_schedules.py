"""Schedules of the Orchestration System: their next run, and the runs that they start."""

from pathlib import Path

import pytest

from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import BySchedule
from baton.protocols.iso_time import format_time, parse_time
from baton.scheduler.schedules.fire_schedules import ScheduleFirer
from tests.dialects.orchestration_system_client import OrchestrationClient, orchestration_client
from tests.kit.clock import ManualClock
from tests.scenarios.stack import Stack, running_stack

DAY_MS = 24 * 3_600_000
NIGHTLY = "30 2 * * *"


@pytest.fixture
def client(idle: Stack) -> OrchestrationClient:
    return orchestration_client(idle)


async def next_run_at(client: OrchestrationClient, schedule_id: str) -> str | None:
    found: str | None = (await client.get(f"/schedules/{schedule_id}")).body["nextRunAt"]
    return found


async def test_a_workflow_has_several_schedules(client: OrchestrationClient) -> None:
    one, other = await client.create(), await client.create()
    first = await client.schedule(one, "0 9 * * *", timezone="America/New_York")
    second = await client.schedule(one, " 0 9 * * 1-5 ", parameters=None)
    third = await client.schedule(other)

    async def listed(query: str = "") -> list[str]:
        body = (await client.get(f"/schedules{query}")).body
        assert body["total"] == (2 if "workflowId" in query else 3)
        return [schedule["id"] for schedule in body["schedules"]]

    assert await listed() == [third["id"], second["id"], first["id"]]
    assert await listed(f"?workflowId={one}") == [second["id"], first["id"]]
    assert await listed("?limit=1&offset=1") == [second["id"]]
    assert first["timezone"] == "America/New_York"
    assert first["nextRunAt"][11:] in {"13:00:00.000Z", "14:00:00.000Z"}
    assert third["nextRunAt"][11:] == "09:00:00.000Z"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"cronExpression": "nonsense"}, "cronExpression"),
        ({"cronExpression": "61 * * * *"}, "cronExpression"),
        ({"cronExpression": ""}, "cronExpression"),
        ({"cronExpression": "@daily"}, "cronExpression"),
        ({"cronExpression": None}, "cronExpression"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": 1}, "timezone"),
        ({"parameters": []}, "parameters"),
        ({"workflowId": None}, "workflowId"),
    ],
)
async def test_an_invalid_schedule_is_refused(
    client: OrchestrationClient, members: dict[str, object], field: str
) -> None:
    body = {"workflowId": await client.create(), "cronExpression": NIGHTLY, **members}

    answer = await client.post("/schedules", body)

    assert (answer.status, answer.body["error"]) == (400, "validation_error")
    assert [fault["field"] for fault in answer.body["details"]] == [field]
    assert (await client.get("/schedules")).body["total"] == 0


async def test_a_schedule_needs_a_workflow_of_the_tenant(client: OrchestrationClient) -> None:
    theirs = await orchestration_client(client.stack, "globex").create()

    for ident in ("nothing", theirs):
        body = {"workflowId": ident, "cronExpression": NIGHTLY}
        answer = await client.post("/schedules", body)
        assert (answer.status, answer.body["message"]) == (404, "Workflow not found")


async def test_an_inactive_workflow_has_no_next_run(client: OrchestrationClient) -> None:
    ident = await client.create()
    made = await client.schedule(ident, NIGHTLY)
    path = f"/workflows/{ident}"

    seen = [made["nextRunAt"]]
    for change in ({"status": "inactive"}, {"name": "New"}, {"status": "draft"}):
        await client.put(path, change)
        seen.append(await next_run_at(client, made["id"]))
    while_draft = await client.schedule(ident, NIGHTLY)
    await client.put(path, {"status": "active"})
    seen.append(await next_run_at(client, made["id"]))

    assert seen == [seen[0], None, None, None, seen[0]]
    assert while_draft["nextRunAt"] is None
    assert await next_run_at(client, while_draft["id"]) == seen[0]


async def test_the_schedules_of_a_deleted_workflow_end_with_it(client: OrchestrationClient) -> None:
    ident, other = await client.create(), await client.create()
    ended = [await client.schedule(ident) for _ in range(2)]
    kept = await client.schedule(other)

    await client.delete(f"/workflows/{ident}")

    answers = [await client.get(f"/schedules/{one['id']}") for one in ended]
    answers.append(await client.delete(f"/schedules/{ended[0]['id']}"))
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert (await client.get("/schedules")).body["schedules"] == [kept]


async def test_a_deleted_schedule_and_a_workflow_are_no_schedule(
    client: OrchestrationClient,
) -> None:
    ident = await client.create()
    made = await client.schedule(ident)
    await client.delete(f"/schedules/{made['id']}")

    for schedule_id in (made["id"], ident):
        answers = [
            await client.get(f"/schedules/{schedule_id}"),
            await client.delete(f"/schedules/{schedule_id}"),
        ]
        assert [answer.body["message"] for answer in answers] == ["Schedule not found"] * 2


async def test_a_tick_starts_an_execution_with_the_parameters(client: OrchestrationClient) -> None:
    stack, ident = client.stack, await client.create()
    made = await client.schedule(ident, NIGHTLY, parameters={"full": True})
    plain = await client.schedule(ident, NIGHTLY)
    due_at = parse_time(made["nextRunAt"])
    clock = ManualClock(due_at - 1)
    firing = ScheduleFirer(stack.stores, clock=clock)
    await firing.load()

    await firing.fire_due()
    before = (await client.get("/executions")).body["total"]
    await clock.advance(1)
    await firing.fire_due()
    assert await stack.services.reached(await stack.stores.events.head(), 5_000)
    listed = (await client.get(f"/executions?workflowId={ident}")).body

    assert (before, listed["total"]) == (0, 2)
    requested = [(await stack.events_of(one["id"]))[0] for one in listed["executions"]]
    assert all(isinstance(one, RunRequested) for one in requested)
    assert {(one.trigger, str(one.input)) for one in requested} == {
        (BySchedule(schedule_id=made["id"], nominal_at=due_at), "{'full': True}"),
        (BySchedule(schedule_id=plain["id"], nominal_at=due_at), "{}"),
    }
    # The real time is still before that tick, which has had its run.
    assert await next_run_at(client, made["id"]) == format_time(due_at + DAY_MS)


async def test_the_next_run_is_the_same_after_a_restart(tmp_path: Path) -> None:
    async with running_stack(tmp_path, backend="sqlite") as stack:
        client = orchestration_client(stack)
        ident = await client.create()
        made = await client.schedule(ident, NIGHTLY, timezone="Asia/Tokyo")
        paused = await client.create()
        silent = await client.schedule(paused)
        await client.put(f"/workflows/{paused}", {"status": "inactive"})
    async with running_stack(tmp_path, backend="sqlite") as stack:
        client = orchestration_client(stack)
        again = (await client.get(f"/schedules/{made['id']}")).body

        assert again == made
        assert await next_run_at(client, silent["id"]) is None
