"""Lists of the Orchestrator dialect: pages that stay complete, filters and NDJSON exports."""

import asyncio
import json
import os
from collections import Counter
from typing import Any

import pytest

from baton.command_api.commands.runs import start_run
from tests.dialects.orchestrator_client import OrchestratorClient, dag, orchestrator_client, step
from tests.kit.definitions import request_run
from tests.kit.eventually import eventually
from tests.kit.stack import Response, in_background
from tests.scenarios.stack import Stack

NDJSON = {"Accept": "application/x-ndjson"}
TRACED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
RUNS = int(os.environ.get("BATON_TEST_LISTED_RUNS", "150"))
"""Runs that are listed while others start; `make lists` lists 10,000."""
_AT_ONCE = 500


async def pages(client: OrchestratorClient, path: str, size: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = f"page_size={size}"
    while query:
        body = (await client.get(f"{path}{'&' if '?' in path else '?'}{query}")).body
        found += body["items"]
        token = body["nextPageToken"]
        query = f"page_size={size}&page_token={token}" if token else ""
    return found


def lines(answer: Response) -> list[dict[str, Any]]:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.raw.splitlines()]


@pytest.mark.operations("orchestrator", "listRuns")
async def test_runs_are_listed_once_each_while_others_start(stack: Stack) -> None:
    client = orchestrator_client(stack)
    await client.publish(dag("flow", "1", step("a")))
    started = await start_many(stack, RUNS)
    others: list[str] = []
    enough = asyncio.Event()

    async def start_others() -> None:
        while not enough.is_set():
            others.append((await client.start("flow"))["runId"])

    async with in_background(start_others()) as (starting,):
        await eventually(lambda: others)
        listed = await pages(client, "/runs", 20)
        enough.set()
        await starting  # the last start may be listed before it is answered

    seen = Counter(one["runId"] for one in listed)
    assert set(seen.values()) == {1}
    assert [one for one in started if one not in seen] == []
    assert {*seen} <= {*started, *others}
    order = [(one["startedUtc"], one["runId"]) for one in listed]
    assert order == sorted(sorted(order, key=lambda one: one[1]), key=_time, reverse=True)


async def start_many(stack: Stack, count: int) -> list[str]:
    """Start runs of the DAG "flow" by the API's command, many at a time; return their ids."""
    services, position = stack.services, 0
    definition = await services.definitions.by_slug(stack.tenant, "flow")
    assert definition is not None
    ids = [services.new_id() for _ in range(count)]
    for first in range(0, count, _AT_ONCE):
        requests = (
            request_run(definition, one, at=services.clock.now(), data={})
            for one in ids[first : first + _AT_ONCE]
        )
        started = await asyncio.gather(*(start_run(services, request) for request in requests))
        position = max(one.position for one in started)
    assert await services.reached(position, 30_000)
    return ids


def _time(one: tuple[str, str]) -> str:
    return one[0]


async def test_runs_are_filtered_by_dag_status_and_time(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("good", "1", step("a")))
    await client.publish(dag("bad", "1", step("a", "break")))
    runs = [await client.run_to_end(one) for one in ("good", "bad", "good")]
    ids, times = [one["runId"] for one in runs], [one["startedUtc"] for one in runs]

    async def listed(query: str) -> list[int]:
        items = (await client.get(f"/runs?{query}")).body["items"]
        return [ids.index(one["runId"]) for one in items]

    assert await listed("") == [2, 1, 0]
    assert await listed("dagId=good") == [2, 0]
    assert await listed("status=failed") == [1]
    assert await listed("status=succeeded&dagId=bad") == []
    assert await listed(f"from={times[1]}") == [2, 1]
    assert await listed(f"to={times[1]}") == [0]
    assert await listed(f"from={times[0]}&to={times[2]}&status=succeeded") == [0]
    assert await listed("dagId=unknown") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("from=yesterday", "from"),
        ("page_size=0", "page_size"),
        ("page_size=501", "page_size"),
        ("page_token=x", "page_token"),
        ("page_token=WyJhIiwxLCJiIl0", "page_token"),
        ("page_token=%00", "page_token"),
        ("page_token=%F0%9F%92%A9", "page_token"),
        ("dagId=a&dagId=b", "dagId"),
    ],
)
async def test_a_bad_parameter_is_named(memory: Stack, query: str, field: str) -> None:
    answer = await orchestrator_client(memory).get(f"/runs?{query}")

    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert [one["field"] for one in answer.body["details"]] == [field]


