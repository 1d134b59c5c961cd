"""Every GraphQL operation of the document, verbatim, by an independent client."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport

from baton.command_api.dialects.workflow_orchestration.graphql.schema import SCHEMA
from tests.kit.eventually import eventually
from tests.kit.stack import token
from tests.scenarios.graphql_seed import EXAMPLES
from tests.scenarios.stack import Stack

TRANSPORTS = ("http", "websocket")


def client_of(stack: Stack, transport: str = "http") -> Client:
    """Return a client of the stack's tenant that fetches the schema and checks what it sends."""
    headers = {"Authorization": f"Bearer {token(tenant=stack.tenant)}"}
    url = f"{stack.url}/graphql"
    if transport == "http":
        return Client(transport=AIOHTTPTransport(url=url, headers=headers), schema=SCHEMA.as_str())
    websocket = AIOHTTPWebsocketsTransport(
        url=url, subprotocols=["graphql-transport-ws"], init_payload=headers
    )
    return Client(transport=websocket, schema=SCHEMA.as_str())


def request(name: str, variables: dict[str, Any] | None = None) -> GraphQLRequest:
    example = EXAMPLES[name]
    given = example.variables if variables is None else variables
    return GraphQLRequest(example.query, variable_values=given)


@pytest.mark.operations("workflow-orchestration-graphql", "executeOperation")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_queries_and_mutations_of_the_document(stack: Stack, transport: str) -> None:
    async with client_of(stack, transport) as session:
        made = await session.execute(request("CreateWorkflowDefinition"))
        workflow = made["createWorkflowDefinition"]
        ident = workflow["id"]
        shown = await session.execute(request("GetWorkflowDefinition", {"id": ident}))
        started = await session.execute(
            request(
                "StartWorkflowExecution",
                {"input": {"workflowDefinitionId": ident, "initialContext": '{"key":"value"}'}},
            )
        )
        execution = started["startWorkflowExecution"]
        of_execution = {"id": execution["id"]}

        async def ended() -> Any:
            found = await session.execute(request("GetWorkflowExecution", of_execution))
            return found["workflowExecution"]["endTime"] and found["workflowExecution"]

        done = await eventually(ended, within_s=20)
        report = (await session.execute(request("GetProgressReport", of_execution)))[
            "progressReport"
        ]

    assert workflow["version"] == "1.0.0"
    assert [task["id"] for task in workflow["tasks"]] == ["task-1", "task-2"]
    assert [task["dependencies"] for task in workflow["tasks"]] == [[], ["task-1"]]
    assert workflow["synchronizationPoints"] == [
        {
            "id": "sync-1",
            "name": "All Tasks Completed",
            "description": "Wait for all tasks to complete",
            "requiredTasks": ["task-1", "task-2"],
        }
    ]
    assert shown["workflowDefinition"] == workflow
    assert (execution["status"], execution["workflowDefinitionId"]) == ("RUNNING", ident)
    assert json.loads(execution["context"]["data"]) == {"key": "value"}
    assert execution["context"]["version"] == 1
    assert done["status"] == "COMPLETED"
    assert [one["status"] for one in done["taskExecutions"]] == ["COMPLETED"] * 2
    assert json.loads(done["context"]["data"]) == {
        "key": "value",
        "task-1-result": "success",
        "task-2-result": "success",
    }
    assert (report["completedTasks"], report["totalTasks"]) == (2, 2)
    assert report["workflowExecutionId"] == execution["id"]
    assert all(one["achieved"] for one in report["milestones"])
    assert report["blockers"] == []


async def test_a_webhook_of_the_document(stack: Stack) -> None:
    given = EXAMPLES["RegisterWebhook"].variables["input"]
    async with client_of(stack) as session:
        made = (await session.execute(request("RegisterWebhook")))["registerWebhook"]
        listed = await session.execute(GraphQLRequest("{ webhooks { id url events secret } }"))

    assert {name: made[name] for name in given} == given
    assert made["active"] is True
    assert [one["secret"] for one in listed["webhooks"]] == [None]
    assert [one["id"] for one in listed["webhooks"]] == [made["id"]]


FLAKY = {
    "name": "Flaky",
    "tasks": [
        {
            "name": "Twice",
            "function": "flaky",
            "retryPolicy": {"maxAttempts": 2, "backoffMs": 300},
        }
    ],
}
ENDS: dict[str, Callable[[Any], bool]] = {
    "WorkflowExecutionUpdates": lambda shown: shown["status"] == "COMPLETED",
    "TaskExecutionUpdates": lambda shown: shown["status"] == "COMPLETED",
    "ProgressReportUpdates": lambda shown: shown["milestones"][-1]["achieved"],
}


async def test_subscriptions_of_the_document(stack: Stack) -> None:
    """Each begins with the present state, and shows the end."""
    assert set(ENDS) == {name for name, one in EXAMPLES.items() if one.kind == "subscription"}
    async with client_of(stack, "websocket") as session:
        made = await session.execute(request("CreateWorkflowDefinition", {"input": FLAKY}))
        given = {"workflowDefinitionId": made["createWorkflowDefinition"]["id"]}
        started = await session.execute(request("StartWorkflowExecution", {"input": given}))
        ident = started["startWorkflowExecution"]["id"]
        for name, has_ended in ENDS.items():
            results = session.subscribe(request(name, EXAMPLES[name].of(ident)))
            async with asyncio.timeout(20), aclosing(results):
                async for result in results:
                    (update,) = result.values()
                    if has_ended(update):
                        break
