"""Definitions in Baton's own API: created in its own format, read whichever dialect made them."""

from typing import Any

import pytest
import yaml

from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually
from tests.kit.stack import Response
from tests.scenarios.stack import DEADLINE_S, Stack
from tests.scenarios.test_own_runs import until

ORDERS = """
slug: order-processing
name: Order processing
trigger: {manual: true}
steps:
  - {id: validate, function: answer, config: {strict: true}, timeout: 30s, retry: {attempts: 3}}
  - {id: check, decide: [{if: [{path: steps.validate.output, op: eq, value: 42}], next: fulfill}],
     else: reject}
  - {id: fulfill, function: answer, next: $end}
  - {id: reject, function: answer}
"""


def orders(**members: Any) -> dict[str, Any]:
    return {**yaml.safe_load(ORDERS), **members}


def refused(answer: Response) -> dict[str, str]:
    assert (answer.status, answer.body["error"]) == (400, "validation_error")
    return {one["field"]: one["message"] for one in answer.body["details"]}


@pytest.mark.operations("baton", "createDefinition", "startRun")
async def test_a_definition_is_created_read_and_run(memory: Stack) -> None:
    made = await memory.post("/definitions", orders())
    shown = await memory.get("/definitions/order-processing")
    started = await memory.post("/runs", {"definition": "order-processing", "input": {"n": 1}})

    assert (made.status, shown.status, started.status) == (201, 200, 201)
    assert shown.body == made.body
    assert orders(status="active").items() <= made.body.items()
    assert (made.body["version"], made.body["createdBy"]) == (1, "ada")
    assert "Warning" not in made.headers
    run = await until(memory, started.body["id"], "completed")
    assert [step["stepId"] for step in run["steps"]] == ["validate", "check", "fulfill"]
    assert (run["input"], run["slug"]) == ({"n": 1}, "order-processing")


