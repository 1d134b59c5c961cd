"""The Orchestrator's stream of runs: its events, members and filters."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from baton.command_api.dialects.orchestrator.documents import RunEvent
from tests.dialects.orchestrator_client import OrchestratorClient, dag, orchestrator_client, step
from tests.kit.streams import TRANSPORTS, Transport, reading
from tests.scenarios.stack import Stack

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
BOTH = pytest.mark.parametrize("transport", TRANSPORTS)


def stream(client: OrchestratorClient, query: str, transport: Transport = "ndjson") -> Any:
    url = f"{client.stack.url}{client.base}/runs/stream?{query}"
    return reading(client.stack.session, url, client.headers, transport)


@BOTH
@pytest.mark.operations("orchestrator", "streamRuns")
async def test_a_run_is_streamed_in_the_words_of_the_seed(
    stack: Stack, transport: Transport
) -> None:
    client = orchestrator_client(stack)
    await client.publish(dag("flow", "1.0", step("only", "answer")))
    async with stream(client, "dagId=flow", transport) as reader:
        started = await client.post(
            "/runs", {"dagId": "flow", "runToken": "t"}, headers=TRACEPARENT
        )
        events = await reader.until(5)

    for event in events:
        TypeAdapter(RunEvent).validate_python(event)
    assert [(one["event"], one.get("stepId"), one["status"]) for one in events] == [
        ("run.updated", None, "queued"),
        ("run.started", None, "running"),
        ("step.updated", "only", "running"),
        ("step.updated", "only", "succeeded"),
        ("run.completed", None, "succeeded"),
    ]
    common = {(one["tenant"], one["dagId"], one["runId"], one["traceId"]) for one in events}
    assert common == {(stack.tenant, "flow", started.body["runId"], TRACE)}


async def test_failed_and_cancelled_runs_have_events_of_their_own(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("bad", "1", step("a", "refuse")))
    await client.publish(dag("held", "1", step("a", "hold")))
    async with stream(client, "after=0") as reader:
        failed = (await client.start("bad"))["runId"]
        held = (await client.start("held"))["runId"]
        await reader.until(8)
        await client.post(f"/runs/{held}:cancel")
        events = await reader.until(10)

    last = {one["runId"]: (one["event"], one["status"]) for one in events}
    assert last == {failed: ("run.failed", "failed"), held: ("run.cancelled", "cancelled")}


@BOTH
async def test_the_stream_is_filtered_and_resumed(memory: Stack, transport: Transport) -> None:
    client = orchestrator_client(memory)
    for name in ("one", "other"):
        await client.publish(dag(name, "1", step("a", "answer")))
    async with stream(client, "after=0") as reader:
        for name in ("one", "other", "one"):
            await client.start(name)
        events = await reader.until(15)

    for query, wanted in {
        "dagId=one": [one for one in events if one["dagId"] == "one"],
        "status=succeeded": [one for one in events if one["status"] == "succeeded"],
        "dagId=&status=": events,
        "status=queued&status=running&dagId=other": [
            one for one in events if one["dagId"] == "other" and one["status"] != "succeeded"
        ],
    }.items():
        async with stream(client, f"{query}&after=0", transport) as reader:
            assert await reader.until(len(wanted)) == wanted, query
    async with stream(client, f"after={events[6]['position']}", transport) as reader:
        assert await reader.until(8) == events[7:]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=completed", "status"),
        ("after=x", "after"),
        ("after=999999", "after"),
        ("dagId=a&dagId=b", "dagId"),
        ("dag=a", "dag"),
    ],
)
async def test_a_wrong_parameter_is_named(memory: Stack, query: str, field: str) -> None:
    answer = await orchestrator_client(memory).get(f"/runs/stream?{query}")

    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert [fault["field"] for fault in answer.body["details"]] == [field]


async def test_the_end_of_a_stream_is_in_the_envelope_of_the_dialect(memory: Stack) -> None:
    client = orchestrator_client(memory)
    async with stream(client, "") as reader:
        memory.services.live.close()
        assert await reader.until_closed() == 1001

    assert reader.last is not None
    assert set(reader.last) == {"code", "message", "trace_id", "closeCode", "after"}
    assert reader.last["code"] == "unavailable"
