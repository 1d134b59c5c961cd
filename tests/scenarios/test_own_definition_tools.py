"""Trying decisions, lists with the newest runs, and definitions rendered in other dialects."""

from typing import Any

import pytest

from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, orchestration
from tests.scenarios.stack import Stack
from tests.scenarios.test_own_definitions import orders, refused
from tests.scenarios.test_own_runs import until

DECIDE = "/definitions/order-processing/test-decision"


def seen(output: Any, **members: Any) -> dict[str, Any]:
    return {"stepId": "check", "steps": {"validate": {"output": output}}, **members}


@pytest.mark.operations("baton", "testDecision")
async def test_a_decision_is_tried_on_given_data(memory: Stack) -> None:
    await memory.post("/definitions", orders())
    head = await memory.head()

    met, other = [await memory.post(DECIDE, seen(value)) for value in (42, 41)]

    assert (met.status, met.body["next"], met.body["case"], met.body["version"]) == (
        200,
        "fulfill",
        0,
        1,
    )
    assert met.body["evaluations"][0]["conditions"][0]["actual"] == 42
    assert (other.body["next"], "case" in other.body) == ("reject", False)
    assert await memory.head() == head


async def test_a_decision_of_an_older_version_is_tried(memory: Stack) -> None:
    await memory.post("/definitions", orders())
    steps = orders()["steps"]
    changed = {**steps[1], "decide": [{"if": [], "next": "reject"}]}
    await memory.call(
        "PUT", "/definitions/order-processing", json=orders(steps=[steps[0], changed, *steps[2:]])
    )

    chosen = [(await memory.post(DECIDE, seen(42, version=n))).body["next"] for n in (1, 2)]

    assert chosen == ["fulfill", "reject"]


async def test_a_decision_that_is_not_there_cannot_be_tried(memory: Stack) -> None:
    await memory.post("/definitions", orders())

    no_decision = await memory.post(DECIDE, {"stepId": "validate"})
    no_step = await memory.post(DECIDE, {"stepId": "none"})
    no_version = await memory.post(DECIDE, seen(42, version=9))

    assert refused(no_decision) == {"stepId": "must name a decision step"}
    assert (no_step.status, no_version.status) == (404, 404)


async def test_a_list_has_the_newest_runs_and_finds_slugs_by_their_beginning(memory: Stack) -> None:
    await memory.post("/definitions", orders())
    await memory.post("/definitions", orders(slug="other"))
    started = [
        (await memory.post("/runs", {"definition": "order-processing"})).body["id"]
        for _ in range(3)
    ]
    for run in started:
        await until(memory, run, "completed")

    found = (await memory.get("/definitions?q=order&lastRuns=2")).body
    plain = (await memory.get("/definitions?q=o")).body

    assert (found["total"], plain["total"]) == (1, 2)
    newest = found["definitions"][0]["lastRuns"]
    assert len(newest) == 2
    assert {run["id"] for run in newest} < set(started)
    assert all(run["status"] == "completed" and run["completedAt"] for run in newest)
    assert all("lastRuns" not in one for one in plain["definitions"])


@pytest.mark.operations("baton", "getDefinitionSource")
async def test_a_definition_reads_in_the_words_of_each_api(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    made = await reference.create(orchestration("orders", compute(function="answer")))

    own = (await memory.get("/definitions/orders/source")).body
    theirs = (await memory.get("/definitions/orders/source?dialect=centrali-openapi")).body
    unknown = await memory.get("/definitions/orders/source?dialect=none")

    assert own["document"] == (await memory.get("/definitions/orders")).body
    assert own["path"] == f"/definitions/{made['id']}"
    assert theirs["document"] == (await memory.get(theirs["path"])).body
    assert theirs["document"]["steps"][0]["functionId"] == "answer"
    apis = [api["name"] for api in (await memory.get("/openapi")).body["apis"]]
    writers = [name for name in apis if name != "workflow-orchestration-graphql"]
    for name in writers:
        shown = await memory.get(f"/definitions/orders/source?dialect={name}")
        assert (shown.status, shown.body["dialect"]) == (200, name)
    assert unknown.status == 400
