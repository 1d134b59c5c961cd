"""A running server as the host of an engine, by Baton's own API."""

import asyncio
import time
from asyncio import AbstractEventLoop
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from baton.cli.server.events import STRUCTURED, cloud_event
from baton.cli.server.lookup import definition_path, definition_subject
from baton.cli.server.refusals import FORBIDDEN, ServerRefused
from baton.cli.server.runs.run_reference import run_path, run_subject
from baton.domain.artifact import Artifact, Values
from baton.domain.definition.messages import Body
from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.json import Json, JsonObject
from baton.domain.record.matching import MATCHED, match
from baton.domain.run.state import FINAL
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.protocols.iso_time import format_time, parse_time
from baton.testing.documents import Document, read_documents
from baton.testing.host import Control, Explained, NotOnServer, Seen, Waited
from baton.testing.server.recorded import is_whole, recorded_events
from baton.testing.server.requests import Requests
from baton.testing.stubs import Stub

_VIRTUAL_WITHIN_MS: Final = 400 * 86_400_000
_REAL_WITHIN_MS: Final = 30_000
_LONG_POLL_S: Final = 5
"""The longest request that waits for the end of a run, in whole seconds."""
_RECORD_S: Final = 30.0
"""The time in which a record event must have started its runs."""
_POLL_S: Final = 0.02
_PAGE: Final = 500
_EVENTS: Final = 1_000


