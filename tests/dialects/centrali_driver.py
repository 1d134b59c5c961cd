"""The tale's actions as a Centrali client performs them, in either dialect.

Centrali has no operations to cancel and retry a run, so the driver uses Baton's own API for these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import ClientSession

from baton.domain.json import JsonObject
from tests.dialects.centrali_documents import compute, orchestration
from tests.kit.eventually import eventually

_ENDED = ("completed", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CentraliDriver:
    """Acts as a user of one workspace.

    Attributes:
        session: Sends the user's token with every request.
        own: The address of Baton's own API.
        base: The address of the dialect in the workspace.
        verb: The last segment of the path that starts a run.
    """

    session: ClientSession
    own: str
    base: str
    verb: str

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Create a definition of a sequence of (step id, function); return its id."""
        ids = [step_id for step_id, _ in steps[1:]]
        chained = [compute(step_id, function) for step_id, function in steps]
        for step, following in zip(chained, ids, strict=False):
            step["nextStepId"] = following
        _, body = await self._call("POST", "/orchestrations", orchestration(slug, *chained))
        return str(body["id"])

    async def start(self, definition_id: str, run_input: JsonObject) -> str:
        """Start a run and return its id."""
        path = f"/orchestrations/{definition_id}/{self.verb}"
        _, body = await self._call("POST", path, {"input": run_input})
        return str(body["id"])

    async def wait(self, definition_id: str, run_id: str) -> str:
        """Return "completed", "failed" or "cancelled" once the run has ended."""
        path = f"/orchestrations/{definition_id}/runs/{run_id}"

        async def ended() -> JsonObject | None:
            _, run = await self._call("GET", path)
            return run if run["status"] in _ENDED else None

        run = await eventually(ended, within_s=20)
        assert run is not None
        return "cancelled" if run.get("failureReason") == "cancelled" else str(run["status"])

    async def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        await self._send("POST", f"{self.own}/runs/{run_id}/cancel", {})

    async def retry(self, run_id: str) -> None:
        """Retry the failed steps of a run."""
        await self._send("POST", f"{self.own}/runs/{run_id}/retry", {})

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of a definition's runs, the newest first."""
        _, body = await self._call("GET", f"/orchestrations/{definition_id}/runs")
        return _ids(body)

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of definition ids, the newest first, and the number of definitions."""
        _, body = await self._call("GET", f"/orchestrations?page={number}&pageSize={size}")
        meta = body["meta"]
        return _ids(body), int(meta["total"]) if isinstance(meta, dict) else 0

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Send a definition without steps; return the refusal's status and code."""
        status, body = await self._call("POST", "/orchestrations", orchestration(slug, steps=[]))
        return status, str(body["error"])

    async def _call(
        self, method: str, path: str, body: JsonObject | None = None
    ) -> tuple[int, JsonObject]:
        return await self._send(method, self.base + path, body)

    async def _send(self, method: str, url: str, body: JsonObject | None) -> tuple[int, JsonObject]:
        async with self.session.request(method, url, json=body) as response:
            return response.status, await response.json()


def _ids(page: Mapping[str, object]) -> list[str]:
    data = page["data"]
    return [str(one["id"]) for one in data] if isinstance(data, list) else []
