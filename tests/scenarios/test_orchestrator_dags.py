"""DAGs of the Orchestrator dialect: publishing, listing, disabling, and in other dialects."""

from typing import Any

import pytest

from baton.command_api.principal import WRITE
from baton.protocols.canonical_json import canonical, digest
from tests.dialects.centrali_client import centrali_client
from tests.dialects.centrali_documents import compute, delay, orchestration
from tests.dialects.orchestrator_client import dag, orchestrator_client, step
from tests.scenarios.stack import Stack

CONDITION = {"path": "steps.a.output", "op": "eq", "value": 42}
WHOLE = dag(
    "whole",
    "1.0.0",
    step("a", "validate-order", with_={"strict": True}, timeoutMs=5_000),
    step("b", retry={"maxAttempts": 3, "backoffMs": 10, "backoffMultiplier": 1.5}),
    step("c", when=[CONDITION, {"path": "input.x", "op": "exists"}]),
    edges="a>b a>c b>c",
    metadata={"team": "orders", "tags": [1, None]},
)
ADDED = {"active", "definitionHash", "publishedUtc", "publishedBy"}


@pytest.mark.operations("orchestrator", "publishDag", "getDag")
async def test_a_dag_is_shown_as_it_was_published(stack: Stack) -> None:
    client = orchestrator_client(stack)
    published = await client.publish(WHOLE)
    shown = (await client.get("/dags/whole/1.0.0")).body

    assert published == shown
    assert {name: shown[name] for name in shown.keys() - ADDED} == WHOLE
    assert shown["active"] is True
    assert shown["publishedBy"] == "ada"
    assert shown["definitionHash"] == digest(canonical(WHOLE))


async def test_the_same_version_is_published_once(memory: Stack) -> None:
    client = orchestrator_client(memory)
    first = await client.publish(WHOLE)
    again = await client.post("/dags", WHOLE)
    other = await client.post("/dags", {**WHOLE, "metadata": {}})

    assert (again.status, again.body) == (200, first)
    assert (other.status, other.body["code"]) == (409, "conflict")
    assert other.body["message"] == "Version 1.0.0 of DAG 'whole' has other content"


async def test_a_version_left_out_is_the_next_whole_number(memory: Stack) -> None:
    client = orchestrator_client(memory)
    versions = []
    for version in (None, 7, "7.1", None):
        body = dag("counted", None, step("a"))
        if version is not None:
            body["version"] = version
        versions.append((await client.publish(body))["version"])

    assert versions == ["1", "7", "7.1", "8"]


FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "no steps": (dag("d", "1"), "steps"),
    "a bad id": (dag("Not A Slug", "1", step("a")), "dagId"),
    "an empty id": (dag("", "1", step("a")), "dagId"),
    "a bad version": (dag("d", "v1", step("a")), "version"),
    "a bad step id": (dag("d", "1", step("a b")), "steps[0].id"),
    "an unknown step in an edge": (dag("d", "1", step("a"), edges="a>b"), "edges[0].to"),
    "a repeated edge": (dag("d", "1", step("a"), step("b"), edges="a>b a>b"), "edges[1]"),
    "an edge to itself": (dag("d", "1", step("a"), edges="a>a"), "edges[0].to"),
    "a cycle": (dag("d", "1", step("a"), step("b"), edges="a>b b>a"), "edges"),
    "a repeated step": (dag("d", "1", step("a"), step("a")), "steps[1].id"),
    "no function": (dag("d", "1", step("a", "")), "steps[0].uses"),
    "a reserved function": (dag("d", "1", step("a", "baton.delay")), "steps[0].uses"),
    "a bad timeout": (dag("d", "1", step("a", timeoutMs=0)), "steps[0].timeoutMs"),
    "a bad retry": (
        dag("d", "1", step("a", retry={"backoffMultiplier": 0.5})),
        "steps[0].retry.backoffMultiplier",
    ),
    "a condition without a value": (
        dag("d", "1", step("a", when=[{"path": "input.a", "op": "eq"}])),
        "steps[0].when[0].value",
    ),
    "a condition of an unknown step": (
        dag("d", "1", step("a", when=[{"path": "steps.z.output", "op": "exists"}])),
        "steps[0].when[0].path",
    ),
    "text as a step's configuration": (dag("d", "1", step("a", with_="x")), "steps[0].with"),
    "a boolean as a version": ({**dag("d", "1", step("a")), "version": True}, "version"),
    "metadata that is no object": (dag("d", "1", step("a"), metadata=[]), "metadata"),
}


@pytest.mark.parametrize("name", FAULTY)
async def test_a_faulty_dag_is_refused_with_the_path_of_the_fault(memory: Stack, name: str) -> None:
    body, path = FAULTY[name]

    answer = await orchestrator_client(memory).post("/dags", body)

    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert {fault["field"] for fault in answer.body["details"]} == {path}
    assert await memory.stored() == []


async def test_publishing_and_disabling_need_the_scope_of_an_admin(memory: Stack) -> None:
    await orchestrator_client(memory).publish(WHOLE)
    writer = orchestrator_client(memory, scope=WRITE)

    answers = [
        await writer.post("/dags", WHOLE),
        await writer.post("/dags/whole/1.0.0:disable"),
        await writer.post("/admin/warm"),
        await writer.get("/admin/metrics"),
    ]

    assert [one.status for one in answers] == [403] * 4