@pytest.mark.operations("baton", "getDefinition")
async def test_a_definition_is_found_by_its_slug_and_by_its_id(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    made = await reference.create(
        orchestration("orders", compute(function="answer"), name="Orders", description="All")
    )

    by_slug = await memory.get("/definitions/orders")
    by_id = await memory.get(f"/definitions/{made['id']}")

    assert (by_slug.status, by_slug.body) == (by_id.status, by_id.body)
    assert by_slug.body == {
        "id": made["id"],
        "slug": "orders",
        "name": "Orders",
        "description": "All",
        "status": "active",
        "version": 1,
        "trigger": {"manual": True},
        "steps": [{"id": "only", "function": "answer"}],
        "createdAt": made["createdAt"],
        "createdBy": "ada",
        "updatedAt": made["updatedAt"],
        "updatedBy": "ada",
    }


async def test_a_slug_takes_precedence_over_an_id(memory: Stack) -> None:
    first = (await memory.post("/definitions", orders())).body
    named = (await memory.post("/definitions", orders(slug=first["id"]))).body

    found = await memory.get(f"/definitions/{first['id']}")

    assert found.body["id"] == named["id"]


@pytest.mark.operations("baton", "replaceDefinition")
async def test_put_publishes_the_next_version_unless_nothing_changes(memory: Stack) -> None:
    made = (await memory.post("/definitions", orders(status="paused"))).body

    same = await memory.call("PUT", "/definitions/order-processing", json=made)
    renamed = await memory.call("PUT", f"/definitions/{made['id']}", json=orders(name="Orders"))
    other = await memory.call("PUT", "/definitions/order-processing", json=orders(slug="other"))

    assert (same.status, same.body) == (200, made)
    assert "Warning" not in same.headers
    assert (renamed.body["version"], renamed.body["name"]) == (2, "Orders")
    assert renamed.body["status"] == "paused"
    assert refused(other) == {"slug": "can't be changed: it is 'order-processing'"}


async def test_put_keeps_members_that_the_format_cannot_express(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    first = compute("a", function="answer", onSuccess={"nextStepId": "b"})
    made = await reference.create(orchestration("orders", first, compute("b", function="answer")))
    shown = (await memory.get("/definitions/orders")).body

    answer = await memory.call("PUT", "/definitions/orders", json=shown)

    assert answer.body == shown
    again = await reference.get(f"/orchestrations/{made['id']}")
    assert again.body["steps"][0]["onSuccess"] == {"nextStepId": "b"}


@pytest.mark.operations("baton", "deleteDefinition")
async def test_a_deleted_definition_is_not_found(memory: Stack) -> None:
    made = (await memory.post("/definitions", orders())).body

    deleted = await memory.call("DELETE", "/definitions/order-processing")

    assert deleted.status == 204
    for wanted in ("order-processing", made["id"], "none", "a%2Fb"):
        answer = await memory.get(f"/definitions/{wanted}")
        assert (answer.status, answer.body["message"]) == (404, "Definition not found")
    assert (await memory.call("DELETE", f"/definitions/{made['id']}")).status == 404
    assert (await memory.post("/definitions", orders())).status == 201


async def test_a_taken_slug_is_a_conflict(memory: Stack) -> None:
    await memory.post("/definitions", orders())

    again = await memory.post("/definitions", orders(name="Other"))

    assert (again.status, again.body["error"]) == (409, "conflict")


async def test_every_fault_is_named_and_nothing_is_stored(memory: Stack) -> None:
    steps = [
        {"id": "a", "function": "answer", "timeout": "soon"},
        {"id": "b", "wait": {"signal": "go"}},
    ]
    faulty = await memory.post("/definitions", orders(steps=steps, title=7))
    lost = await memory.post(
        "/definitions", orders(steps=[{"id": "a", "function": "f", "next": "z"}])
    )
    no_object = await memory.post("/definitions", [1])

    assert refused(faulty).keys() == {"title", "steps[0].timeout", "steps[1].wait"}
    assert "not yet" in refused(faulty)["steps[1].wait"]
    assert refused(lost) == {"steps[0].next": "names the unknown step 'z'"}
    assert no_object.status == 400
    assert (await memory.get("/definitions")).body["total"] == 0


async def test_unknown_members_are_named_or_refused(memory: Stack) -> None:
    strict = {"Prefer": "handling=strict"}

    refusal = await memory.post("/definitions", orders(descripton="x"), headers=strict)
    lenient = await memory.post("/definitions", orders(descripton="x"))

    assert refused(refusal) == {"descripton": "is unknown; did you mean 'description'?"}
    assert lenient.status == 201
    assert "descripton is unknown" in lenient.headers["Warning"]


@pytest.mark.operations("baton", "listDefinitions")
async def test_definitions_are_listed_by_slug(memory: Stack) -> None:
    for slug, status in (("b", "active"), ("a", "paused"), ("c", "active")):
        await memory.post("/definitions", orders(slug=slug, status=status))

    everything = (await memory.get("/definitions?limit=2")).body
    rest = (await memory.get("/definitions?limit=2&offset=2")).body
    paused = (await memory.get("/definitions?status=paused&status=draft")).body
    backwards = (await memory.get("/definitions?sort=slug&order=desc")).body

    assert [one["slug"] for one in everything["definitions"]] == ["a", "b"]
    assert (everything["total"], [one["slug"] for one in rest["definitions"]]) == (3, ["c"])
    assert [one["slug"] for one in paused["definitions"]] == ["a"]
    assert [one["slug"] for one in backwards["definitions"]] == ["c", "b", "a"]
    assert "steps" not in everything["definitions"][0]
    assert (await memory.get("/definitions?stauts=paused")).status == 400


async def test_a_secret_is_sealed_and_never_shown(memory: Stack) -> None:
    secret = "a signing secret of 16"
    webhook = {"webhook": "orders", "secret": secret}
    made = await memory.post("/definitions", orders(trigger=webhook))

    assert made.body["trigger"] == {"webhook": "orders", "signed": True}
    kept = await memory.call("PUT", "/definitions/order-processing", json=made.body)
    assert (kept.status, kept.body["version"]) == (200, 1)
    assert secret.encode() not in made.raw + kept.raw


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"definition": "none"}, 404),
        ({"definition": "order-processing", "version": 7}, 404),
        ({}, 400),
        ({"definition": "order-processing", "startAt": "2027-01-01T00:00:00Z"}, 400),
    ],
)
async def test_a_run_that_cannot_start_is_refused(
    memory: Stack, body: dict[str, Any], status: int
) -> None:
    await memory.post("/definitions", orders())

    answer = await memory.post("/runs", body)

    assert answer.status == status
    assert (await memory.get("/runs")).body["total"] == 0


async def test_a_run_starts_in_a_version_of_ones_own_choice(memory: Stack) -> None:
    await memory.post("/definitions", orders())
    await memory.call("PUT", "/definitions/order-processing", json=orders(name="Two"))

    first = await memory.post("/runs", {"definition": "order-processing", "version": 1})
    newest = await memory.post("/runs", {"definition": "order-processing", "correlationId": "c-1"})

    assert (first.body["version"], newest.body["version"]) == (1, 2)
    assert newest.body["correlationId"] == "c-1"


