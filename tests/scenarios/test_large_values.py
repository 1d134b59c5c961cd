"""Large values of runs: stored once, given to functions, shown within the limit of an answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from baton.domain.artifact import Artifact, artifacts_in
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import transact
from baton.protocols.canonical_json import canonical, digest
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import orchestration
from tests.kit.definitions import request_run
from tests.kit.stack import running_roles
from tests.scenarios.stack import Stack, settings_for

BIG = {"text": "x" * 100_000, "paid": True, "$artifact": "0" * 64}
"""A value that is too large for an event. Its names are those of an answer, but data."""
ECHO: dict[str, Any] = {"id": "echo", "type": "compute", "functionId": "echo"}
LOOK: dict[str, Any] = {"id": "look", "type": "compute", "functionId": "measure"}
LOST = Artifact("a" * 64, 70_000)
MB = 1_000_000
orders = partial(orchestration, "orders")


@pytest.fixture(params=["centrali-openapi", "centrali-reference"])
def client(request: pytest.FixtureRequest, stack: Stack) -> CentraliClient:
    return centrali_client(stack, request.param)


def chain(*functions: str) -> list[dict[str, Any]]:
    """Return steps s0, s1, … that follow each other."""
    return [
        {"id": f"s{n}", "type": "compute", "functionId": function, "nextStepId": f"s{n + 1}"}
        for n, function in enumerate(functions[:-1])
    ] + [{"id": f"s{len(functions) - 1}", "type": "compute", "functionId": functions[-1]}]


def named_in(value: object) -> Iterator[dict[str, Any]]:
    """Yield the values of an answer that are named instead of shown."""
    if isinstance(value, dict):
        if value.keys() in ({"$artifact", "bytes"}, {"$omitted", "bytes"}):
            yield value
        for member in value.values():
            yield from named_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from named_in(member)


@asynccontextmanager
async def limited(folder: Path, **limits: int) -> AsyncIterator[CentraliClient]:
    """Run every role on memory with other limits."""
    settings = (await settings_for(folder, "memory")).model_copy(update=limits)
    async with running_roles(settings, Stack) as stack:
        yield centrali_client(stack, "centrali-openapi")


async def test_functions_and_answers_get_a_large_value_in_full(client: CentraliClient) -> None:
    definition = await client.create(orders({**ECHO, "nextStepId": "look"}, LOOK))

    run = await client.run_to_end(definition["id"], {"input": BIG}, query="?include=steps")

    assert run["status"] == "completed"
    assert run["input"] == BIG
    assert run["stepOutputs"] == {"echo": BIG, "look": {"input": 100_000, "echo": 100_000}}
    look = next(step for step in run["steps"] if step["stepId"] == "look")
    assert look["input"]["input"] == BIG
    assert look["input"]["steps"] == {"echo": {"output": BIG}}


async def test_an_event_names_a_large_value_that_is_stored_once(client: CentraliClient) -> None:
    definition = await client.create(orders({**ECHO, "nextStepId": "keep"}, keep()))
    run = await client.run_to_end(definition["id"], {"input": BIG})

    events = await client.stack.events_of(run["id"])
    places = [
        artifact
        for event in events
        for member in (getattr(event, "input", None), getattr(event, "output", None))
        for artifact in artifacts_in(member)
    ]
    (context,) = [one.context for one in events if getattr(one, "context", None)]
    assert len(places) == 2
    assert len({one.sha256 for one in places}) == 1
    assert isinstance(context["report"], Artifact)
    assert context["small"] == 1
    assert run["context"] == {"report": "r" * 70_000, "small": 1}


@pytest.mark.operations("baton", "getArtifact")
async def test_an_artifact_is_fetched_by_its_hash_by_its_tenant_alone(
    client: CentraliClient,
) -> None:
    definition = await client.create(orders(ECHO))
    run = await client.run_to_end(definition["id"], {"input": BIG})
    requested, *_ = await client.stack.events_of(run["id"])
    (artifact,) = artifacts_in(requested.input)

    path = f"/artifacts/{artifact.sha256}"
    own = await client.stack.client("baton").get(path)
    other = await client.stack.client("baton", tenant="strangers").get(path)
    assert (own.status, own.body) == (200, BIG)
    assert (other.status, other.body["error"]) == (404, "not_found")


async def test_a_decision_reads_into_a_large_value(client: CentraliClient) -> None:
    paid = {"path": "steps.echo.output.paid", "op": "eq", "value": True}
    same = {"path": "steps.echo.output.paid", "op": "eq", "valuePath": "input.paid"}
    decision: dict[str, Any] = {
        "id": "check",
        "type": "decision",
        "cases": [{"conditions": [paid, same], "nextStepId": "look"}],
    }
    definition = await client.create(orders({**ECHO, "nextStepId": "check"}, decision, LOOK))

    run = await client.run_to_end(definition["id"], {"input": BIG})

    assert run["stepOutputs"]["look"] == {"input": 100_000, "echo": 100_000}


async def test_a_run_whose_values_are_lost_fails_and_is_shown_with_their_names(
    openapi: CentraliClient,
) -> None:
    made = await openapi.create(orders(ECHO))
    run_id = await request_with(openapi, made["id"], LOST)

    run = await openapi.wait_for(made["id"], run_id, query="?include=steps")

    name = {"$artifact": LOST.sha256, "bytes": LOST.bytes}
    assert run["status"] == "failed"
    assert run["failureReason"].startswith("ARTIFACT_UNREADABLE: input can't be read: artifact")
    assert LOST.sha256 in run["failureReason"]
    assert (run["input"], run["steps"][0]["input"]["input"]) == (name, name)
    own = openapi.stack.client("baton")
    assert (await own.get(f"/runs/{run_id}")).body["input"] == name
    assert (await own.get(f"/artifacts/{LOST.sha256}")).status == 404


async def test_a_start_that_is_refused_stores_no_large_value(openapi: CentraliClient) -> None:
    paused = await openapi.create({**orders(ECHO), "status": "paused"})
    path = f"/orchestrations/{paused['id']}/runs"

    assert (await openapi.post(path, {"input": BIG})).status == 409
    assert not await stored(openapi, BIG)


async def test_a_repeated_delivery_stores_no_further_large_value(openapi: CentraliClient) -> None:
    hooked = {**orders(ECHO), "trigger": {"type": "http-trigger", "path": "in"}}
    await openapi.create(hooked)
    other = {**BIG, "text": "y" * 100_000}

    first, again = [
        await openapi.post("/webhooks/in", body, headers={"X-GitHub-Delivery": "1"})
        for body in (BIG, other)
    ]

    assert (first.status, first.body) == (200, again.body)
    assert await stored(openapi, BIG)
    assert not await stored(openapi, other)


async def test_a_list_shows_small_values_and_the_size_of_larger_ones(stack: Stack) -> None:
    client = centrali_client(stack, "centrali-openapi")
    definition = await client.create(orders(keep()))
    await client.run_to_end(definition["id"], {"input": {"text": "x" * 4_000}})
    await client.run_to_end(definition["id"], {"input": {"text": "x" * 5_000}})
    await client.run_to_end(definition["id"], {"input": BIG})

    runs = (await client.get(f"/orchestrations/{definition['id']}/runs")).body["data"]

    assert [run["input"] for run in runs] == [
        {"$omitted": True, "bytes": len(orjson.dumps(BIG))},
        {"$omitted": True, "bytes": 5_011},
        {"text": "x" * 4_000},
    ]
    assert all(run["context"]["$omitted"] for run in runs)


async def test_an_answer_beyond_its_limit_names_its_largest_values(tmp_path: Path) -> None:
    async with limited(tmp_path, limit_answer_bytes=250_000) as client:
        definition = await client.create(orders(*chain("small", "echo", "echo", "echo")))
        run = await client.run_to_end(definition["id"], {"input": BIG}, query="?include=steps")

        assert run["stepOutputs"]["s0"] == "s"
        named = list(named_in(run))
        assert {one["bytes"] for one in named} == {len(orjson.dumps(BIG))}
        assert len(orjson.dumps(run)) <= 250_000
        own = client.stack.client("baton")
        for one in named:
            assert (await own.get(f"/artifacts/{one['$artifact']}")).body == BIG
        assert len(orjson.dumps((await own.get(f"/runs/{run['id']}")).body)) <= 250_000


async def test_every_document_describes_what_stands_for_a_large_value(tmp_path: Path) -> None:
    async with limited(tmp_path, limit_answer_bytes=250_000) as client:
        stack = client.stack
        definition = await client.create(orders(*chain("small", *["echo"] * 4)))
        run = await client.run_to_end(definition["id"], {"input": BIG})
        path = f"/orchestrations/{definition['id']}/runs"
        one, listed = f"{path}/{run['id']}?include=steps", path
        shown: dict[str, list[tuple[str, str]]] = {
            "centrali-openapi": [(one, "OrchestrationRun"), (listed, "PaginatedRuns")],
            "centrali-reference": [(one, "Run")],
            "orchestration-system": [(f"/executions/{run['id']}", "Execution")],
            "baton": [(f"/runs/{run['id']}", "WholeRun")],
        }
        for name, responses in shown.items():
            document = (await stack.get(f"/openapi/{name}.json", anonymous=True)).body
            for at, schema in responses:
                answer = await stack.client(name).get(at)
                assert answer.status == 200, (name, at)
                assert list(named_in(answer.body)), (name, at)
                components = {"components": document["components"]}
                whole = {"$ref": f"#/components/schemas/{schema}", **components}
                jsonschema_rs.validate(whole, answer.body)
            assert {"NamedValue", "OmittedValue"} <= document["components"]["schemas"].keys(), name


async def test_an_answer_with_many_middling_values_keeps_its_limit(tmp_path: Path) -> None:
    async with limited(tmp_path, limit_answer_bytes=250_000) as client:
        definition = await client.create(orders(*chain(*["echo"] * 20)))
        given = {"input": {"text": "x" * 30_000}}
        run = await client.run_to_end(definition["id"], given, query="?include=steps")

        assert len(orjson.dumps(run)) <= 250_000
        assert {"$omitted": True, "bytes": 30_011} in list(named_in(run))
        assert len(run["steps"]) == 20


async def test_a_run_beyond_its_limit_fails_at_the_step_that_exceeds_it(tmp_path: Path) -> None:
    async with limited(tmp_path, limit_run_bytes=MB) as client:
        definition = await client.create(orders(*chain(*["echo"] * 12)))
        run = await client.run_to_end(definition["id"], {"input": BIG}, query="?include=steps")

        assert run["status"] == "failed"
        assert run["failureReason"].startswith("RUN_TOO_LARGE: ")
        assert len(run["steps"]) == 9
        assert run["steps"][-1]["error"]["code"] == "RUN_TOO_LARGE"


async def test_small_outputs_count_against_the_limit_of_a_run_too(tmp_path: Path) -> None:
    async with limited(tmp_path, limit_run_bytes=100_000) as client:
        definition = await client.create(orders(*chain(*["echo"] * 5)))
        run = await client.run_to_end(definition["id"], {"input": {"text": "x" * 30_000}})

        assert run["failureReason"].startswith("RUN_TOO_LARGE: ")
        assert len(run["stepOutputs"]) == 2


async def request_with(client: CentraliClient, definition_id: str, given: Artifact) -> str:
    """Request a run with a large input that is not stored; return the run's id."""
    stack = client.stack
    definition = await stack.services.definitions.get(client.tenant, definition_id)
    assert definition is not None
    request = request_run(definition, stack.services.new_id(), data=given)
    stream = stream_name(client.tenant, RUN.name, request.run_id)
    large = replace(request, size=given.bytes)
    requested = await transact(stack.stores.events, RUN, stream, large)
    assert await stack.services.reached(requested.position, 10_000)
    return request.run_id


async def stored(client: CentraliClient, value: object) -> bool:
    """Return whether the tenant owns the artifact of `value`."""
    sha256 = digest(canonical(value))
    return await client.stack.stores.artifacts.get(client.tenant, sha256) is not None


def keep() -> dict[str, Any]:
    return {"id": "keep", "type": "compute", "functionId": "keep-report"}
