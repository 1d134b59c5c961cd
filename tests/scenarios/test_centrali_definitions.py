"""Orchestrations in both Centrali dialects: create, get, list, update, delete."""

import pytest

from baton.command_api.commands import NewDefinition, create_definition
from baton.command_api.principal import Principal
from baton.domain.definition.graph import Compute, Graph, Retry, Sync
from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import ManualTrigger, WebhookTrigger
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_requests import named_fields
from tests.kit.clock import next_millisecond
from tests.scenarios.stack import Stack

DIALECTS = pytest.mark.parametrize("dialect", ["centrali-openapi", "centrali-reference"])
ONLY = {"id": "only", "type": "compute", "functionId": "func_abc123"}


def named(slug: str, **changed: object) -> dict[str, object]:
    return {
        "slug": slug,
        "name": slug.title(),
        "trigger": {"type": "on-demand"},
        "steps": [ONLY],
        **changed,
    }


@pytest.mark.operations("centrali-openapi", "createOrchestration", "getOrchestration")
async def test_a_whole_orchestration_is_shown_as_it_was_written(openapi: CentraliClient) -> None:
    steps = [
        {
            "id": "first",
            "name": "First",
            "type": "compute",
            "functionId": "5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10",
            "timeoutMs": 1_000,
            "retry": {"maxAttempts": 3, "backoffMs": 10},
            "onSuccess": {"nextStepId": "choose"},
            "onFailure": {"action": "end"},
            "nextStepId": "wait",
        },
        {
            "id": "choose",
            "name": "Choose",
            "type": "decision",
            "cases": [
                {
                    "conditions": [
                        {"path": "input.a", "op": "eq", "value": None},
                        {"path": "input.b", "op": "gt", "valuePath": "context.limit"},
                        {"path": "input.c", "op": "notExists"},
                        {"path": "input.d", "op": "notIn", "value": [1, "x", None]},
                    ],
                    "nextStepId": "first",
                }
            ],
            "defaultNextStepId": "wait",
        },
        {"id": "wait", "name": "Wait", "type": "delay", "delayMs": 5},
    ]
    written = named("whole", description="All there is", status="draft", steps=steps)

    shown = await openapi.create(written)

    assert {name: shown[name] for name in written} == written
    assert set(shown) - set(written) == {
        "id",
        "workspaceSlug",
        "version",
        "createdAt",
        "createdBy",
        "updatedAt",
        "updatedBy",
    }
    assert (shown["workspaceSlug"], shown["version"]) == (openapi.stack.tenant, 1)
    assert shown["createdBy"] == shown["updatedBy"] == "ada"


