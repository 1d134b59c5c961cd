"""The stream of Baton's own API: its events, filters, and the positions by which it resumes."""

import json
from itertools import pairwise
from typing import Any

import pytest

from baton.domain.definition.graph import Compute, Delay, Retry
from tests.kit.stack import bearer
from tests.kit.streams import TRANSPORTS, Transport
from tests.live.world import EVENTS_OF_A_RUN, World

BOTH = pytest.mark.parametrize("transport", TRANSPORTS)


@BOTH
@pytest.mark.operations("baton", "streamEvents")
async def test_a_run_is_streamed_event_by_event(world: World, transport: Transport) -> None:
    definition = await world.define("orders")
    async with world.stream(transport=transport) as reader:
        run_id = await world.start(definition)
        events = await reader.until(EVENTS_OF_A_RUN)

    assert [(one["type"], one["status"]) for one in events] == [
        ("run.RunRequested", "pending"),
        ("run.RunStarted", "running"),
        ("run.StepStarted", "running"),
        ("run.StepSucceeded", "running"),
        ("run.RunCompleted", "completed"),
    ]
    assert {one["runId"] for one in events} == {run_id}
    names = {(one["definitionId"], one["slug"]) for one in events}
    assert names == {(definition.definition_id, "orders")}
    assert [one["version"] for one in events] == [1, 2, 3, 4, 5]
    assert steps_of(events) == [("only", 1, "running"), ("only", 1, "succeeded")]


def steps_of(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["stepId"], one["attempt"], one["stepStatus"]) for one in events if "stepId" in one]


async def test_retries_and_delays_have_statuses_of_their_own(world: World) -> None:
    retry = Retry(max_attempts=2, backoff_ms=1)
    flaky = Compute(id="flaky", function="flaky", retry=retry, next="pause")
    definition = await world.define("waits", flaky, Delay(id="pause", delay_ms=1))
    async with world.stream() as reader:
        await world.start(definition)
        events = await reader.until(10)

    assert steps_of(events) == [
        ("flaky", 1, "running"),
        ("flaky", 1, "failed"),
        ("flaky", 2, "waiting"),
        ("flaky", 2, "running"),
        ("flaky", 2, "succeeded"),
        ("pause", 1, "waiting"),
        ("pause", 1, "succeeded"),
    ]
    waiting = {one["stepStatus"] for one in events if one["status"] == "waiting"}
    assert waiting == {"waiting"}


@BOTH
async def test_filters_select_by_definition_run_and_status(
    world: World, transport: Transport
) -> None:
    one, other = await world.define("one"), await world.define("other")
    async with world.stream() as everything:
        first = await world.start(one)
        for definition in (other, one):
            await world.start(definition)
        events = await everything.until(3 * EVENTS_OF_A_RUN)

    for query, matches in {
        "definition=one": lambda event: event["slug"] == "one",
        f"definition={one.definition_id}": lambda event: event["slug"] == "one",
        f"run={first}": lambda event: event["runId"] == first,
        "status=completed": lambda event: event["status"] == "completed",
        "status=pending&status=completed": lambda event: event["status"] != "running",
        f"run={first}&status=running&definition=one": lambda event: (
            event["runId"] == first and event["status"] == "running"
        ),
    }.items():
        wanted = [event for event in events if matches(event)]
        async with world.stream(f"{query}&after=0", transport) as reader:
            assert await reader.until(len(wanted)) == wanted, query


async def test_a_stream_of_a_definition_can_be_opened_before_it_exists(world: World) -> None:
    other = await world.define("other")
    async with world.stream("definition=later") as reader:
        await world.start(other)
        await world.start(await world.define("later"))
        events = await reader.until(EVENTS_OF_A_RUN)

    assert [event["slug"] for event in events] == ["later"] * EVENTS_OF_A_RUN


@BOTH
async def test_a_stream_resumes_at_any_position(world: World, transport: Transport) -> None:
    definition = await world.define("orders")
    async with world.stream() as whole:
        for _ in range(3):
            await world.start(definition)
        await whole.until(3 * EVENTS_OF_A_RUN)
    for index in range(len(whole.events)):
        position = whole.positions[index]
        async with world.stream(f"after={position}", transport) as resumed:
            rest = whole.events[index + 1 :]
            assert await resumed.until(len(rest)) == rest
            assert resumed.start == position


async def test_a_stream_that_catches_up_continues_with_new_events(world: World) -> None:
    definition = await world.define("orders")
    starting = [await world.start(definition) for _ in range(20)]
    async with world.stream("after=0") as late, world.stream("after=0") as later:
        starting += [await world.start(definition) for _ in range(20)]
        for reader in (late, later):
            events = await reader.until(40 * EVENTS_OF_A_RUN)
            assert len(events) == 40 * EVENTS_OF_A_RUN
            assert all(before < after for before, after in pairwise(reader.positions))
            assert {one["runId"] for one in events} == set(starting)
    assert late.events == later.events


async def test_a_read_after_an_event_sees_it(world: World) -> None:
    definition = await world.define("orders")
    stale = []
    async with world.stream() as reader:
        for number in range(10):
            await world.start(definition)
            for event in (await reader.until((number + 1) * EVENTS_OF_A_RUN))[-EVENTS_OF_A_RUN:]:
                shown = (await world.get(f"/runs/{event['runId']}")).body
                if event["status"] == "completed" and shown["status"] != "completed":
                    stale.append(event)

    assert stale == []


async def test_a_foreign_tenant_sees_nothing(world: World) -> None:
    theirs = await world.define("secrets", tenant="globex")
    ours = await world.define("orders")
    run_id = await world.start(theirs)
    async with world.stream("after=0") as reader, world.stream(tenant="globex") as their_reader:
        await world.start(theirs)
        await their_reader.until(EVENTS_OF_A_RUN)
        await world.start(ours)
        await reader.until(EVENTS_OF_A_RUN)
    unknown = await world.get("/stream?run=00000000000000000000")
    foreign = await world.get(f"/stream?run={run_id}")

    assert {event["slug"] for event in reader.events} == {"orders"}
    assert (foreign.status, foreign.body) == (404, unknown.body)


async def server_sent(world: World, count: int, **headers: str) -> list[dict[str, str]]:
    """Return the fields of the first events of a stream of server-sent events."""
    sent = {**bearer(tenant=world.tenant), "Accept": "text/event-stream", **headers}
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    async with world.session.get(f"{world.url}/stream", headers=sent) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        async for raw in response.content:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            else:
                found, fields = [*found, fields], {}
            if len(found) == count:
                return found
    return found


async def test_server_sent_events_resume_behind_their_id(world: World) -> None:
    definition = await world.define("orders")
    before = world.services.position()
    await world.start(definition)

    events = await server_sent(world, EVENTS_OF_A_RUN, **{"Last-Event-ID": str(before)})
    rest = await server_sent(world, 1, **{"Last-Event-ID": events[-2]["id"]})

    shown = [json.loads(event["data"]) for event in events]
    assert [one["type"] for one in shown][::4] == ["run.RunRequested", "run.RunCompleted"]
    assert [event["id"] for event in events] == [str(one["position"]) for one in shown]
    assert rest == events[-1:]
