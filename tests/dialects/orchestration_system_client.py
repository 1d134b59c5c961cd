"""A client with the Orchestration System's operations: create, execute, wait for the end."""

from dataclasses import dataclass
from typing import Any

from tests.kit.eventually import eventually
from tests.scenarios.stack import DEADLINE_S, Client, Stack

ENDED = ("completed", "failed", "cancelled")
Task = dict[str, Any]


def task(name: str, function: str = "answer", *needs: str, **members: Any) -> Task:
    """Return a task that needs others; `members` replace its members or add further ones."""
    return {"name": name, "type": function, "dependsOn": list(needs), **members}


@dataclass(slots=True)
class OrchestrationClient(Client):
    """Works with the workflows of one tenant."""

    async def create(self, *tasks: Task, name: str = "Orders", **members: Any) -> str:
        """Create a workflow, of one task if none is given, and return its id."""
        body = {"name": name, "tasks": list(tasks) or [task("only")], **members}
        answer = await self.post("/workflows", body)
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    async def workflow(self, workflow_id: str) -> dict[str, Any]:
        """Return a workflow as it is shown."""
        return await self._object(f"/workflows/{workflow_id}")

    async def execute(self, workflow_id: str, **parameters: Any) -> str:
        """Start an execution and return its id."""
        answer = await self.post(f"/workflows/{workflow_id}/execute", {"parameters": parameters})
        assert answer.status == 201, answer.body
        return str(answer.body["executionId"])

    async def wait_for(self, execution_id: str, *statuses: str) -> dict[str, Any]:
        """Return the execution once it has one of `statuses` (default: once it has ended)."""
        found: dict[str, Any] = {}

        async def has_status() -> bool:
            nonlocal found
            found = await self._object(f"/executions/{execution_id}")
            return found["status"] in (statuses or ENDED)

        await eventually(has_status, within_s=DEADLINE_S, every_s=0.005, explain=lambda: str(found))
        return found

    async def to_end(self, workflow_id: str, **parameters: Any) -> dict[str, Any]:
        """Start an execution and return it once it has ended."""
        return await self.wait_for(await self.execute(workflow_id, **parameters))

    async def schedule(self, workflow_id: str, cron: str = "0 9 * * *", **members: Any) -> Any:
        """Create a schedule and return it."""
        body = {"workflowId": workflow_id, "cronExpression": cron, **members}
        answer = await self.post("/schedules", body)
        assert answer.status == 201, answer.body
        return answer.body

    async def _object(self, path: str) -> dict[str, Any]:
        answer = await self.get(path)
        assert answer.status == 200, answer.body
        return dict(answer.body)


def orchestration_client(stack: Stack, tenant: str = "", **claims: object) -> OrchestrationClient:
    """Return a client of the dialect; see `Stack.client`."""
    client = stack.client("orchestration-system", tenant, **claims)
    return OrchestrationClient(
        client.stack, client.dialect, client.tenant, client.base, client.headers
    )


def tasks_of(shown: dict[str, Any], member: str) -> dict[str, Any]:
    """Return one member of every task by the task's id, None where a task lacks it."""
    return {one["id"]: one.get(member) for one in shown["tasks"]}
