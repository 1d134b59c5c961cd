"""Driver and sample requests of the Orchestration System dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from baton.command_api.dialect.contract import Route
from baton.domain.json import JsonObject
from tests.kit.eventually import eventually
from tests.scenarios.stack import Client

__all__ = ["body", "distinct_body", "driver", "error_code", "prepare"]

_ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Acts as a user of one tenant; the dialect can't cancel and retry, Baton's own API can."""

    session: ClientSession
    url: str

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Create a workflow whose tasks follow each other; its name becomes the slug."""
        before = [[], *([step_id] for step_id, _ in steps[:-1])]
        tasks = [
            {"name": step_id, "type": function, "dependsOn": needs}
            for (step_id, function), needs in zip(steps, before, strict=True)
        ]
        _, made = await self._call("POST", "/v1/workflows", {"name": slug, "tasks": tasks})
        return str(made["id"])

    async def start(self, definition_id: str, run_input: JsonObject) -> str:
        """Start an execution and return its id."""
        path = f"/v1/workflows/{definition_id}/execute"
        _, started = await self._call("POST", path, {"parameters": run_input})
        return str(started["executionId"])

    async def wait(self, definition_id: str, run_id: str) -> str:
        """Return the status of the execution once it has ended."""

        async def ended() -> str | None:
            _, found = await self._call("GET", f"/v1/executions/{run_id}")
            assert found["workflowId"] == definition_id
            return str(found["status"]) if found["status"] in _ENDED else None

        status = await eventually(ended, within_s=20)
        assert status is not None
        return status

    async def cancel(self, run_id: str) -> None:
        """Cancel an execution."""
        await self._call("POST", f"/runs/{run_id}/cancel", {})

    async def retry(self, run_id: str) -> None:
        """Retry the failed tasks of an execution."""
        await self._call("POST", f"/runs/{run_id}/retry", {})

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of a workflow's executions, the newest first."""
        _, listed = await self._call("GET", f"/v1/executions?workflowId={definition_id}")
        return _ids(listed["executions"])

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of workflow ids, the newest first, and the number of workflows."""
        path = f"/v1/workflows?limit={size}&offset={(number - 1) * size}"
        _, listed = await self._call("GET", path)
        return _ids(listed["workflows"]), int(str(listed["total"]))

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Send a workflow without tasks; return the refusal's status and code."""
        status, refusal = await self._call("POST", "/v1/workflows", {"name": slug, "tasks": []})
        return status, str(refusal["error"])

    async def _call(
        self, method: str, path: str, sent: JsonObject | None = None
    ) -> tuple[int, JsonObject]:
        async with self.session.request(method, self.url + path, json=sent) as response:
            return response.status, await response.json()


def driver(session: ClientSession, url: str, tenant: str) -> Driver:
    """Return a driver that acts as a user of `tenant`, whom the session's token names."""
    del tenant
    return Driver(session=session, url=url)


TASKS: list[JsonObject] = [
    {"name": "extract", "type": "answer"},
    {"name": "load", "type": "answer", "dependsOn": ["extract"]},
]


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Create a workflow, an execution and a schedule."""
    del route  # every route finds what it needs
    made = await client.post("/workflows", {"name": "Orders", "tasks": TASKS})
    assert made.status == 201, made.body
    ident = made.body["id"]
    started = await client.post(f"/workflows/{ident}/execute")
    assert started.status == 201, started.body
    nightly = {"workflowId": ident, "cronExpression": "0 2 * * *"}
    schedule = await client.post("/schedules", nightly)
    assert schedule.status == 201, schedule.body
    return {
        "workflowId": ident,
        "executionId": started.body["executionId"],
        "scheduleId": schedule.body["id"],
    }


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    if route.path == "/workflows":
        return {"name": "Another", "tasks": TASKS}
    if route.path == "/schedules":
        return {"workflowId": "{workflowId}", "cronExpression": "0 2 * * *"}
    return {"name": "New"} if route.method == "PUT" else {"parameters": {}}


def distinct_body(operation: str, generated: object, number: int) -> object:
    """Return a generated body with the texts that must be valid."""
    del number
    if not isinstance(generated, dict):
        return generated
    if operation == "POST /workflows":
        return {**generated, "name": "Made", "tasks": TASKS}
    if operation == "POST /schedules":
        workflow = {"workflowId": "{workflowId}", "timezone": "UTC"}
        return {**generated, **workflow, "cronExpression": "0 2 * * *"}
    return generated


def error_code(body: Mapping[str, Any]) -> str:
    """Return a refusal's code."""
    assert set(body) <= {"error", "message", "details"}
    assert isinstance(body["message"], str)
    return str(body["error"])


def _ids(listed: object) -> list[str]:
    return [str(one["id"]) for one in listed] if isinstance(listed, list) else []
