"""Workflows of the Orchestration System: tasks and their names, changes, foreign steps."""

import asyncio
from typing import Any

import pytest

from baton.command_api.commands import NewDefinition, create_named_definition
from baton.command_api.principal import Principal
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import compute, delay, orchestration
from tests.dialects.orchestration_system_client import (
    OrchestrationClient,
    orchestration_client,
    task,
    tasks_of,
)
from tests.kit.definitions import body
from tests.kit.stack import Response
from tests.scenarios.stack import Stack

STRICT = {"Prefer": "handling=strict"}


@pytest.fixture
def client(idle: Stack) -> OrchestrationClient:
    return orchestration_client(idle)


@pytest.fixture
def centrali(idle: Stack) -> CentraliClient:
    return centrali_client(idle, "centrali-openapi")


def fields(answer: Response) -> dict[str, str]:
    """Return the faults of a refusal by their field."""
    assert (answer.status, answer.body["error"]) == (400, "validation_error"), answer.body
    return {one["field"]: one["message"] for one in answer.body["details"]}


async def test_a_name_is_the_id_where_it_can_be_and_depends_on_takes_both(
    client: OrchestrationClient,
) -> None:
    ident = await client.create(
        task("task-3"),
        task("Load the data", "answer", "task-3"),
        task("Clean up", "answer", "Load the data", config={"deep": {"a": [1]}}),
        task("done", "answer", "task-2", "task-4"),
    )

    shown = await client.workflow(ident)

    assert tasks_of(shown, "name") == {
        "task-3": "task-3",
        "task-2": "Load the data",
        "task-4": "Clean up",
        "done": "done",
    }
    assert tasks_of(shown, "dependsOn") == {
        "task-3": [],
        "task-2": ["task-3"],
        "task-4": ["Load the data"],
        "done": ["Load the data", "Clean up"],
    }
    assert tasks_of(shown, "config")["task-4"] == {"deep": {"a": [1]}}
    assert tasks_of(shown, "config")["done"] == {}
    assert set(tasks_of(shown, "status").values()) == {"pending"}
    assert (shown["status"], shown["description"]) == ("active", "")


@pytest.mark.parametrize(
    ("tasks", "faults"),
    [
        ([], {"tasks": "at least one"}),
        ([task("a"), task("a")], {"tasks[1].name": "'a' is used by another task"}),
        ([task("a", "answer", "b")], {"tasks[0].dependsOn[0]": "names the unknown task 'b'"}),
        ([task("a", "answer", "a")], {"tasks[0].dependsOn[0]": "cannot need itself"}),
        (
            [task("x y"), task("b", "answer", "x y", "task-1")],
            {"tasks[1].dependsOn[1]": "'task-1' is named twice"},
        ),
        (
            [task("a", "answer", "b"), task("b", "answer", "a"), task("c")],
            {"tasks[0].dependsOn": "cycle: a, b"},
        ),
        (
            [task(" "), task("", ""), task("a", "answer", "?")],
            {
                "tasks[0].name": "must not be empty",
                "tasks[1].name": "must not be empty",
                "tasks[2].dependsOn[0]": "names the unknown task '?'",
            },
        ),
        ([task("a", "")], {"tasks[0].type": "1 to 200"}),
        ([task("a\nb", "f")], {"tasks[0].name": ""}),
        ([task("n" * 201)], {"tasks[0].name": "200"}),
        ([{"name": "a"}], {"tasks[0].type": "required"}),
        ([{"type": "answer"}], {"tasks[0].name": "required"}),
        ([task("a", config=[])], {"tasks[0].config": "object"}),
        ([{**task("a"), "dependsOn": "b"}], {"tasks[0].dependsOn": "array"}),
        ([{**task("a"), "dependsOn": [1]}], {"tasks[0].dependsOn[0]": "string"}),
        ([task(f"t{number}") for number in range(1_001)], {"tasks": "at most 1000 tasks"}),
    ],
)
async def test_tasks_that_are_no_graph_are_refused_with_the_place(
    client: OrchestrationClient, tasks: list[Any], faults: dict[str, str]
) -> None:
    found = fields(await client.post("/workflows", {"name": "Orders", "tasks": tasks}))

    assert found.keys() == faults.keys()
    assert [field for field, text in faults.items() if text not in found[field]] == []
    assert (await client.get("/workflows")).body["total"] == 0


