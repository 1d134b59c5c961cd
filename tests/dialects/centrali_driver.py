"""The verbs of a tale as Centrali clients tell them, before a dialect's paths are put in.

A tale is told in every dialect and must leave the same history. Centrali has no words for
cancelling and retrying a run; Baton's own paths have.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import ClientSession

from baton.domain.json import JsonObject

_ENDED = ("completed", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CentraliDriver:
    """Speaks to a server at `own`, in a workspace at `base`; `session` brings the token along.

    `verb` is what stands behind an orchestration's path where a run is asked for.
    """

    session: ClientSession
    own: str
    base: str
    verb: str

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Create a sequence of (step id, function) and return the definition's id."""
        ids = [step_id for step_id, _ in steps[1:]]
        chained: list[JsonObject] = [
            {"id": step_id, "type": "compute", "functionId": function}
            for step_id, function in steps
        ]
        for step, following in zip(chained, ids, strict=False):
            step["nextStepId"] = following
        _, body = await self._call("POST", "/orchestrations", _named(slug, chained))
        return str(body["id"])

    async def start(self, definition_id: str, run_input: JsonObject) -> str:
        """Ask for a run and return its id."""
        path = f"/orchestrations/{definition_id}/{self.verb}"
        _, body = await self._call("POST", path, {"input": run_input})
        return str(body["id"])

    async def wait(self, definition_id: str, run_id: str, *, timeout_s: float = 20) -> str:
        """Return "completed", "failed" or "cancelled" once the run has ended; else TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            _, run = await self._call("GET", f"/orchestrations/{definition_id}/runs/{run_id}")
            if run["status"] in _ENDED:
                cancelled = run.get("failureReason") == "cancelled"
                return "cancelled" if cancelled else str(run["status"])
            await asyncio.sleep(0.01)
        raise TimeoutError(run_id)

    async def cancel(self, run_id: str) -> None:
        """Stop a run, by Baton's own path."""
        await self._send("POST", f"{self.own}/runs/{run_id}/cancel", {})

    async def retry(self, run_id: str) -> None:
        """Reopen a run that failed, by Baton's own path."""
        await self._send("POST", f"{self.own}/runs/{run_id}/retry", {})

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of the runs, the newest first."""
        _, body = await self._call("GET", f"/orchestrations/{definition_id}/runs")
        return _ids(body)

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of definitions (ids, the newest first) and how many there are."""
        _, body = await self._call("GET", f"/orchestrations?page={number}&pageSize={size}")
        meta = body["meta"]
        return _ids(body), int(meta["total"]) if isinstance(meta, dict) else 0

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Ask for a definition without steps; return status and code word of the refusal."""
        status, body = await self._call("POST", "/orchestrations", _named(slug, []))
        return status, str(body["error"])

    async def _call(
        self, method: str, path: str, body: JsonObject | None = None
    ) -> tuple[int, JsonObject]:
        return await self._send(method, self.base + path, body)

    async def _send(self, method: str, url: str, body: JsonObject | None) -> tuple[int, JsonObject]:
        async with self.session.request(method, url, json=body) as response:
            return response.status, await response.json()


def _named(slug: str, steps: Sequence[JsonObject]) -> JsonObject:
    return {"slug": slug, "name": slug, "trigger": {"type": "on-demand"}, "steps": list(steps)}


def _ids(page: Mapping[str, object]) -> list[str]:
    data = page["data"]
    return [str(one["id"]) for one in data] if isinstance(data, list) else []
