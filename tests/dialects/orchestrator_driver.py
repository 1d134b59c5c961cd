"""The tale's actions as a client of the Orchestrator dialect performs them.

The dialect has no operation to retry a run, so the driver uses Baton's own API for it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession

from baton.command_api.principal import ADMIN
from tests.kit.eventually import eventually
from tests.kit.stack import bearer

_ENDED = {"succeeded": "completed", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorDriver:
    """Acts as a user of one tenant, and publishes DAGs with the same user's other token.

    Attributes:
        session: Sends the user's token with every request.
        own: The address of Baton's own API.
        tenant: The tenant.
    """

    session: ClientSession
    own: str
    tenant: str

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Publish a DAG of a sequence of (step id, function); return its id."""
        _, body = await self._publish(slug, steps)
        return str(body["dagId"])

    async def start(self, definition_id: str, run_input: dict[str, object]) -> str:
        """Start a run and return its id."""
        body = {"dagId": definition_id, "inputs": run_input, "runToken": uuid4().hex}
        return str((await self._call("POST", "/runs", body))[1]["runId"])

    async def wait(self, definition_id: str, run_id: str) -> str:
        """Return "completed", "failed" or "cancelled" once the run has ended."""
        del definition_id

        async def ended() -> str | None:
            _, run = await self._call("GET", f"/runs/{run_id}")
            return _ENDED.get(run["status"])

        status = await eventually(ended, within_s=20)
        assert status is not None
        return status

    async def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        assert (await self._call("POST", f"/runs/{run_id}:cancel"))[0] == 202

    async def retry(self, run_id: str) -> None:
        """Retry the failed steps of a run."""
        async with self.session.post(f"{self.own}/runs/{run_id}/retry", json={}) as response:
            assert response.status == 200

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of a definition's runs, the newest first."""
        _, body = await self._call("GET", f"/runs?dagId={definition_id}")
        return [run["runId"] for run in body["items"]]

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of definition ids, the newest first, and the number of definitions.

        The dialect sorts by id, so the driver reads all pages and sorts them itself.
        """
        found: list[dict[str, Any]] = []
        query = f"page_size={size}"
        while True:
            _, body = await self._call("GET", f"/dags?{query}")
            found += body["items"]
            if body["nextPageToken"] is None:
                break
            query = f"page_size={size}&page_token={body['nextPageToken']}"
        found.sort(key=lambda one: str(one["publishedUtc"]), reverse=True)
        ids = [str(one["dagId"]) for one in found]
        return ids[(number - 1) * size : number * size], len(ids)

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Send a definition without steps; return the refusal's status and code."""
        status, body = await self._publish(slug, [])
        return status, str(body["code"])

    async def _publish(
        self, slug: str, steps: Sequence[tuple[str, str]]
    ) -> tuple[int, dict[str, Any]]:
        ids = [step_id for step_id, _ in steps]
        dag = {
            "dagId": slug,
            "steps": [{"id": step_id, "uses": function} for step_id, function in steps],
            "edges": [{"from": one, "to": next_} for one, next_ in itertools.pairwise(ids)],
        }
        admin = bearer(tenant=self.tenant, scope=ADMIN)
        return await self._call("POST", "/dags", dag, headers=admin)

    async def _call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        url = f"{self.own}/api/v1/orchestrator{path}"
        sent = {"X-Stella-Tenant": self.tenant, "Idempotency-Key": uuid4().hex, **(headers or {})}
        async with self.session.request(method, url, json=body, headers=sent) as response:
            return response.status, await response.json()
