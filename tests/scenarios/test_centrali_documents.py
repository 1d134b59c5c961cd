"""The OpenAPI documents of both Centrali dialects agree with the server."""

import re
from collections import defaultdict
from typing import Any

from pydantic import TypeAdapter

from baton.command_api.dialect.contract import discover
from baton.command_api.dialects.centrali.reference import documents
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.scenarios.examples import OPENAPI
from tests.scenarios.stack import Stack

STEPS = [
    {
        "id": "first",
        "name": "First",
        "type": "compute",
        "functionId": "5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10",
        "timeoutMs": 1_000,
        "retry": {"maxAttempts": 3, "backoffMs": 10},
        "onSuccess": {"nextStepId": "choose"},
        "nextStepId": "wait",
    },
    {
        "id": "choose",
        "type": "decision",
        "cases": [
            {
                "conditions": [{"path": "input.a", "op": "gt", "valuePath": "input.b"}],
                "nextStepId": "broken",
            },
            {
                "conditions": [{"path": "steps.first.output", "op": "eq", "value": 42}],
                "nextStepId": "wait",
            },
        ],
        "defaultNextStepId": "wait",
    },
    {"id": "wait", "type": "delay", "delayMs": 3_600_000, "nextStepId": "broken"},
    {"id": "broken", "type": "compute", "functionId": "break", "onFailure": {"action": "fail"}},
]
TRIGGERS = [
    {"type": "event-driven", "eventType": "record.created", "structureSlug": "orders"},
    {"type": "scheduled", "scheduleType": "interval", "interval": 60_000},
    {"type": "scheduled", "scheduleType": "cron", "cronExpression": "0 9 * * *"},
    {
        "type": "scheduled",
        "scheduleType": "once",
        "scheduledAt": "2031-02-01T09:00:00Z",
        "timezone": "Europe/Berlin",
    },
    {
        "type": "http-trigger",
        "path": "hook",
        "validateSignature": False,
        "signatureHeaderName": "X-Sig",
    },
]
NEVER_SHOWN = {
    "Trigger.signingSecret",  # write-only
    "OrchestrationRun.ttlExpiresAt",  # runs are kept
    "TriggerMetadata.eventType",  # a record event's run has it
    "TriggerMetadata.scheduleId",  # a schedule's run has it
}


def operations(paths: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method, path) for path, found in paths.items() for method in found}


def routes(name: str) -> set[tuple[str, str]]:
    (dialect,) = (one for one in discover() if one.name == name)
    return {
        (route.method.lower(), re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path))
        for route in dialect.routes
    }


def test_every_operation_of_the_document_has_a_route_and_the_reverse() -> None:
    assert routes("centrali-openapi") == operations(OPENAPI["paths"])


def test_every_operation_of_the_reference_has_a_route() -> None:
    documented = {
        ("get", "/orchestrations"),
        ("get", "/orchestrations/{orchestrationId}"),
        ("post", "/orchestrations"),
        ("put", "/orchestrations/{orchestrationId}"),
        ("delete", "/orchestrations/{orchestrationId}"),
        ("get", "/orchestrations/{orchestrationId}/runs"),
        ("get", "/orchestrations/{orchestrationId}/runs/{runId}"),
        ("post", "/orchestrations/{orchestrationId}/trigger"),
    }
    webhooks = {("post", "/orchestrations/{id}/webhook"), ("post", "/webhooks/{path}")}

    assert routes("centrali-reference") == documented | webhooks


async def test_the_served_document_adds_to_the_seeds_and_takes_nothing(idle: Stack) -> None:
    served = (await idle.get("/openapi/centrali-openapi.json", anonymous=True)).body

    lost = list(missing(OPENAPI, served))

    assert lost == [
        "components.schemas.OrchestrationStep.properties.functionId.description",
        "components.schemas.OrchestrationStep.properties.functionId.format",
        "servers.0.url",
    ]