async def test_a_thousand_tasks_are_accepted(client: OrchestrationClient) -> None:
    names = [f"task {number}" for number in range(1_000)]
    tasks = [task(name, "answer", *names[:1] * (name != names[0])) for name in names]

    shown = await client.workflow(await client.create(*tasks))

    assert list(tasks_of(shown, "name").values()) == names


async def test_workflows_of_one_name_have_slugs_with_numbers(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    for _ in range(4):
        await client.create(name="Nightly Räport!")

    listed = await centrali.get("/orchestrations?sort=createdAt&order=asc")

    slugs = {one["slug"] for one in listed.body["data"]}
    assert slugs == {"nightly-raport", *(f"nightly-raport-{number}" for number in (2, 3, 4))}


async def test_concurrent_requests_with_one_name_all_succeed(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    await asyncio.gather(*(client.create(name="Same") for _ in range(20)))

    listed = await centrali.get("/orchestrations?pageSize=100")

    assert len({one["slug"] for one in listed.body["data"]}) == 20


async def test_a_repeated_creation_finds_the_first_under_its_slug(idle: Stack) -> None:
    services, ada = idle.services, Principal(subject="ada", tenant="acme")
    taken, new = (
        NewDefinition(definition_id=ident, slug="", body=body(name="Orders"))
        for ident in ("first", "second")
    )
    await create_named_definition(services, ada, taken, at=1)

    made = await create_named_definition(services, ada, new, at=2)
    again = await create_named_definition(services, ada, new, at=3)

    assert (made.state.slug, again.state, again.changed) == ("orders-2", made.state, False)


async def test_a_request_with_a_key_creates_one_workflow(client: OrchestrationClient) -> None:
    body = {"name": "Orders", "tasks": [task("a")]}
    answers = [
        await client.post("/workflows", body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]

    assert answers[0].body == answers[1].body
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert (await client.get("/workflows")).body["total"] == 1


async def test_lists_are_filtered_and_paged(client: OrchestrationClient) -> None:
    idents = [await client.create(name=f"w{number}") for number in range(3)]
    await client.put(f"/workflows/{idents[0]}", {"status": "inactive"})

    async def listed(query: str) -> tuple[list[str], int]:
        body = (await client.get(f"/workflows?{query}")).body
        return [one["id"] for one in body["workflows"]], body["total"]

    assert await listed("status=active") == ([idents[2], idents[1]], 2)
    assert await listed("status=inactive") == ([idents[0]], 1)
    assert await listed("status=draft") == ([], 0)
    assert await listed("limit=1&offset=1") == ([idents[1]], 3)
    assert await listed("offset=9") == ([], 3)
    first = (await client.get("/workflows")).body
    assert (first["limit"], first["offset"]) == (50, 0)


@pytest.mark.parametrize("path", ["/workflows", "/executions", "/schedules"])
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "offset=-1", "limit=1&limit=2", "offset=1.5"]
)
async def test_a_page_out_of_range_is_refused(
    client: OrchestrationClient, path: str, query: str
) -> None:
    name = query.partition("=")[0]

    assert fields(await client.get(f"{path}?{query}")).keys() == {name}


@pytest.mark.parametrize("path", ["/workflows", "/executions"])
async def test_a_status_that_the_dialect_does_not_have_is_refused(
    client: OrchestrationClient, path: str
) -> None:
    assert fields(await client.get(f"{path}?status=paused")).keys() == {"status"}


async def test_an_update_is_partial(client: OrchestrationClient) -> None:
    ident = await client.create(task("a"), task("b", "answer", "a"), description="Old")
    path = f"/workflows/{ident}"
    before = await client.workflow(ident)

    named = (await client.put(path, {"name": "New"})).body
    cleared = (await client.put(path, {"description": None})).body
    paused = (await client.put(path, {"status": "inactive"})).body
    refused = await client.post(f"{path}/execute")
    draft = (await client.put(path, {"status": "draft"})).body
    started = await client.post(f"{path}/execute")

    assert {**named, "updatedAt": ""} == {**before, "name": "New", "updatedAt": ""}
    assert (cleared["name"], cleared["description"]) == ("New", "")
    assert (paused["status"], paused["tasks"]) == ("inactive", before["tasks"])
    assert (refused.status, refused.body["error"]) == (409, "conflict")
    assert refused.body["message"] == "Workflow 'orders' is inactive: it starts no execution"
    assert (draft["status"], started.status) == ("draft", 201)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"tasks": None}, "tasks"),
        ({"tasks": []}, "tasks"),
        ({"status": "paused"}, "status"),
        ({"description": 5}, "description"),
        ({"tasks": [task("a", "answer", "b")]}, "tasks[0].dependsOn[0]"),
    ],
)
async def test_an_update_that_breaks_a_rule_is_refused(
    client: OrchestrationClient, body: dict[str, Any], field: str
) -> None:
    ident = await client.create()

    assert fields(await client.put(f"/workflows/{ident}", body)).keys() == {field}
    assert (await client.workflow(ident))["name"] == "Orders"