class ServerHost:
    """Implements `Host` on a running server, with virtual time or the machine's clock.

    Args:
        url: The address of the server.
        token: A token or an API key; None takes the one that the command line would use.
        tenant: The tenant; None takes the only tenant of the token.
    """

    def __init__(self, url: str, token: str | None, tenant: str | None) -> None:
        self._requests = Requests(url, token, tenant)
        self._applied: dict[str, Body] = {}
        self._steps: dict[tuple[str, int], frozenset[str]] = {}
        self._now: int | None = None
        self._no_clock = ""
        self.opened = False

    @property
    def within_ms(self) -> int:
        """400 days of virtual time, or 30 s of real time."""
        return _REAL_WITHIN_MS if self._no_clock else _VIRTUAL_WITHIN_MS

    @property
    def loop(self) -> AbstractEventLoop | None:
        """None: nothing of a server runs in the loop of the test."""
        return None

    @property
    def time(self) -> VirtualTime:
        """Raises NotOnServer."""
        raise NotOnServer("the time of a server isn't in this process: use `clock`")

    async def open(self) -> None:
        """Find out whether the server has virtual time; raises Failed if there is no server."""
        try:
            await self._look_at_clock()
        except Rejected as refused:
            self._no_clock = str(refused)
        except ServerRefused as refused:
            if refused.status != FORBIDDEN:
                raise
            self._no_clock = f"The clock of a server is for administrators: {refused}"
        self.opened = True

    async def close(self) -> None:
        """Do nothing: the server goes on."""

    async def settle(self) -> None:
        """Process all due work; without virtual time the server does so by itself."""
        if not self._no_clock:
            await self._look_at_clock()

    async def crash(self) -> None:
        """Raise NotOnServer."""
        raise NotOnServer(
            "a server can't be crashed from here: kill the process of its executor, or leave url"
            " out to test on an engine in this process"
        )

    def stub(self, stub: Stub) -> None:
        """Raise NotOnServer."""
        raise NotOnServer(
            f"a server calls its own functions: start it with a module that has another"
            f" {stub.name!r} (`baton dev --functions …`), or leave url out to test with stubs"
        )

    def now(self) -> int:
        """Return the last known virtual time, or the machine's time."""
        return time.time_ns() // 1_000_000 if self._now is None else self._now

    async def move_to(self, at: int) -> None:
        """Move the clock; raises NotOnServer unless the server has virtual time."""
        if self._no_clock:
            raise NotOnServer(self._no_clock)
        self._seen(await self._requests.post("/clock", {"to": format_time(at)}))

    async def apply(self, document: Document) -> None:
        """Create definitions, or publish their next versions."""
        for one in read_documents(document):
            await self._requests.apply(one)
            self._applied[one.slug] = one.read.created()

    async def start(self, definition: str, run_input: Json, correlation_id: str | None) -> str:
        """Start a run and return its id."""
        body = {"definition": definition, "input": run_input}
        if correlation_id is not None:
            body["correlationId"] = correlation_id
        about = definition_subject(definition)
        return str((await self._requests.post("/runs", body, about))["id"])

    async def record(
        self, kind: str, structure: str, record_id: str, data: JsonObject | None
    ) -> Sequence[str]:
        """Send a record event; return the ids of its runs when all that match have started."""
        event_id = str(uuid4())
        subject = f"{structure}/{record_id}" if record_id else structure
        event = cloud_event(subject, kind, data, event_id)
        sent = await self._requests.post("/events", event, media=STRUCTURED)
        own = [match(one, kind, structure) is MATCHED for one in self._applied.values()]
        path = f"/records/{derived_id('record', event['source'], event_id)}"
        until = time.monotonic() + _RECORD_S
        while True:
            await self.settle()
            matches = (await self._requests.get(path))["matches"]
            if len(matches) >= max(sent["matched"], sum(own)) or time.monotonic() > until:
                return [one["runId"] for one in matches if one["outcome"] == "fired"]
            await asyncio.sleep(_POLL_S)

    async def decide(self, definition: str, step: str, scope: Mapping[str, Json]) -> str | None:
        """Return the step that a decision chooses."""
        path, about = f"{definition_path(definition)}/test-decision", definition_subject(definition)
        found = await self._requests.post(path, {"stepId": step, **scope}, about)
        return None if found.get("next") is None else str(found["next"])

    async def runs(self, definition: str | None) -> Sequence[str]:
        """Return the ids of the tenant's runs in the order of their requests."""
        found: list[str] = []
        cursor = None
        while True:
            page = await self._requests.get(
                "/runs", definition=definition, cursor=cursor, limit=_PAGE
            )
            found += [one["id"] for one in page["runs"]]
            cursor = page.get("next")
            if cursor is None:
                return found[::-1]

    async def control(self, run_id: str, verb: Control, reason: str | None) -> None:
        """Cancel, pause or resume a run."""
        body = {} if reason is None else {"reason": reason}
        await self._requests.post(f"{run_path(run_id)}/{verb}", body, run_subject(run_id))

    async def see(self, run_id: str) -> Seen:
        """Return the history of a run, with its definition's slug and steps."""
        path, about = run_path(run_id), run_subject(run_id)
        run = await self._requests.get(path, about, fields="")
        shown: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self._requests.get(f"{path}/events", about, after=after, limit=_EVENTS)
            shown += page["events"]
            after = page.get("next")
        whole = run if is_whole(shown) else await self._requests.get(path, about)
        return Seen(
            slug=run["slug"],
            steps=await self._steps_of(run["definitionId"], run["version"]),
            history=recorded_events(run_id, shown, whole),
        )

    async def load(self, artifacts: Iterable[Artifact]) -> Values:
        """Return the values of artifacts."""
        hashes = {one.sha256 for one in artifacts}
        return {one: await self._requests.get(f"/artifacts/{one}") for one in hashes}

    async def explain(self, run_id: str) -> Explained:
        """Return why a run is where it is."""
        path = f"{run_path(run_id)}/explain"
        found = await self._requests.get(path, run_subject(run_id))
        return Explained(
            because=[one["text"] for one in found["because"]],
            ended=found["status"] in FINAL,
            is_due=any("dueAt" in one for one in found["next"]),
        )

    async def wait(self, run_id: str, within_ms: int) -> Waited:
        """Wait for the end of a run, or skip time until it has ended."""
        if self._no_clock:
            return await self._wait_in_real_time(run_id, within_ms / 1_000)
        await self._look_at_clock()
        until = self.now() + within_ms
        while True:
            due_at = await self._look_at_clock()
            run = await self._requests.get(run_path(run_id), run_subject(run_id), fields="")
            if run["status"] in FINAL:
                return "ended"
            # An explanation reads all events of a run; it also knows the deadlines of attempts.
            is_due = "dueAt" in run or (await self.explain(run_id)).is_due
            if not is_due or due_at is None:
                return "stuck"
            if due_at > until:
                return "late"
            await self.move_to(due_at)

    async def _steps_of(self, definition: str, version: int) -> frozenset[str]:
        """Return the ids of the steps of a version, which never changes."""
        if (definition, version) not in self._steps:
            path = f"{definition_path(definition)}/graph"
            graph = await self._requests.get(path, version=version)
            self._steps[definition, version] = frozenset(one["id"] for one in graph["nodes"])
        return self._steps[definition, version]

    async def _wait_in_real_time(self, run_id: str, within_s: float) -> Waited:
        until, wait_s = time.monotonic() + within_s, 0
        while True:
            run = await self._requests.get_when_ended(run_path(run_id), wait_s)
            left_s = until - time.monotonic()
            if run["status"] in FINAL:
                return "ended"
            if run["status"] == "paused":
                return "stuck"
            if left_s <= 0:
                return "late"
            wait_s = min(int(left_s), _LONG_POLL_S)
            if not wait_s:
                await asyncio.sleep(min(left_s, _POLL_S))

    async def _look_at_clock(self) -> int | None:
        """Wait until the server has processed all due work; return the next due time, if any."""
        return self._seen(await self._requests.get("/clock"))

    def _seen(self, clock: Mapping[str, Any]) -> int | None:
        self._now = parse_time(clock["now"])
        return parse_time(clock["nextDueAt"]) if "nextDueAt" in clock else None