async def test_a_token_belongs_to_its_list_and_filters(memory: Stack) -> None:
    client = orchestrator_client(memory)
    for version in ("1", "2"):
        await client.publish(dag("flow", version, step("a")))
        await client.start("flow")
    token = (await client.get("/runs?page_size=1&dagId=flow")).body["nextPageToken"]

    statuses = [
        (await client.get(f"{path}page_token={token}")).status
        for path in ("/runs?dagId=flow&", "/runs?dagId=flow&page_size=2&", "/runs?", "/dags?")
    ]

    assert statuses == [200, 200, 400, 400]


async def test_every_list_has_pages_and_an_export_of_the_same_items(memory: Stack) -> None:
    client = orchestrator_client(memory)
    for dag_id in ("a", "b"):
        for version in ("1", "1.1", "2"):
            await client.publish(dag(dag_id, version, step("x"), step("y"), step("z")))
        for _ in range(3):
            await client.run_to_end(dag_id)
    run = await client.run_to_end("a")
    lists = ("/dags", "/dags?dagId=b", "/runs", "/runs?dagId=a", f"/runs/{run['runId']}/steps")

    for path in lists:
        exported = await client.get(path, headers={**NDJSON, **TRACED})
        assert exported.headers["traceparent"] == TRACED["traceparent"]
        assert lines(exported) == await pages(client, path, 2) == await pages(client, path, 500)
        assert len(lines(exported)) >= 3
        assert (await client.get(path, headers=NDJSON)).raw == exported.raw
        assert int(exported.headers["Baton-Position"]) > 0


async def test_pages_go_on_behind_the_longest_version(memory: Stack) -> None:
    client = orchestrator_client(memory)
    await client.publish(dag("long", "1", step("a")))
    await client.publish(dag("long", "9" * 64, step("b")))
    unnamed = dag("long", "", step("c"))
    del unnamed["version"]
    longest = (await client.publish(unnamed))["version"]

    listed = await pages(client, "/dags", 1)

    assert [one["version"] for one in listed] == [longest, "9" * 64, "1"]
    assert len(longest) == 65


async def test_an_export_has_no_pages_and_no_export_is_json(memory: Stack) -> None:
    client = orchestrator_client(memory)

    refused = await client.get("/runs?page_size=5", headers=NDJSON)
    empty = await client.get("/runs", headers=NDJSON)
    unwanted = await client.get("/runs", headers={"Accept": "application/x-ndjson;q=0, */*"})
    failed = await client.get("/runs/nothing/steps", headers=NDJSON)
    head = await client.call("HEAD", "/runs", headers=NDJSON)

    assert refused.status == 400
    assert (empty.status, empty.raw) == (200, b"")
    assert unwanted.body == {"items": [], "nextPageToken": None}
    assert (failed.status, failed.body["code"]) == (404, "not_found")
    assert (head.status, head.raw) == (200, b"")


async def test_pages_end_early_where_an_answer_would_get_too_large(memory: Stack) -> None:
    client = orchestrator_client(memory)
    for version in range(12):
        config = {"text": "x" * 900_000}
        await client.publish(dag("large", str(version), step("a", with_=config)))
    body = (await client.get("/dags")).body

    assert 1 <= len(body["items"]) < 12
    assert len(await pages(client, "/dags", 500)) == 12
