"""A client with the operations of Workflow Orchestration: create, start, wait for the end."""

from dataclasses import dataclass
from typing import Any

from tests.kit.eventually import eventually
from tests.scenarios.stack import DEADLINE_S, Client, Stack

ENDED = ("COMPLETED", "FAILED", "CANCELLED")
Task = dict[str, Any]


def task(name: str, function: str = "answer", *needs: str, **members: Any) -> Task:
    """Return a task that needs others; `members` replace its members or add further ones."""
    return {"name": name, "function": function, "dependencies": list(needs), **members}


@dataclass(slots=True)
class WorkflowClient(Client):
    """Works with the workflows of one tenant."""

    async def create(self, *tasks: Task, name: str = "Orders", **members: Any) -> Any:
        """Create a workflow, of one task if none is given, and return it."""
        body = {"name": name, "tasks": list(tasks) or [task("Only")], **members}
        answer = await self.post("/workflows", body)
        assert answer.status == 201, answer.body
        return answer.body

    async def start(self, workflow_id: str, context: Any = None) -> str:
        """Start an execution and return its id."""
        sent = {"workflowDefinitionId": workflow_id, "initialContext": context}
        answer = await self.post("/executions", sent)
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    async def wait_for(self, execution_id: str, **statuses: str) -> Any:
        """Return the execution once it has ended, or once its tasks have these statuses.

        Args:
            execution_id: The execution's id.
            statuses: A status by task id, with `_` for `-`.
        """
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            nonlocal found
            found = (await self.get(f"/executions/{execution_id}")).body
            if not statuses:
                return found["status"] in ENDED
            seen = statuses_of(found)
            return all(seen[of.replace("_", "-")] == one for of, one in statuses.items())

        await eventually(is_there, within_s=DEADLINE_S, every_s=0.005, explain=lambda: str(found))
        return found

    async def to_end(self, workflow_id: str, context: Any = None) -> Any:
        """Start an execution and return it once it has ended."""
        return await self.wait_for(await self.start(workflow_id, context))

    async def progress(self, execution_id: str) -> Any:
        """Return the progress of an execution."""
        return (await self.get(f"/executions/{execution_id}/progress")).body


def workflow_client(stack: Stack) -> WorkflowClient:
    """Return a client as a user of the stack's tenant."""
    plain = stack.client("workflow-orchestration")
    return WorkflowClient(stack, plain.dialect, plain.tenant, plain.base, plain.headers)


def statuses_of(execution: Any) -> dict[str, str]:
    """Return the status of each task of an execution, by task id."""
    return {one["taskDefinitionId"]: one["status"] for one in execution["taskExecutions"]}