async def test_a_paused_definition_starts_no_run(memory: Stack) -> None:
    await memory.post("/definitions", orders(status="paused"))

    answer = await memory.post("/runs", {"definition": "order-processing"})

    assert (answer.status, answer.body["error"]) == (409, "conflict")


async def test_another_tenants_definition_is_not_found(memory: Stack) -> None:
    await memory.post("/definitions", orders())
    stranger = memory.client("baton", "other")

    answers = [
        await stranger.get("/definitions/order-processing"),
        await stranger.put("/definitions/order-processing", orders()),
        await stranger.delete("/definitions/order-processing"),
        await stranger.post("/runs", {"definition": "order-processing"}),
    ]

    assert [one.status for one in answers] == [404] * 4


@pytest.mark.operations("baton", "getDefinitionSchema")
async def test_the_schema_is_served_to_everyone(memory: Stack) -> None:
    answer = await memory.get("/schemas/definition.json", anonymous=True)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert answer.body["required"] == ["slug", "name", "steps"]


async def runs_of(stack: Stack) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = (await stack.get("/runs?definition=several")).body["runs"]
    return runs


SEVERAL: dict[str, Any] = {
    "slug": "several",
    "name": "Several causes",
    "trigger": [
        {"event": "record.created", "structure": "orders"},
        {"event": "order.paid"},
        {"cron": "0 9 * * *", "overlap": "skip"},
        {"at": "2040-01-01T00:00:00.000Z"},
        {"webhook": "shop/paid", "secret": "a secret of 16 bytes", "header": "X-Shop"},
    ],
    "steps": [
        {
            "id": "which",
            "decide": [{"if": [], "next": "big"}],
            "when": [{"path": "input.total", "op": "gt", "value": 100}],
            "else": "small",
        },
        {"id": "big", "function": "answer", "next": "$end"},
        {"id": "small", "function": "answer"},
    ],
}


async def test_a_definition_has_several_triggers_and_a_decision_with_conditions(
    memory: Stack,
) -> None:
    made = (await memory.post("/definitions", SEVERAL)).body
    listed = (await memory.get("/definitions")).body["definitions"][0]
    schedule = (await memory.get(f"/schedules/{made['id']}")).body
    again = await memory.call("PUT", "/definitions/several", json=made)
    paid = {"specversion": "1.0", "id": "1", "source": "shop", "type": "order.paid", "data": {}}
    kind = {"Content-Type": "application/cloudevents+json"}
    await memory.call("POST", "/events", json=paid, headers=kind)

    shown = [*SEVERAL["trigger"][:4], {"webhook": "shop/paid", "signed": True, "header": "X-Shop"}]
    assert made["trigger"] == listed["trigger"] == shown
    assert made["steps"] == SEVERAL["steps"]
    assert again.body == made
    assert [next(iter(one)) for one in schedule["timetable"]] == ["cron", "at"]
    (started,) = await eventually(lambda: runs_of(memory), within_s=DEADLINE_S)
    assert started["trigger"]["eventType"] == "order.paid"
    run = await until(memory, started["id"], "completed")
    assert [(one["stepId"], one["status"]) for one in run["steps"]] == [
        ("which", "skipped"),
        ("small", "succeeded"),
    ]


async def test_every_dialect_shows_a_definition_with_several_triggers(memory: Stack) -> None:
    made = (await memory.post("/definitions", SEVERAL)).body
    paths = {
        "centrali-openapi": f"/orchestrations/{made['id']}",
        "centrali-reference": f"/orchestrations/{made['id']}",
        "orchestration-system": f"/workflows/{made['id']}",
        "workflow-orchestration": f"/workflows/{made['id']}",
        "orchestrator": "/dags/several/1",
    }

    for name, path in paths.items():
        client = memory.client(name)
        shown = await client.get(path)
        assert shown.status == 200, (name, shown.body)
        if name.startswith("centrali"):
            document = shown.body.get("data", shown.body)
            assert document["trigger"]["eventType"] == "record.created"
            trigger = {"type": "on-demand"}
            refused_trigger = await client.put(path, {"trigger": trigger})
            refused_steps = await client.put(path, {"steps": [compute("a", function="answer")]})
            assert (refused_trigger.status, refused_steps.status) == (409, 409)
            assert (await client.put(path, document)).status == 200
    assert (await memory.get("/definitions/several")).body["version"] == 1
