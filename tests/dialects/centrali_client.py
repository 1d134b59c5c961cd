"""A client with Centrali's operations: create an orchestration, start a run, wait for its end."""

from dataclasses import dataclass
from typing import Any

from tests.kit.eventually import eventually
from tests.kit.stack import Response
from tests.scenarios.stack import DEADLINE_S, Client, Stack

START_VERBS = {"centrali-openapi": "runs", "centrali-reference": "trigger"}
"""The last segment of the path that starts a run, by dialect."""


@dataclass(slots=True)
class CentraliClient(Client):
    """Works with the orchestrations of one workspace, in one of Centrali's dialects."""

    @property
    def start_verb(self) -> str:
        return START_VERBS[self.dialect.name]

    async def create(self, definition: object) -> dict[str, Any]:
        """Create an orchestration and return it."""
        answer = await self.post("/orchestrations", definition)
        assert answer.status == 201, answer.body
        return object_of(answer)

    async def start(self, definition_id: str, body: object = None) -> dict[str, Any]:
        """Start a run and return it as it was accepted."""
        path = f"/orchestrations/{definition_id}/{self.start_verb}"
        answer = await self.post(path, body)
        assert answer.status == 201, answer.body
        return object_of(answer)

    async def wait_for(
        self, definition_id: str, run_id: str, *statuses: str, query: str = ""
    ) -> dict[str, Any]:
        """Return the run once it has one of `statuses` (default: once it has ended)."""
        path = f"/orchestrations/{definition_id}/runs/{run_id}{query}"
        run: dict[str, Any] = {}

        async def has_status() -> bool:
            nonlocal run
            answer = await self.get(path)
            assert answer.status == 200, answer.body
            run = object_of(answer)
            return run["status"] in (statuses or ("completed", "failed"))

        await eventually(
            has_status, within_s=DEADLINE_S, every_s=0.005, explain=lambda: f"the run is {run}"
        )
        return run

    async def run_to_end(
        self, definition_id: str, body: object = None, *, query: str = ""
    ) -> dict[str, Any]:
        """Start a run and return it once it has ended."""
        run = await self.start(definition_id, body)
        return await self.wait_for(definition_id, run["id"], query=query)


def centrali_client(stack: Stack, name: str, tenant: str = "", **claims: object) -> CentraliClient:
    """Return a client of one of Centrali's dialects; see `Stack.client`."""
    return of_centrali(stack.client(name, tenant, **claims))


def of_centrali(client: Client) -> CentraliClient:
    """Return `client` with Centrali's operations."""
    return CentraliClient(client.stack, client.dialect, client.tenant, client.base, client.headers)


def object_of(answer: Response) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    assert isinstance(answer.body, dict)
    return answer.body
