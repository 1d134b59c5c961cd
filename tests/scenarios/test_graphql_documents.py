"""GraphQL over HTTP: the schema's file, limits, hostile documents, errors, lists, and reads."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLError, build_schema, get_introspection_query, parse, validate
from strawberry.types import ExecutionResult

import baton.command_api.dialects.workflow_orchestration.graphql as package
from baton.command_api.dialects.workflow_orchestration.graphql.execute import shown_result
from baton.command_api.dialects.workflow_orchestration.graphql.schema import SCHEMA
from tests.kit.stack import Response
from tests.scenarios.graphql_seed import EXAMPLES
from tests.scenarios.stack import Stack, idle_stack

FILE = Path(package.__file__).parent / "schema.graphql"
WORKFLOW = {"name": "Orders", "tasks": [{"name": "one"}, {"name": "two", "dependencies": ["one"]}]}
CREATE = (
    "mutation($given: CreateWorkflowDefinitionInput!)"
    " { made: createWorkflowDefinition(input: $given) { id } }"
)
START = (
    "mutation($given: StartWorkflowExecutionInput!)"
    " { made: startWorkflowExecution(input: $given) { id } }"
)
_numbers = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with idle_stack(tmp_path_factory.mktemp("graphql")) as running:
        yield running


@pytest.fixture
def server(one_server: Stack) -> Stack:
    return replace(one_server, tenant=f"acme-{next(_numbers)}")


async def send(server: Stack, query: object, **more: Any) -> Response:
    """Execute an operation with the variables `more`."""
    headers = more.pop("headers", None)
    return await server.post("/graphql", {"query": query, "variables": more}, headers=headers)


async def made(server: Stack, query: str, given: object) -> str:
    answer = await send(server, query, given=given)
    assert "errors" not in answer.body, answer.body
    return str(answer.body["data"]["made"]["id"])


def codes(answer: Response) -> list[str]:
    return [error["extensions"]["code"] for error in answer.body["errors"]]


def test_errors_are_in_document_order_whichever_field_fails_first() -> None:
    document: Any = parse("{ first second { third } }")
    first, second = document.definitions[0].selection_set.selections
    third = second.selection_set.selections[0]
    paths: list[list[str | int]] = [["first"], ["second", 2, "third"], ["second", 10, "third"]]
    nodes = first, third, third
    errors = [GraphQLError("-", node, path=path) for node, path in zip(nodes, paths, strict=True)]
    errors.append(GraphQLError("without a place"))

    shown: Any = shown_result(ExecutionResult(data=None, errors=[*reversed(errors)]))["errors"]

    assert [error.get("path") for error in shown] == [None, *paths]


def test_the_schema_is_the_one_in_its_file() -> None:
    """`python -m tests.scenarios.test_graphql_documents` writes the file."""
    assert FILE.read_text(encoding="utf-8") == SCHEMA.as_str() + "\n"


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_operation_of_the_document_fits_the_schema(name: str) -> None:
    assert validate(build_schema(SCHEMA.as_str()), parse(EXAMPLES[name].query)) == []


def nested(levels: int, name: str = "workflowDefinition(id: 1)") -> str:
    return f"{{ {name} {'{ tasks ' * levels}{{ id }}{'}' * levels} }}"


DEEP_TYPE = "type { " + "ofType { " * 14 + "name" + " }" * 15
FLOOD = " ".join(f"a{n}: workflowDefinition(id: 1) {{ id }}" for n in range(51))


def start_with(context: str) -> str:
    """Return a mutation with an initial context in the document itself."""
    given = f'{{workflowDefinitionId: "1", initialContext: {context}}}'
    return f"mutation {{ startWorkflowExecution(input: {given}) {{ id }} }}"


DOUBLING = "query { ...F0 } " + " ".join(
    f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)
)
OVER_A_LIMIT = {
    "depth": nested(12),
    "depth by fragments": "query { workflowDefinition(id: 1) { ...A } } "
    + " ".join(
        f"fragment {one} on WorkflowDefinition {{ tasks {{ ...{two} }} }}"
        for one, two in zip("ABCDEFGHIJKLM", "BCDEFGHIJKLMN", strict=True)
    )
    + " fragment N on WorkflowDefinition { id }",
    "far too deep": nested(400),
    "aliases": f"{{ {FLOOD} }}",
    "10,000 aliases": "{" + " ".join(f"a{n}: __typename" for n in range(10_000)) + "}",
    "aliases by fragments": "query { "
    + " ".join(f"...A{n}" for n in range(1))
    + " } fragment A0 on Query { x: __typename "
    + "...B " * 50
    + "} fragment B on Query { y: __typename }",
    "doubling fragments": DOUBLING + " fragment F40 on Query { a: __typename }",
    "tokens": "{ " + "__typename " * 1_000 + "}",
    "comments": "#\n" * 2_000 + "{ __typename }",
    "characters": '{ workflowDefinition(id: "' + "x" * 70_000 + '") { id } }',
    "complexity": "{ workflowExecutions(first: 500) { edges { node { taskExecutions { id status } "
    "context { data version } } } } }",
    "equal fields": "{ " + "__typename " * 990 + "}",
    "introspection depth": "{ __schema { types { fields { " + DEEP_TYPE + " } } } }",
    "introspection cost": "{ __schema { types { fields { type { fields { type { fields { type "
    "{ fields { type { name } } } } } } } } } } }",
}


@pytest.mark.parametrize("name", sorted(OVER_A_LIMIT))
async def test_an_operation_over_a_limit_is_refused(server: Stack, name: str) -> None:
    answer = await send(server, OVER_A_LIMIT[name])

    assert (answer.status, codes(answer)) == (400, ["LIMIT_EXCEEDED"])
    assert "data" not in answer.body


async def test_a_page_counts_by_the_size_that_its_variable_has(server: Stack) -> None:
    fields = "edges { node { taskExecutions { id status } } }"
    query = f"query($first: Int = 500) {{ workflowExecutions(first: $first) {{ {fields} }} }}"

    assert codes(await send(server, query)) == ["LIMIT_EXCEEDED"]
    assert "errors" not in (await send(server, query, first=50)).body


UNREADABLE = ["", "{", "{ a", "query { a { } }", "}", "\u201cquery\u201d", "{ a(b: ) }", "mutation"]


@pytest.mark.parametrize("query", UNREADABLE)
async def test_a_document_that_cannot_be_parsed_is_400(server: Stack, query: str) -> None:
    answer = await send(server, query)

    assert (answer.status, codes(answer)) == (400, ["validation_error"])


INVALID: dict[str, tuple[Any, dict[str, Any]]] = {
    "an unknown field": ("{ nothing }", {}),
    "no operation": ("fragment A on Query { __typename }", {}),
    "a fragment of itself": ("{ ...A } fragment A on Query { ...A }", {}),
    "fragments in a circle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        {},
    ),
    "two operations of one name": ("query A { __typename } query A { __typename }", {}),
    "two operations and no choice": ("query A { __typename } query B { __typename }", {}),
    "fields that differ": (
        '{ workflowDefinition(id: "1") { id } workflowDefinition(id: "2") { id } }',
        {},
    ),
    "a missing variable": (EXAMPLES["GetWorkflowDefinition"].query, {}),
    "a variable of another type": (EXAMPLES["GetWorkflowDefinition"].query, {"id": {"a": 1}}),
    "an unknown member of an input": (CREATE, {"given": {**WORKFLOW, "nothing": 1}}),
    "a text for a number": (
        "query($n: Int!) { workflowDefinitions(first: $n) { totalCount } }",
        {"n": "5"},
    ),
    "a number past 32 bits": ("{ workflowDefinitions(first: 9999999999) { totalCount } }", {}),
    "a NUL": ('{ workflowDefinition(id: "\\u0000") { id } }', {}),
    "another NUL": ('{ workflowDefinition(id: "\\u{000}") { id } }', {}),
    "half a character": ('{ workflowDefinition(id: "\\ud800") { id } }', {}),
    "a page of none": ("{ workflowDefinitions(first: 0) { totalCount } }", {}),
    "a page too large": ("{ workflowDefinitions(first: 501) { totalCount } }", {}),
    "no cursor": ('{ workflowDefinitions(after: "x") { totalCount } }', {}),
    "a cursor of something else": ('{ workflowDefinitions(after: "WzEsMl0") { totalCount } }', {}),
    "an infinite number": (start_with("{a: 1e999}"), {}),
    "a number past 64 bits": (start_with(f"{{a: {10**30}}}"), {}),
    "a NUL in a context": (start_with('"{}\\u0000"'), {}),
    "a context that is no object": (
        START,
        {"given": {"workflowDefinitionId": "1", "initialContext": "[1]"}},
    ),
    "a subscription over HTTP": (
        EXAMPLES["TaskExecutionUpdates"].query,
        {"workflowExecutionId": "1"},
    ),
}


@pytest.mark.parametrize("name", sorted(INVALID))
async def test_an_operation_that_is_wrong_has_errors(server: Stack, name: str) -> None:
    query, variables = INVALID[name]

    answer = await send(server, query, **variables)

    assert answer.status in (200, 400), answer.raw
    assert set(codes(answer)) == {"validation_error"}, answer.body
    assert not any((answer.body.get("data") or {}).values())
    assert b"Traceback" not in answer.raw


async def test_a_batch_is_refused(server: Stack) -> None:
    answer = await server.post("/graphql", [{"query": "{ __typename }"}] * 2)

    assert (answer.status, codes(answer)) == (400, ["validation_error"])


async def test_introspection_needs_a_token_and_nothing_else(server: Stack) -> None:
    query = get_introspection_query()

    assert (await server.post("/graphql", {"query": query}, anonymous=True)).status == 401
    answer = await send(server, query)
    assert answer.body["data"]["__schema"]["queryType"]["name"] == "Query"
    assert "errors" not in answer.body


async def test_a_request_without_a_valid_token_is_401(server: Stack) -> None:
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": "Basic eDp5"}):
        answer = await server.post(
            "/graphql", {"query": "{ __typename }"}, headers=headers, anonymous=True
        )
        assert (answer.status, codes(answer)) == (401, ["unauthorized"])
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_another_tenants_things_are_not_found(server: Stack) -> None:
    ident = await made(server, CREATE, WORKFLOW)
    run_id = await made(server, START, {"workflowDefinitionId": ident})
    stranger = replace(server, tenant="globex")
    fields = {
        f'workflowDefinition(id: "{ident}") {{ id }}': "query",
        f'workflowExecution(id: "{run_id}") {{ id }}': "query",
        f'progressReport(workflowExecutionId: "{run_id}") {{ id }}': "query",
        f'deleteWorkflowDefinition(id: "{ident}")': "mutation",
        f'updateWorkflowDefinition(id: "{ident}", input: {{name: "x"}}) {{ id }}': "mutation",
        f'cancelWorkflowExecution(id: "{run_id}") {{ id }}': "mutation",
        f'retryTaskExecution(id: "{run_id}.one") {{ id }}': "mutation",
        f'startWorkflowExecution(input: {{workflowDefinitionId: "{ident}"}}) {{ id }}': "mutation",
    }
    before = await server.stored()
    for field, kind in fields.items():
        answer = await send(stranger, f"{kind} {{ {field} }}")
        assert codes(answer) == ["not_found"], field
        assert list(answer.body["data"].values()) == [None]
    listed = await send(stranger, "{ workflowDefinitions { totalCount edges { node { id } } } }")
    assert listed.body["data"]["workflowDefinitions"] == {"totalCount": 0, "edges": []}
    assert await server.stored() == before


async def test_a_reader_changes_nothing(server: Stack) -> None:
    reader = server.client("workflow-orchestration-graphql", scope="orchestrator:read")
    before = await server.stored()

    answer = await reader.post("", {"query": CREATE, "variables": {"given": WORKFLOW}})

    assert (answer.status, codes(answer)) == (200, ["forbidden"])
    assert await server.stored() == before


async def test_a_refused_input_names_every_fault(server: Stack) -> None:
    tasks = [{"name": "one", "dependencies": ["nope"]}, {"name": " "}]

    answer = await send(server, CREATE, given={"name": "Orders", "tasks": tasks})

    (error,) = answer.body["errors"]
    assert error["path"] == ["made"]
    fields = [one["field"] for one in error["extensions"]["details"]]
    assert fields == ["tasks[0].dependencies[0]", "tasks[1].name"]


async def test_a_refused_field_leaves_the_others_their_data(server: Stack) -> None:
    ident = await made(server, CREATE, WORKFLOW)
    query = (
        "query($id: ID!) { a: workflowDefinition(id: $id) { name }"
        ' b: workflowDefinition(id: "no") { name } }'
    )

    answer = await send(server, query, id=ident)

    assert answer.body["data"] == {"a": {"name": "Orders"}, "b": None}
    assert codes(answer) == ["not_found"]


async def test_mutations_of_one_operation_follow_each_other(server: Stack) -> None:
    ident = await made(server, CREATE, WORKFLOW)
    query = (
        "mutation($id: ID!) {"
        ' a: updateWorkflowDefinition(id: $id, input: {name: "Two"}) { version }'
        ' b: updateWorkflowDefinition(id: $id, input: {description: "more"}) { version name }'
        " c: startWorkflowExecution(input: {workflowDefinitionId: $id})"
        " { status taskExecutions { id } }"
        " d: deleteWorkflowDefinition(id: $id) }"
    )

    answer = await send(server, query, id=ident)

    assert answer.body == {
        "data": {
            "a": {"version": "1.0.1"},
            "b": {"version": "1.0.2", "name": "Two"},
            "c": {"status": "RUNNING", "taskExecutions": []},
            "d": True,
        }
    }
    assert int(answer.headers["Baton-Position"]) > 0


async def test_an_idempotency_key_creates_once(server: Stack) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await send(server, CREATE, given=WORKFLOW, headers=headers)
    again = await send(server, CREATE, given=WORKFLOW, headers=headers)
    other = await send(server, CREATE, given={**WORKFLOW, "name": "x"}, headers=headers)

    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, codes(other)) == (422, ["idempotency_key_reused"])


async def test_a_secret_is_shown_by_mutations_alone_and_never_stored_with_an_answer(
    server: Stack,
) -> None:
    """A repeated registration is performed again, and finds the first one."""
    register = EXAMPLES["RegisterWebhook"].query
    given = {"url": "https://example.com/hook", "events": ["workflow.execution.completed"]}
    keyed = {"Idempotency-Key": "hook"}
    first = await send(server, register, input=given, headers=keyed)
    again = await send(server, register, input=given, headers=keyed)
    made = first.body["data"]["registerWebhook"]
    ident, key = made["id"], made["secret"]
    update = (
        "mutation($id: ID!) { updateWebhook(id: $id, input: {active: false}) { active secret } }"
    )
    changed = await send(server, update, id=ident)
    listed = await send(server, "{ webhooks { id secret active } }")
    deleted = await send(server, "mutation($id: ID!) { deleteWebhook(id: $id) }", id=ident)
    gone = await send(server, update, id=ident)
    wrong = await send(server, register, input={"url": "http://10.0.0.1/", "events": ["nothing"]})

    assert key.startswith("whsec_")
    assert again.body == first.body
    assert "Idempotent-Replayed" not in again.headers
    assert changed.body["data"]["updateWebhook"] == {"active": False, "secret": key}
    assert listed.body["data"]["webhooks"] == [{"id": ident, "secret": None, "active": False}]
    assert deleted.body["data"] == {"deleteWebhook": True}
    assert (codes(gone), codes(wrong)) == (["not_found"], ["validation_error"])


async def test_a_refused_mutation_does_not_keep_its_key(server: Stack) -> None:
    headers = {"Idempotency-Key": "twice"}
    refused = await send(server, START, given={"workflowDefinitionId": "no"}, headers=headers)
    again = await send(server, START, given={"workflowDefinitionId": "no"}, headers=headers)

    assert codes(refused) == codes(again) == ["not_found"]
    assert "Idempotent-Replayed" not in again.headers


async def test_pages_follow_their_cursors(server: Stack) -> None:
    ident = await made(server, CREATE, WORKFLOW)
    started = [await made(server, START, {"workflowDefinitionId": ident}) for _ in range(5)]
    query = (
        "query($after: String, $id: ID) { found: workflowExecutions(first: 2, after: $after,"
        " workflowDefinitionId: $id, status: RUNNING) { totalCount edges { cursor node { id } }"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )
    seen: list[str] = []
    after, pages = None, 0
    while True:
        found = (await send(server, query, after=after, id=ident)).body["data"]["found"]
        seen += [edge["node"]["id"] for edge in found["edges"]]
        after, pages = found["pageInfo"]["endCursor"], pages + 1
        assert found["totalCount"] == 5
        assert found["pageInfo"]["hasPreviousPage"] == (pages > 1)
        assert found["edges"][-1]["cursor"] == after
        if not found["pageInfo"]["hasNextPage"]:
            break

    assert pages == 3
    assert sorted(seen) == sorted(started)


class CountingViews:
    """The views of a server, which count their reads."""

    def __init__(self, views: Any) -> None:
        self._views, self.reads = views, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._views, name)
        if name in ("get", "get_many", "find"):
            self.reads += 1
        return found


@pytest.fixture
def counted(one_server: Stack) -> Iterator[Any]:
    services = one_server.services
    readers = [one._reader for one in (services.runs, services.run_steps, services.definitions)]
    views: Any = CountingViews(readers[0]._store)
    for reader in readers:
        reader._store = views
    yield views
    for reader in readers:
        reader._store = views._views


async def test_a_page_of_fifty_executions_takes_a_handful_of_reads(
    server: Stack, counted: Any
) -> None:
    definitions = [await made(server, CREATE, WORKFLOW) for _ in range(5)]
    for number in range(50):
        await made(server, START, {"workflowDefinitionId": definitions[number % 5]})
    fields = "id status taskExecutions { id status attempts } context { data version }"
    query = f"{{ workflowExecutions(first: 50) {{ totalCount edges {{ node {{ {fields} }} }} }} }}"
    counted.reads = 0

    answer = await send(server, query)

    edges = answer.body["data"]["workflowExecutions"]["edges"]
    assert len(edges) == 50
    assert all(len(edge["node"]["taskExecutions"]) == 2 for edge in edges)
    assert counted.reads <= 5


async def test_a_context_shows_large_values_by_their_names(server: Stack) -> None:
    ident = await made(server, CREATE, WORKFLOW)
    given = {"workflowDefinitionId": ident, "initialContext": {"a": "x" * 100_000, "b": 1}}
    run_id = await made(server, START, given)
    query = "query($id: ID!) { workflowExecution(id: $id) { context { data } } }"

    answer = await send(server, query, id=run_id)

    shown = json.loads(answer.body["data"]["workflowExecution"]["context"]["data"])
    assert shown["b"] == 1
    assert (set(shown["a"]), shown["a"]["bytes"]) == ({"$artifact", "bytes"}, 100_002)


if __name__ == "__main__":
    FILE.write_text(SCHEMA.as_str() + "\n", encoding="utf-8")