async def test_a_new_orchestration_is_active(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    assert (await openapi.create(named("one")))["status"] == "active"
    assert (await reference.create(named("two")))["isActive"] is True
    assert (await reference.create(named("three", isActive=False)))["isActive"] is False


async def test_members_without_a_value_are_left_out(openapi: CentraliClient) -> None:
    shown = await openapi.create(named("bare", description=None))

    assert "description" not in shown
    assert shown["steps"] == [ONLY]
    assert shown["trigger"] == {"type": "on-demand"}


async def test_both_dialects_show_the_same(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    mine = await openapi.create(named("mine"))
    theirs = await reference.create(named("theirs"))

    seen = (await reference.get(f"/orchestrations/{mine['id']}")).body
    shown_to_other = (await openapi.get(f"/orchestrations/{theirs['id']}")).body

    both = ("id", "slug", "name", "version", "trigger", "steps", "createdAt", "updatedBy")
    assert {name: seen[name] for name in both} == {name: mine[name] for name in both}
    assert {name: shown_to_other[name] for name in both} == {name: theirs[name] for name in both}


@pytest.mark.parametrize(
    ("written", "shown"), [(60_000, 60), (1_500, 2), (1_000, 1), (3_600_001, 3_601)]
)
async def test_intervals_are_seconds_in_one_dialect_and_ms_in_the_other(
    openapi: CentraliClient, reference: CentraliClient, written: int, shown: int
) -> None:
    trigger = {"type": "scheduled", "scheduleType": "interval", "interval": written}
    made = await reference.create(named("ticks", trigger=trigger))

    seen = await openapi.get(f"/orchestrations/{made['id']}")

    assert seen.body["trigger"]["interval"] == shown
    assert made["trigger"] == {**trigger, "timezone": "UTC"}


async def test_an_interval_in_seconds_is_kept_in_ms(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    trigger = {"type": "scheduled", "scheduleType": "interval", "interval": 90}
    made = await openapi.create(named("ticks", trigger=trigger))

    seen = await reference.get(f"/orchestrations/{made['id']}")

    assert (made["trigger"]["interval"], seen.body["trigger"]["interval"]) == (90, 90_000)


async def test_a_time_without_offset_is_on_the_triggers_clock(openapi: CentraliClient) -> None:
    trigger = {
        "type": "scheduled",
        "scheduleType": "once",
        "scheduledAt": "2031-07-01T09:00:00",
        "timezone": "America/New_York",
    }

    shown = await openapi.create(named("once", trigger=trigger))

    assert shown["trigger"] == {**trigger, "scheduledAt": "2031-07-01T13:00:00.000Z"}


async def test_an_event_type_may_have_an_underscore(openapi: CentraliClient) -> None:
    trigger = {"type": "event-driven", "eventType": "record_created"}

    shown = await openapi.create(named("orders", trigger=trigger))

    assert shown["trigger"]["eventType"] == "record.created"


@pytest.mark.operations("centrali-openapi", "updateOrchestration")
async def test_an_update_is_partial(openapi: CentraliClient) -> None:
    made = await openapi.create(named("orders", description="before"))

    changed = await openapi.put(f"/orchestrations/{made['id']}", {"name": "After"})

    assert changed.status == 200
    assert {**changed.body, "updatedAt": ""} == {
        **made,
        "name": "After",
        "version": 2,
        "updatedAt": "",
    }


async def test_null_clears_a_description(openapi: CentraliClient) -> None:
    made = await openapi.create(named("orders", description="before"))

    changed = await openapi.put(f"/orchestrations/{made['id']}", {"description": None})

    assert "description" not in changed.body


@pytest.mark.parametrize("member", ["name", "status", "trigger", "steps"])
async def test_null_clears_nothing_else(openapi: CentraliClient, member: str) -> None:
    made = await openapi.create(named("orders"))

    answer = await openapi.put(f"/orchestrations/{made['id']}", {member: None})

    assert (answer.status, answer.body["field"]) == (400, member)


async def test_a_document_that_was_read_can_be_sent_back(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    made = await openapi.create(named("orders", status="draft"))
    path = f"/orchestrations/{made['id']}"
    shown_to_other = (await reference.get(path)).body

    mine = await openapi.put(path, made)
    theirs = await reference.put(path, shown_to_other)

    assert (mine.status, mine.body) == (200, made)
    assert (theirs.status, theirs.body) == (200, shown_to_other)


async def test_read_only_members_are_ignored(openapi: CentraliClient) -> None:
    forged = {
        "id": "mine",
        "workspaceSlug": "globex",
        "version": 9,
        "createdBy": "eve",
        "createdAt": "2001-01-01T00:00:00Z",
        "updatedBy": "eve",
        "tenantId": "globex",
        "slug": "orders",
    }
    made = await openapi.create({**forged, **named("orders")})

    changed = await openapi.put(f"/orchestrations/{made['id']}", {**forged, "name": "New"})

    for shown in (made, changed.body):
        kept = {name: shown[name] for name in ("workspaceSlug", "createdBy", "updatedBy", "slug")}
        assert kept == {
            "workspaceSlug": openapi.stack.tenant,
            "createdBy": "ada",
            "updatedBy": "ada",
            "slug": "orders",
        }
        assert shown["createdAt"] == made["createdAt"] > "2020"
        assert "tenantId" not in shown
    assert (made["version"], changed.body["version"]) == (1, 2)
    assert made["id"] != "claimed"


async def test_a_paused_definition_can_be_activated_again(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    made = await openapi.create(named("orders"))
    path = f"/orchestrations/{made['id']}"

    assert (await reference.put(path, {"isActive": False})).body["isActive"] is False
    assert (await openapi.get(path)).body["status"] == "paused"
    assert (await openapi.put(path, {"status": "draft"})).body["status"] == "draft"
    assert (await reference.put(path, {"isActive": False})).body["version"] == 3
    assert (await openapi.get(path)).body["status"] == "draft"
    assert (await reference.put(path, {"isActive": True})).body["isActive"] is True
    assert (await openapi.get(path)).body["status"] == "active"


async def test_an_interval_survives_a_dialect_that_cannot_express_it(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    trigger = {"type": "scheduled", "scheduleType": "interval", "interval": 1_500}
    made = await reference.create(named("ticks", trigger=trigger))
    path = f"/orchestrations/{made['id']}"
    read = (await openapi.get(path)).body

    await openapi.put(path, {**read, "name": "Other"})

    assert (await reference.get(path)).body["trigger"]["interval"] == 1_500


async def test_a_slug_is_taken_once_and_free_again_after_deletion(openapi: CentraliClient) -> None:
    made = await openapi.create(named("orders"))

    taken = await openapi.post("/orchestrations", named("orders"))
    await openapi.delete(f"/orchestrations/{made['id']}")
    free = await openapi.post("/orchestrations", named("orders"))

    message = "Orchestration with slug 'orders' already exists"
    assert (taken.status, taken.body) == (409, {"error": "conflict", "message": message})
    assert free.status == 201


@pytest.mark.operations("centrali-openapi", "deleteOrchestration")
async def test_a_deleted_orchestration_is_not_found(openapi: CentraliClient) -> None:
    made = await openapi.create(named("orders"))
    path = f"/orchestrations/{made['id']}"
    await openapi.delete(path)

    answers = [
        await openapi.get(path),
        await openapi.put(path, {"name": "New"}),
        await openapi.delete(path),
        await openapi.post(f"{path}/runs"),
        await openapi.post(f"{path}/steps/only/test-decision", {"testData": {}}),
    ]

    assert {answer.status for answer in answers} == {404}
    assert {answer.body["message"] for answer in answers} == {"Orchestration not found"}
    assert (await openapi.get("/orchestrations")).body["meta"]["total"] == 0


@pytest.mark.operations("centrali-openapi", "listOrchestrations")
async def test_lists_are_paged_and_sorted(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    for slug, status in (("b", "active"), ("c", "draft"), ("a", "paused")):
        await openapi.create(named(slug, status=status))
        await next_millisecond()
    made = (await openapi.get("/orchestrations")).body["data"]
    await openapi.put(f"/orchestrations/{made[2]['id']}", {"description": "newest change"})

    async def slugs(client: CentraliClient, query: str) -> str:
        answer = await client.get(f"/orchestrations?{query}")
        assert answer.status == 200
        return "".join(one["slug"] for one in answer.body["data"])

    assert await slugs(openapi, "") == "acb"
    assert await slugs(openapi, "order=asc") == "bca"
    assert await slugs(openapi, "sort=slug&order=asc") == "abc"
    assert await slugs(openapi, "sort=name") == "cba"
    assert await slugs(openapi, "sort=updatedAt") == "bac"
    assert await slugs(openapi, "sort=status&order=asc") == "bca"
    assert await slugs(reference, "sort=name&order=asc&pageSize=2") == "ab"
    assert await slugs(reference, "sort=name&order=asc&pageSize=2&page=2") == "c"
    assert await slugs(openapi, "page=9") == ""
    assert (await openapi.get("/orchestrations?pageSize=1&page=3")).body["meta"] == {
        "total": 3,
        "page": 3,
        "pageSize": 1,
    }


TESTED = {
    "id": "choose",
    "type": "decision",
    "cases": [
        {"conditions": [{"path": "input.n", "op": "gt", "value": 1}], "nextStepId": "only"},
        {
            "conditions": [{"path": "steps.only.output", "op": "exists"}],
            "nextStepId": "choose",
        },
    ],
}


@pytest.mark.parametrize(
    ("data", "selected"),
    [
        ({"input": {"n": 2}}, "only"),
        ({"n": 2}, "only"),
        ({"steps": {"only": {"output": 0}}}, "choose"),
        ({"input": {"n": "2"}}, None),
        ({}, None),
    ],
)
@pytest.mark.operations("centrali-openapi", "testDecision")
async def test_a_decision_is_tested_without_a_run(
    openapi: CentraliClient, data: dict, selected: str | None
) -> None:
    made = await openapi.create(named("orders", steps=[ONLY, TESTED]))

    answer = await openapi.post(
        f"/orchestrations/{made['id']}/steps/choose/test-decision", {"testData": data}
    )

    assert answer.status == 200
    assert answer.body.get("selectedNextStepId") == selected
    assert (await openapi.get(f"/orchestrations/{made['id']}/runs")).body["meta"]["total"] == 0


async def test_comparing_values_of_different_types_is_an_error(openapi: CentraliClient) -> None:
    made = await openapi.create(named("orders", steps=[ONLY, TESTED]))

    answer = await openapi.post(
        f"/orchestrations/{made['id']}/steps/choose/test-decision",
        {"testData": {"input": {"n": "2"}}},
    )

    looked_at = answer.body["evaluations"][0]["conditions"][0]
    assert looked_at.pop("error")
    assert looked_at == {
        "path": "input.n",
        "operator": "gt",
        "expectedValue": 1,
        "actualValue": "2",
        "pathExists": True,
        "matched": False,
    }


async def test_only_decisions_can_be_tested(openapi: CentraliClient) -> None:
    made = await openapi.create(named("orders", steps=[ONLY, TESTED]))
    path = f"/orchestrations/{made['id']}/steps"

    compute = await openapi.post(f"{path}/only/test-decision", {"testData": {}})
    absent = await openapi.post(f"{path}/nowhere/test-decision", {"testData": {}})
    empty = await openapi.post(f"{path}/choose/test-decision", {})

    assert (compute.status, compute.body["error"]) == (400, "validation_error")
    assert (absent.status, absent.body["message"]) == (404, "Step 'nowhere' not found")
    assert (empty.status, empty.body["field"]) == (400, "testData")


async def dag(stack: Stack) -> str:
    """Create a definition that Centrali can't express: steps joined by needs, and more members."""
    a = Compute(id="a", function="answer", config={"x": 1}, description="first")
    b = Compute(id="b", function="answer", needs=("a",), retry=Retry(max_attempts=2, multiplier=3))
    c = Compute(id="c", function="answer", needs=("a",))
    d = Sync(id="d", needs=("b", "c"))
    return await defined(stack, Graph(steps=(a, b, c, d), flow="needs"))


async def defined(stack: Stack, graph: Graph) -> str:
    body = Body(name="Dag", trigger=ManualTrigger(), graph=graph)
    new = NewDefinition(definition_id="dag00000000000000000", slug="dag", body=body)
    ada = Principal(subject="ada", tenant=stack.tenant)
    outcome = await create_definition(stack.services, ada, new, at=1_700_000_000_000)
    assert await stack.services.reached(outcome.position, 5_000)
    return new.definition_id


async def test_a_graph_of_another_dialect_reads_as_steps(openapi: CentraliClient) -> None:
    ident = await dag(openapi.stack)

    shown = (await openapi.get(f"/orchestrations/{ident}")).body["steps"]
    run = await openapi.run_to_end(ident, query="?include=steps")

    assert [(one["id"], one["type"], one.get("nextStepId")) for one in shown] == [
        ("a", "compute", None),
        ("b", "compute", "d"),
        ("c", "compute", "d"),
        ("d", "delay", None),
    ]
    assert run["stepOutputs"] == {"a": 42, "b": 42, "c": 42}
    assert run["steps"][0]["input"]["config"] == {"x": 1}
    assert run["steps"][-1]["stepType"] == "delay"


async def test_sending_a_graph_back_changes_nothing(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    ident = await dag(openapi.stack)
    for client in (openapi, reference):
        read = (await client.get(f"/orchestrations/{ident}")).body
        assert (await client.put(f"/orchestrations/{ident}", read)).body == read

    found = await openapi.stack.services.definitions.get(openapi.stack.tenant, ident)

    assert found is not None
    assert (found.version, found.body.graph.flow) == (1, "needs")


async def test_other_steps_for_a_graph_that_centrali_cannot_express_are_refused(
    openapi: CentraliClient, reference: CentraliClient
) -> None:
    ident = await dag(openapi.stack)
    steps = [{"id": "a", "type": "compute", "functionId": "answer"}]

    for client in (openapi, reference):
        answer = await client.put(f"/orchestrations/{ident}", {"steps": steps})
        assert (answer.status, answer.body["error"]) == (409, "conflict")
        renamed = await client.put(f"/orchestrations/{ident}", {"name": "Renamed"})
        assert renamed.status == 200

    found = await openapi.stack.services.definitions.get(openapi.stack.tenant, ident)
    assert found is not None
    assert (found.body.name, len(found.body.graph.steps)) == ("Renamed", 4)


async def test_a_changed_step_keeps_members_that_centrali_cannot_express(
    openapi: CentraliClient,
) -> None:
    a = Compute(id="a", function="answer", description="first", next="b")
    b = Compute(id="b", function="answer", retry=Retry(max_attempts=2, multiplier=3))
    ident = await defined(openapi.stack, Graph(steps=(a, b)))
    steps = [
        {"id": "a", "type": "compute", "functionId": "answer", "nextStepId": "b"},
        {"id": "b", "type": "compute", "functionId": "answer", "retry": {"maxAttempts": 4}},
    ]

    await openapi.put(f"/orchestrations/{ident}", {"steps": steps})

    found = await openapi.stack.services.definitions.get(openapi.stack.tenant, ident)
    assert found is not None
    first, second = found.body.graph.steps
    assert first.description == "first"
    assert isinstance(second, Compute)
    assert second.retry == Retry(max_attempts=4, multiplier=3)


@DIALECTS
async def test_a_step_gets_its_config_which_is_shown_back(stack: Stack, dialect: str) -> None:
    client = centrali_client(stack, dialect)
    config = {"url": "https://shop.example", "n": [1, None, {"deep": True}]}
    step = {"id": "a", "type": "compute", "functionId": "what-i-got", "config": config}

    made = await client.create(named("configured", steps=[step]))
    run = await client.run_to_end(made["id"])

    assert made["steps"] == [step]
    assert run["stepOutputs"]["a"]["config"] == config
    changed = await client.put(f"/orchestrations/{made['id']}", {"steps": [{**step, "config": {}}]})
    assert changed.body["steps"][0]["config"] == {}
    without = {name: value for name, value in step.items() if name != "config"}
    changed = await client.put(f"/orchestrations/{made['id']}", {"steps": [without]})
    assert changed.body["steps"] == [without]
    refused = await client.put(f"/orchestrations/{made['id']}", {"steps": [{**step, "config": 1}]})
    assert refused.status == 400


@DIALECTS
async def test_an_update_with_another_slug_is_refused(stack: Stack, dialect: str) -> None:
    client = centrali_client(stack, dialect)
    made = await client.create(named("first"))
    path = f"/orchestrations/{made['id']}"

    other = await client.put(path, {"slug": "second", "name": "New"})
    same = await client.put(path, {"slug": "first", "name": "New"})

    assert (other.status, named_fields(other.body)) == (400, ["slug"])
    assert (same.status, same.body["name"], same.body["slug"]) == (200, "New", "first")


@DIALECTS
@pytest.mark.parametrize(
    ("condition", "member"),
    [
        ({"path": "Input.v", "op": "exists"}, "path"),
        ({"path": "foo.bar", "op": "exists"}, "path"),
        ({"path": "steps.nowhere.output", "op": "exists"}, "path"),
        ({"path": "input.a", "op": "eq", "valuePath": "foo.bar"}, "valuePath"),
        ({"path": "input.a", "op": "eq", "value": 1, "valuePath": "input.b"}, "value"),
        ({"path": "input.a", "op": "eq", "value": None, "valuePath": "input.b"}, "value"),
    ],
)
async def test_a_condition_that_can_never_hold_is_refused(
    stack: Stack, dialect: str, condition: dict[str, object], member: str
) -> None:
    client = centrali_client(stack, dialect)
    case = {"conditions": [condition], "nextStepId": "choose"}
    step = {"id": "choose", "type": "decision", "cases": [case]}

    answer = await client.post("/orchestrations", named("refused", steps=[step]))

    assert answer.status == 400
    assert named_fields(answer.body) == [f"steps[0].cases[0].conditions[0].{member}"]


async def test_a_webhook_without_a_path_shows_none(openapi: CentraliClient) -> None:
    made = await openapi.create(named("hook", trigger={"type": "http-trigger"}))

    found = await openapi.stack.services.definitions.get(openapi.stack.tenant, made["id"])

    assert made["trigger"] == {"type": "http-trigger", "validateSignature": False}
    assert found is not None
    assert isinstance(found.body.trigger, WebhookTrigger)
