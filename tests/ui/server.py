"""`baton dev` as the server of the pages, and a client of its API."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from json import loads
from pathlib import Path
from typing import Any

import aiohttp

from baton.cli.server.apply_definition import apply_document
from baton.cli.server.client import Server
from baton.cli.server.events import STRUCTURED
from tests.cli.processes import Dev, dev, found
from tests.kit.eventually import eventually

TENANT = "demo"
FUNCTIONS = ("baton.demo.functions", "tests.ui.functions")
FINAL = {"completed", "failed", "cancelled"}
ORDERS = loads(files("baton.demo").joinpath("order-processing.json").read_text(encoding="utf-8"))
"""The definition of the demo, in the Centrali dialect."""


@dataclass(slots=True)
class UiServer:
    """A running `baton dev`, and requests to it with the token of its folder."""

    dev: Dev
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.dev.url

    @property
    def link(self) -> str:
        """The printed link that signs in; it opens once."""
        return found(r"(http://\S+/ui/#code=\S+)", self.dev.announced)

    async def call(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the document that a request is answered with.

        Args:
            method: The method of HTTP.
            path: The path and the query.
            json: The body.
            status: The expected status; 0 for any success.
            headers: Further headers.
        """
        sent = {"Authorization": f"Bearer {self.dev.token}", **(headers or {})}
        async with self.session.request(
            method, self.url + path, json=json, headers=sent
        ) as response:
            body = await response.read()
            good = response.status == status if status else response.status < 300
            assert good, f"{method} {path}: {response.status} {body.decode(errors='replace')}"
            return loads(body) if body else None

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, json: object = None) -> Any:
        return await self.call("POST", path, json)

    async def apply(self, document: object) -> dict[str, Any]:
        """Create or update a definition in any dialect, and return it."""
        server = Server(url=self.url, token=self.dev.token, tenant=TENANT)
        return (await asyncio.to_thread(apply_document, server, document, None))[1]

    async def new_link(self) -> str:
        """Return a new link that signs in once."""
        return str((await self.post("/ui/session/codes"))["url"])

    async def send_order(self, record_id: str, order: object) -> str:
        """Send the record event of a new order; return the id of the run that it started."""
        event = {
            "specversion": "1.0",
            "id": f"event-{record_id}",
            "source": "tests",
            "type": "record.created",
            "subject": f"orders/{record_id}",
            "data": order,
        }
        await self.call("POST", "/events", event, headers={"Content-Type": STRUCTURED})

        async def runs() -> list[Any]:
            return list((await self.get(f"/runs?recordId={record_id}"))["runs"])

        return str((await eventually(runs))[0]["id"])

    async def start(self, definition: str, data: object = None) -> str:
        """Start a run and return its id."""
        return str((await self.post("/runs", {"definition": definition, "input": data}))["id"])

    async def ended(self, run_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a run has ended, or has one of the given statuses, and return it."""

        async def run() -> Any:
            found = await self.get(f"/runs/{run_id}")
            return found if found["status"] in (statuses or FINAL) else None

        return dict(await eventually(run, within_s=20))


@asynccontextmanager
async def ui_server_in(
    folder: Path, *arguments: object, env: dict[str, str] | None = None
) -> AsyncIterator[UiServer]:
    """Run `baton dev` with the functions of the demo and of the tests until the block ends.

    It is killed then: a stop would wait for functions that never end.
    """
    allowed = {"BATON_WEBHOOKS_ALLOW_PRIVATE": "true", **(env or {})}
    with dev(folder, "--functions", *FUNCTIONS, *arguments, env=allowed) as running:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield UiServer(running, session)
        running.process.kill()
        running.process.wait()
