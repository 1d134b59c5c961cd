"""Driver and sample requests of the Workflow Orchestration dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from baton.command_api.commands.access import AccessStores, add_user
from baton.command_api.dialect.contract import Route
from baton.command_api.principal import Principal
from baton.command_api.security.passwords import Passwords
from baton.domain.errors import InConflict
from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import ReportOutcome, StartRun
from baton.domain.run.outcome import Error, Failed, Token
from baton.domain.stream import stream_name
from baton.domain.user.messages import AddUser
from baton.eventlog.loops.transact import transact
from tests.kit.actors import BOB
from tests.kit.eventually import eventually
from tests.kit.webhooks import CLOSED, dead_delivery
from tests.scenarios.stack import DEADLINE_S, Client, Stack

__all__ = ["body", "distinct_body", "driver", "error_code", "prepare"]

LOGIN = {"username": "ada", "password": "correct horse"}
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Acts as a user of one tenant; the dialect lists no executions, Baton's own API does."""

    session: ClientSession
    url: str

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Create a workflow whose tasks follow each other; its name becomes the slug."""
        before = [[], *([step_id] for step_id, _ in steps[:-1])]
        tasks: list[JsonObject] = [
            {"id": step_id, "name": step_id, "function": function, "dependencies": needs}
            for (step_id, function), needs in zip(steps, before, strict=True)
        ]
        _, made = await self._call("POST", "/api/workflows", {"name": slug, "tasks": tasks})
        return str(made["id"])

    async def start(self, definition_id: str, run_input: JsonObject) -> str:
        """Start an execution and return its id."""
        sent: JsonObject = {"workflowDefinitionId": definition_id, "initialContext": run_input}
        _, started = await self._call("POST", "/api/executions", sent)
        return str(started["id"])

    async def wait(self, definition_id: str, run_id: str) -> str:
        """Return the status of the execution, in lower case, once it has ended."""

        async def ended() -> str | None:
            _, found = await self._call("GET", f"/api/executions/{run_id}")
            assert found["workflowDefinitionId"] == definition_id
            return str(found["status"]) if found["status"] in _ENDED else None

        status = await eventually(ended, within_s=20)
        assert status is not None
        return status.lower()

    async def cancel(self, run_id: str) -> None:
        """Cancel an execution."""
        await self._call("POST", f"/api/executions/{run_id}/cancel")

    async def retry(self, run_id: str) -> None:
        """Retry the failed tasks of an execution."""
        path = f"/api/v2/executions/{run_id}/tasks?status=FAILED"
        _, failed = await self._call("GET", path)
        for task_id in _ids(failed["items"]):
            await self._call("POST", f"/api/tasks/{task_id}/retry")

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of a workflow's executions, the newest first."""
        _, listed = await self._call("GET", f"/runs?definitionId={definition_id}")
        return _ids(listed["runs"])

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of workflow ids, the newest first, and the number of workflows."""
        path = f"/api/v2/workflows?limit={size}&offset={(number - 1) * size}"
        _, listed = await self._call("GET", path)
        return _ids(listed["items"]), int(str(listed["total"]))

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Send a workflow without tasks; return the refusal's status and code."""
        status, refusal = await self._call("POST", "/api/workflows", {"name": slug, "tasks": []})
        return status, str(refusal["code"])

    async def _call(
        self, method: str, path: str, sent: JsonObject | None = None
    ) -> tuple[int, JsonObject]:
        async with self.session.request(method, self.url + path, json=sent) as response:
            return response.status, await response.json(content_type=None)


def driver(session: ClientSession, url: str, tenant: str) -> Driver:
    """Return a driver that acts as a user of `tenant`, whom the session's token names."""
    del tenant
    return Driver(session=session, url=url)