def missing(documented: Any, served: Any, where: str = "") -> list[str]:
    if isinstance(documented, dict):
        if not isinstance(served, dict):
            return [where]
        lost = [
            missing(value, served.get(name), f"{where}.{name}")
            for name, value in documented.items()
        ]
    elif isinstance(documented, list):
        if not isinstance(served, list):
            return [where]
        if where.endswith(".parameters"):  # asOf stands behind the documented ones
            served = served[: len(documented)]
        if len(documented) != len(served):
            return [where]
        lost = [missing(value, served[n], f"{where}.{n}") for n, value in enumerate(documented)]
    else:
        return [] if documented == served else [where.removeprefix(".")]
    return sorted(found for each in lost for found in each)


async def answers(client: CentraliClient) -> dict[str, Any]:
    """Send one request of each kind, and return the responses by name."""
    base = {"slug": "all", "name": "All", "description": "Everything"}
    made = await client.create({**base, "trigger": TRIGGERS[-1], "steps": STEPS})
    for number, trigger in enumerate(TRIGGERS[:-1]):
        await client.create({**base, "slug": f"t{number}", "trigger": trigger, "steps": STEPS})
    path = f"/orchestrations/{made['id']}"
    body = {"input": {"a": 1, "b": "x"}, "correlationId": "c1"}
    started = await client.start(made["id"], body)
    waiting = await client.wait_for(made["id"], started["id"], "waiting", query="?include=steps")
    await client.stack.fire(started["id"], "wait")
    run = await client.wait_for(made["id"], started["id"], query="?include=steps")
    hooked = await client.stack.call("POST", f"{client.base}/webhooks/hook", anonymous=True)
    await client.wait_for(made["id"], hooked.body["runId"], "waiting")
    return {
        "created": made,
        "listed": (await client.get("/orchestrations")).body,
        "started": started,
        "waiting": waiting,
        "run": run,
        "hooked": hooked.body,
        "runs": (await client.get(f"{path}/runs")).body,
    }


async def test_every_member_of_every_schema_is_shown_by_some_answer(memory: Stack) -> None:
    client = centrali_client(memory, "centrali-openapi")
    answered = await answers(client)
    path = f"/orchestrations/{answered['created']['id']}"
    decided = await client.post(f"{path}/steps/choose/test-decision", {"testData": {"a": 1}})
    error = await client.post("/orchestrations", {})
    seen: dict[str, set[str]] = defaultdict(set)
    for schema, value in (
        ("PaginatedOrchestrations", answered["listed"]),
        ("PaginatedRuns", answered["runs"]),
        ("OrchestrationRun", answered["started"]),
        ("OrchestrationRun", answered["waiting"]),
        ("OrchestrationRun", answered["run"]),
        ("OrchestrationRunStep", answered["run"]["steps"]),
        ("OrchestrationRunStep", answered["waiting"]["steps"]),
        ("DecisionResult", decided.body),
        ("Error", error.body),
    ):
        note(schema, value, seen)

    requests = {name for name in OPENAPI["components"]["schemas"] if name.endswith("Input")}
    unseen = {
        f"{name}.{member}"
        for name, schema in OPENAPI["components"]["schemas"].items()
        if name not in requests
        for member in schema.get("properties", {})
        if member not in seen[name]
    }
    assert unseen == NEVER_SHOWN


def note(schema: str, value: Any, seen: dict[str, set[str]]) -> None:
    """Note which members of which schemas a value shows, following the document."""
    if isinstance(value, list):
        for each in value:
            note(schema, each, seen)
        return
    properties = OPENAPI["components"]["schemas"][schema].get("properties", {})
    for member, described in properties.items():
        if member not in value:
            continue
        seen[schema].add(member)
        reference = described.get("$ref") or described.get("items", {}).get("$ref")
        if reference and not isinstance(value[member], str):
            note(reference.rpartition("/")[2], value[member], seen)


async def test_the_references_answers_have_the_documented_shapes(memory: Stack) -> None:
    answered = await answers(centrali_client(memory, "centrali-reference"))

    for shape, name in (
        (documents.Orchestration, "created"),
        (documents.Orchestrations, "listed"),
        (documents.RunTriggered, "started"),
        (documents.Run, "waiting"),
        (documents.Run, "run"),
        (documents.Runs, "runs"),
    ):
        TypeAdapter(shape).validate_python(answered[name])