async def test_a_workflow_that_is_sent_back_as_shown_is_not_a_new_version(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    ident = await client.create(task("A task"), task("b", "answer", "A task"))
    shown = await client.workflow(ident)

    answer = await client.put(f"/workflows/{ident}", shown, headers=STRICT)

    assert answer.body == shown
    assert (await centrali.get(f"/orchestrations/{ident}")).body["version"] == 1


async def test_members_that_no_document_knows_are_named(client: OrchestrationClient) -> None:
    body = {"name": "Orders", "status": "draft", "tasks": [{**task("a"), "dependOn": ["b"]}]}

    warned = await client.post("/workflows", body)
    strict = await client.post("/workflows", body, headers=STRICT)

    warning = warned.headers["Warning"]
    assert (warned.status, warned.body["status"]) == (201, "active")
    assert 'baton "status is unknown' in warning
    assert "tasks[0].dependOn is unknown; did you mean 'dependsOn'?" in warning
    assert fields(strict).keys() == {"status", "tasks[0].dependOn"}


async def test_a_deleted_workflow_is_not_found_and_its_executions_stay(
    client: OrchestrationClient,
) -> None:
    ident = await client.create()
    execution_id = await client.execute(ident)
    path = f"/workflows/{ident}"

    deleted = await client.delete(path)
    answers = [
        await client.get(path),
        await client.put(path, {"name": "x"}),
        await client.delete(path),
        await client.post(f"{path}/execute"),
        await client.post("/schedules", {"workflowId": ident, "cronExpression": "* * * * *"}),
    ]

    assert deleted.body == {"success": True}
    assert [answer.status for answer in answers] == [404] * 5
    assert {answer.body["message"] for answer in answers} == {"Workflow not found"}
    assert (await client.get(f"/executions/{execution_id}")).body["status"] == "pending"
    assert await client.create() != ident


# --- steps of other dialects ---

DECIDING = orchestration(
    "deciding",
    compute("first", "answer", nextStepId="choose"),
    {
        "id": "choose",
        "name": "Choose one",
        "type": "decision",
        "cases": [
            {
                "conditions": [{"path": "input.again", "op": "eq", "value": True}],
                "nextStepId": "first",
            }
        ],
        "defaultNextStepId": "wait",
    },
    {**delay("wait", 500), "nextStepId": "end"},
    compute("end", "answer", config={"x": 1}),
    trigger={"type": "event-driven", "eventType": "record.created"},
)


async def test_decisions_delays_and_loops_are_tasks_after_their_predecessors(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    ident = (await centrali.create(DECIDING))["id"]

    shown = await client.workflow(ident)

    assert tasks_of(shown, "type") == {
        "first": "answer",
        "choose": "decision",
        "wait": "delay",
        "end": "answer",
    }
    assert tasks_of(shown, "dependsOn") == {
        "first": ["Choose one"],
        "choose": ["first"],
        "wait": ["Choose one"],
        "end": ["wait"],
    }
    assert tasks_of(shown, "config") == {
        "first": {},
        "choose": {},
        "wait": {"delayMs": 500},
        "end": {"x": 1},
    }


async def test_tasks_do_not_replace_steps_that_they_cannot_express(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    made = await centrali.create(DECIDING)
    path = f"/workflows/{made['id']}"
    shown = await client.workflow(made["id"])

    refused = await client.put(path, {"tasks": [task("only")]})
    renamed = await client.put(path, {**shown, "name": "Renamed"})

    assert (refused.status, refused.body["error"]) == (409, "conflict")
    assert (renamed.status, renamed.body["name"]) == (200, "Renamed")
    after = (await centrali.get(f"/orchestrations/{made['id']}")).body
    assert (after["steps"], after["trigger"]) == (made["steps"], made["trigger"])


async def test_a_line_of_steps_can_be_replaced_and_keeps_its_settings(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    line = orchestration(
        "line",
        compute("a", "answer", retry={"maxAttempts": 3, "backoffMs": 5}, nextStepId="c"),
        compute("b", "answer", timeoutMs=77),
        compute("c", "answer", name="The c", onSuccess={"nextStepId": "b"}),
    )
    made = await centrali.create(line)
    shown = await client.workflow(made["id"])
    tasks = [*shown["tasks"], task("d", "answer", "The c", "b")]

    answer = await client.put(f"/workflows/{made['id']}", {"tasks": tasks})

    assert tasks_of(answer.body, "dependsOn") == {
        "a": [],
        "b": ["The c"],
        "c": ["a"],
        "d": ["The c", "b"],
    }
    steps = (await centrali.get(f"/orchestrations/{made['id']}")).body["steps"]
    assert [step["id"] for step in steps] == ["a", "b", "c", "d"]
    assert steps[0]["retry"] == {"maxAttempts": 3, "backoffMs": 5}
    assert steps[1]["timeoutMs"] == 77


@pytest.mark.parametrize(
    "steps",
    [
        [compute("a", "answer", nextStepId="a")],
        [compute("a", "answer"), compute("never", "answer")],
        [compute("a", "answer", nextStepId="b"), delay("b")],
    ],
)
async def test_a_loop_an_unreachable_step_and_a_delay_cannot_be_replaced(
    client: OrchestrationClient, centrali: CentraliClient, steps: list[dict[str, Any]]
) -> None:
    made = await centrali.create(orchestration("odd", *steps))

    answer = await client.put(f"/workflows/{made['id']}", {"tasks": [task("only")]})

    assert answer.status == 409


async def test_steps_of_one_name_are_shown_by_their_ids(
    client: OrchestrationClient, centrali: CentraliClient
) -> None:
    same = orchestration(
        "same",
        compute("a", "answer", name="Same", nextStepId="b"),
        compute("b", "answer", name="Same", nextStepId="c"),
        compute("c", "answer", name="a"),
    )
    ident = (await centrali.create(same))["id"]

    shown = await client.workflow(ident)

    assert list(tasks_of(shown, "name").values()) == ["a", "b", "c"]
    assert (await client.put(f"/workflows/{ident}", shown)).status == 200