TASKS: list[JsonObject] = [
    {"name": "Extract", "function": "answer"},
    {"name": "Load", "function": "answer", "dependencies": ["Extract"]},
]
HELD: list[JsonObject] = [{"name": "Held", "function": "hold"}]


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Create a workflow and an execution; where it is needed, a user and a failed task.

    The first route, a login, stands for all.
    """
    made = await client.post("/workflows", {"name": "Orders", "tasks": HELD})
    assert made.status == 201, made.body
    ident = made.body["id"]
    started = await client.post("/executions", {"workflowDefinitionId": ident})
    assert started.status == 201, started.body
    failed = execution_id = started.body["id"]
    if route.path == "/auth/login":
        await add_login(client.stack)
    if route.path in ("/auth/login", "/tasks/{taskId}/retry"):
        failed = await _failed(client)
    ids = {"workflowId": ident, "executionId": execution_id, "taskId": f"{failed}.task-1"}
    if "/webhooks" in route.path or route.path == "/auth/login":
        user = Principal(subject="ada", tenant=client.tenant)
        ids |= await dead_delivery(client.stack.services, user)
    return ids


async def add_login(stack: Stack, *, tenant: str = "", **changed: str) -> None:
    """Add the user of `LOGIN`, unless it exists."""
    wanted = {**LOGIN, **changed}
    stores = AccessStores(stack.stores.events, stack.stores.checkpoints)
    command = AddUser(
        tenant=tenant or stack.tenant,
        user_id=stack.services.new_id(),
        name=wanted["username"],
        password_hash=await Passwords().hash(wanted["password"]),
        scopes=("orchestrator:read", "orchestrator:write"),
        actor=BOB,
        at=stack.services.clock.now(),
    )
    try:
        await add_user(stores, command)
    except InConflict as conflict:
        assert conflict.reason == "name_taken"  # noqa: PT017


async def _failed(client: Client) -> str:
    """Return an execution that has failed, on a server without an executor, too."""
    services = client.stack.services
    tasks = [{"name": "Broken", "function": "break"}]
    made = await client.post("/workflows", {"name": "Broken", "tasks": tasks})
    started = await client.post("/executions", {"workflowDefinitionId": made.body["id"]})
    definition = await services.definitions.get(client.tenant, made.body["id"])
    assert definition is not None
    graph, at = definition.body.graph, services.clock.now()
    stream = stream_name(client.tenant, "run", started.body["id"])
    failed = Failed(error=Error(code="BROKEN", message="it broke"))
    token = Token("task-1", 1, 1)
    report = ReportOutcome(token=token, outcome=failed, graph=graph, at=at)
    await transact(client.stack.stores.events, RUN, stream, StartRun(graph=graph, at=at))
    result = await transact(client.stack.stores.events, RUN, stream, report)
    assert await services.reached(result.position, int(DEADLINE_S * 1_000))
    return str(started.body["id"])


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    match route.path:
        case "/auth/login":
            return LOGIN
        case "/workflows":
            return {"name": "Another", "tasks": TASKS}
        case "/executions":
            return {"workflowDefinitionId": "{workflowId}", "initialContext": {"n": 1}}
        case "/webhooks":
            return {"url": CLOSED, "events": ["workflow.execution.completed"]}
        case "/webhooks/test":
            return {"url": CLOSED, "event": "workflow.execution.completed", "payload": {}}
        case "/webhooks/{webhookId}":
            return {"active": False}
        case _:
            return {"name": "New"} if route.method == "PUT" else {}


def distinct_body(operation: str, generated: object, number: int) -> object:
    """Return a generated body with the texts that must be valid."""
    del number
    if not isinstance(generated, dict):
        return generated
    match operation:
        case "POST /auth/login":
            return LOGIN
        case "POST /workflows" | "PUT /workflows/{workflowId}":
            return {"name": "Made", "tasks": TASKS}
        case "POST /executions":
            return {"workflowDefinitionId": "{workflowId}"}
        case "POST /webhooks" | "PUT /webhooks/{webhookId}" | "POST /webhooks/test":
            return {**generated, "url": CLOSED, "secret": "webhook-secret"}
        case _:
            return generated


def error_code(body: Mapping[str, Any]) -> str:
    """Return a refusal's code."""
    assert set(body) <= {"type", "title", "status", "detail", "code", "errors"}
    assert isinstance(body["detail"], str)
    return str(body["code"])


def _ids(listed: object) -> list[str]:
    return [str(one["id"]) for one in listed] if isinstance(listed, list) else []
