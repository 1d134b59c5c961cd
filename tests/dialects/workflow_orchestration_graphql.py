"""Driver and sample requests of the GraphQL API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from baton.command_api.dialect.contract import Route
from baton.domain.json import JsonObject
from tests.kit.eventually import eventually
from tests.scenarios.stack import Client

__all__ = ["body", "distinct_body", "driver", "error_code", "prepare"]

_ENDED = ("COMPLETED", "FAILED", "CANCELLED")
_WORKFLOW = "query($id: ID!) { workflowDefinition(id: $id) { id name } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Acts as a user of one tenant."""

    session: ClientSession
    url: str

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Create a workflow whose tasks follow each other; its name becomes the slug."""
        before: list[list[str]] = [[], *([step_id] for step_id, _ in steps[:-1])]
        tasks: list[JsonObject] = [
            {"id": step_id, "name": step_id, "function": function, "dependencies": needs}
            for (step_id, function), needs in zip(steps, before, strict=True)
        ]
        given: JsonObject = {"name": slug, "tasks": tasks}
        made = await self._mutate("createWorkflowDefinition", given)
        return str(made["id"])

    async def start(self, definition_id: str, run_input: JsonObject) -> str:
        """Start an execution and return its id."""
        given: JsonObject = {"workflowDefinitionId": definition_id, "initialContext": run_input}
        return str((await self._mutate("startWorkflowExecution", given))["id"])

    async def wait(self, definition_id: str, run_id: str) -> str:
        """Return the status of the execution once it has ended, in lower case."""
        query = "query($id: ID!) { found: workflowExecution(id: $id) { %s } }"
        query %= "status workflowDefinitionId"

        async def ended() -> str | None:
            found = (await self._data(query, id=run_id))["found"]
            assert found["workflowDefinitionId"] == definition_id
            return str(found["status"]).lower() if found["status"] in _ENDED else None

        status = await eventually(ended, within_s=20)
        assert status is not None
        return status

    async def cancel(self, run_id: str) -> None:
        """Cancel an execution."""
        query = "mutation($id: ID!) { cancelWorkflowExecution(id: $id) { status } }"
        await self._data(query, id=run_id)

    async def retry(self, run_id: str) -> None:
        """Retry the failed task of an execution."""
        query = "query($id: ID!) { found: workflowExecution(id: $id) { taskExecutions { %s } } }"
        tasks = (await self._data(query % "id status", id=run_id))["found"]["taskExecutions"]
        (failed,) = (task["id"] for task in tasks if task["status"] == "FAILED")
        query = "mutation($id: ID!) { retryTaskExecution(id: $id) { status } }"
        await self._data(query, id=failed)

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of a workflow's executions, the newest first."""
        query = "query($id: ID!) { found: workflowExecutions(workflowDefinitionId: $id) { %s } }"
        data = await self._data(query % "edges { node { id } }", id=definition_id)
        return _ids(data["found"])

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of workflow ids, the newest first, and the number of workflows."""
        query = "query($size: Int!, $after: String) { found: workflowDefinitions(%s) { %s } }"
        query %= (
            "first: $size, after: $after",
            "totalCount pageInfo { endCursor } edges { node { id } }",
        )
        found = (await self._data(query, size=size))["found"]
        for _ in range(number - 1):
            after = found["pageInfo"]["endCursor"]
            found = (await self._data(query, size=size, after=after))["found"]
        return _ids(found), int(found["totalCount"])

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Send a workflow without tasks; return the refusal's status in REST and its code."""
        query = "mutation($given: CreateWorkflowDefinitionInput!) { made: %s { id } }"
        query %= "createWorkflowDefinition(input: $given)"
        result = await self._call(query, given={"name": slug, "tasks": []})
        assert result["data"] == {"made": None}
        return 400, str(result["errors"][0]["extensions"]["code"])

    async def _mutate(self, name: str, given: JsonObject) -> Any:
        kind = f"{name[:1].upper()}{name[1:]}Input"
        query = f"mutation($given: {kind}!) {{ made: {name}(input: $given) {{ id }} }}"
        return (await self._data(query, given=given))["made"]

    async def _data(self, query: str, **variables: object) -> Any:
        result = await self._call(query, **variables)
        assert "errors" not in result, result
        return result["data"]

    async def _call(self, query: str, **variables: object) -> Any:
        sent = {"query": query, "variables": variables}
        async with self.session.post(f"{self.url}/graphql", json=sent) as response:
            assert response.status == 200, await response.text()
            return await response.json()


def driver(session: ClientSession, url: str, tenant: str) -> Driver:
    """Return a driver that acts as a user of `tenant`, whom the session's token names."""
    del tenant
    return Driver(session=session, url=url)


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Create a workflow."""
    del route
    query = "mutation($given: CreateWorkflowDefinitionInput!) { made: %s { id } }"
    query %= "createWorkflowDefinition(input: $given)"
    given = {"name": "Orders", "tasks": [{"name": "extract", "function": "answer"}]}
    made = await client.post("", {"query": query, "variables": {"given": given}})
    assert made.status == 200, made.body
    return {"id": made.body["data"]["made"]["id"], "asset": "playground.js"}


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    del route
    return {"query": _WORKFLOW, "variables": {"id": "{id}"}}


def distinct_body(operation: str, generated: object, number: int) -> object:
    """Return a generated body with the texts that must be valid."""
    del operation, number
    if not isinstance(generated, dict):
        return generated
    return {"query": _WORKFLOW, "variables": {"id": "{id}"}}


def error_code(body: Mapping[str, Any]) -> str:
    """Return a refusal's code."""
    (error,) = body["errors"]
    assert isinstance(error["message"], str)
    return str(error["extensions"]["code"])


def _ids(connection: Any) -> list[str]:
    return [str(edge["node"]["id"]) for edge in connection["edges"]]