@pytest.mark.operations("orchestrator", "listDags")
async def test_dags_are_listed_by_id_and_the_highest_version_first(stack: Stack) -> None:
    client = orchestrator_client(stack)
    for dag_id, version in (("b", "1.10"), ("b", "1.9"), ("a", "2"), ("b-1", "1"), ("b", "1.9.1")):
        await client.publish(dag(dag_id, version, step("only")))
    await client.post("/dags/b/1.10:disable")

    async def listed(query: str) -> list[tuple[str, str]]:
        body = (await client.get(f"/dags{query}")).body
        return [(one["dagId"], one["version"]) for one in body["items"]]

    every = [("a", "2"), ("b", "1.10"), ("b", "1.9.1"), ("b", "1.9"), ("b-1", "1")]
    assert await listed("") == every
    assert await listed("?dagId=b") == every[1:4]
    assert await listed("?active=true") == [every[0], *every[2:]]
    assert await listed("?active=false&dagId=b") == [("b", "1.10")]
    assert await listed("?dagId=unknown") == []


@pytest.mark.operations("orchestrator", "disableDag")
async def test_a_disabled_version_starts_no_run_and_the_next_one_is_run(stack: Stack) -> None:
    client = orchestrator_client(stack)
    for version in ("1.0", "2.0"):
        await client.publish(dag("flow", version, step("only")))
    before = await client.start("flow")
    disabled = await client.post("/dags/flow/2.0:disable")
    again = await client.post("/dags/flow/2.0:disable")
    after = await client.start("flow")
    named = await client.post("/runs", {"dagId": "flow", "version": "2.0"})
    await client.post("/dags/flow/1.0:disable")
    none_left = await client.post("/runs", {"dagId": "flow"})

    assert (before["version"], after["version"]) == ("2.0", "1.0")
    assert (disabled.status, disabled.body["active"], again.status) == (200, False, 200)
    assert (named.status, none_left.status) == (409, 409)
    assert named.body["message"] == "Version 2.0 of DAG 'flow' is disabled"
    assert none_left.body["message"] == "DAG 'flow' has no active version"


async def test_other_dialects_show_the_version_in_force(memory: Stack) -> None:
    client, openapi = orchestrator_client(memory), centrali_client(memory, "centrali-openapi")
    await client.publish(dag("flow", "1.0", step("old")))
    await client.publish(dag("flow", "2.0", step("new"), step("last"), edges="new>last"))

    async def seen() -> tuple[int, str, list[str]]:
        (one,) = (await openapi.get("/orchestrations")).body["data"]
        return one["version"], one["status"], [each["id"] for each in one["steps"]]

    assert await seen() == (2, "active", ["new", "last"])
    await client.post("/dags/flow/2.0:disable")
    assert await seen() == (1, "active", ["old"])
    await client.post("/dags/flow/1.0:disable")
    assert await seen() == (1, "paused", ["old"])


async def test_a_definition_of_another_dialect_reads_as_a_dag(memory: Stack) -> None:
    client, reference = orchestrator_client(memory), centrali_client(memory, "centrali-reference")
    decision = {
        "id": "choose",
        "type": "decision",
        "cases": [{"conditions": [CONDITION], "nextStepId": "wait"}],
        "defaultNextStepId": "a",
    }
    made = await reference.create(
        orchestration("shop", compute("a", nextStepId="choose"), decision, delay("wait", 5))
    )
    shown = (await client.get("/dags/shop/1")).body
    await reference.put(f"/orchestrations/{made['id']}", {"isActive": False})

    assert [one["uses"] for one in shown["steps"]] == [
        "func_abc123",
        "baton.decision",
        "baton.delay",
    ]
    assert shown["edges"] == [
        {"from": "a", "to": "choose"},
        {"from": "choose", "to": "wait"},
        {"from": "choose", "to": "a"},
    ]
    assert shown["steps"][1]["with"] == {
        "cases": [{"when": [CONDITION], "next": "wait"}],
        "default": "a",
    }
    versions = (await client.get("/dags?dagId=shop")).body["items"]
    assert [(one["version"], one["active"]) for one in versions] == [("2", False), ("1", False)]


async def test_a_definition_keeps_its_trigger_when_a_version_is_published(memory: Stack) -> None:
    client, openapi = orchestrator_client(memory), centrali_client(memory, "centrali-openapi")
    trigger = {"type": "http-trigger", "path": "hook"}
    made = await openapi.create(orchestration("shop", name="The shop", trigger=trigger))
    await client.publish(dag("shop", "5.0", step("only")))
    shown = (await openapi.get(f"/orchestrations/{made['id']}")).body
    hooked = await memory.call("POST", f"{openapi.base}/webhooks/hook", anonymous=True)

    assert (shown["name"], shown["trigger"]["path"], shown["version"]) == ("The shop", "hook", 2)
    assert [one["id"] for one in shown["steps"]] == ["only"]
    run = await client.wait_for(hooked.body["runId"])
    assert (run["version"], run["status"]) == ("5.0", "succeeded")


@pytest.mark.parametrize("path", ["/dags/whole/1.0.0:disable", "/admin/warm"])
async def test_a_member_of_a_body_that_has_none_is_named(memory: Stack, path: str) -> None:
    client = orchestrator_client(memory)
    await client.publish(WHOLE)

    strict = await client.post(path, {"force": True}, headers={"Prefer": "handling=strict"})
    lenient = await client.post(path, {"force": True})

    assert (strict.status, lenient.status) == (400, 200)
    assert "force is unknown" in lenient.headers["Warning"]


async def test_an_unknown_member_is_named(memory: Stack) -> None:
    body = dag("d", "1", {**step("a"), "timeutMs": 1})
    client = orchestrator_client(memory)

    strict = await client.post("/dags", body, headers={"Prefer": "handling=strict"})
    lenient = await client.post("/dags", body)

    assert (strict.status, lenient.status) == (400, 201)
    assert "steps[0].timeutMs" in lenient.headers["Warning"]
