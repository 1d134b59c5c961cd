"""A client with the Orchestrator's operations: publish a DAG, start a run, wait for its end."""

from dataclasses import dataclass
from typing import Any

from baton.command_api.principal import ADMIN
from tests.kit.eventually import eventually
from tests.scenarios.stack import DEADLINE_S, Client, Stack

FINAL = ("succeeded", "failed", "cancelled")


@dataclass(slots=True)
class OrchestratorClient(Client):
    """Publishes and runs DAGs of one tenant, with a token that may do everything."""

    async def publish(self, dag: object) -> dict[str, Any]:
        """Publish a version and return it."""
        answer = await self.post("/dags", dag)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def start(self, dag_id: str, **members: Any) -> dict[str, Any]:
        """Start a run and return it as it was accepted."""
        answer = await self.post("/runs", {"dagId": dag_id, **members})
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def wait_for(self, run_id: str, *statuses: str) -> dict[str, Any]:
        """Return the run once it has one of `statuses` (default: once it has ended)."""
        run: dict[str, Any] = {}

        async def has_status() -> bool:
            nonlocal run
            answer = await self.get(f"/runs/{run_id}")
            assert answer.status == 200, answer.body
            run = dict(answer.body)
            return run["status"] in (statuses or FINAL)

        await eventually(
            has_status, within_s=DEADLINE_S, every_s=0.005, explain=lambda: f"the run is {run}"
        )
        return run

    async def run_to_end(self, dag_id: str, **members: Any) -> dict[str, Any]:
        """Start a run and return it once it has ended."""
        return await self.wait_for((await self.start(dag_id, **members))["runId"])


def orchestrator_client(stack: Stack, tenant: str = "", **claims: object) -> OrchestratorClient:
    """Return a client whose token has every scope; see `Stack.client`."""
    client = stack.client("orchestrator", tenant, **{"scope": ADMIN, **claims})
    return OrchestratorClient(
        client.stack, client.dialect, client.tenant, client.base, client.headers
    )


def step(step_id: str, uses: str = "answer", **members: Any) -> dict[str, Any]:
    """Return a step; `members` are its further members, with `with_` for `with`."""
    named = {name.rstrip("_"): value for name, value in members.items()}
    return {"id": step_id, "uses": uses, **named}


def dag(
    dag_id: str, version: str | None, *steps: dict[str, Any], edges: str = "", **members: Any
) -> dict[str, Any]:
    """Return a DAG; `edges` are like "a>b a>c"."""
    listed = [dict(zip(("from", "to"), edge.split(">"), strict=True)) for edge in edges.split()]
    shown = {} if version is None else {"version": version}
    return {"dagId": dag_id, **shown, "steps": list(steps), "edges": listed, **members}
