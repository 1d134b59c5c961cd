"""An engine in the process of the test: the roles of `baton dev`, with virtual time."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final, assert_never

from baton.command_api.commands import (
    cancel_run,
    explain_run,
    pause_run,
    resume_run,
    send_records,
    start_run,
    test_decision,
)
from baton.command_api.commands.runs import graph_of
from baton.command_api.principal import ADMIN, Principal
from baton.domain.artifact import Artifact, Values
from baton.domain.ids import id_text
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.control.explain import explain
from baton.domain.run.control.explanation import Explanation
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.state import FINAL
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import load
from baton.testing.documents import Document
from baton.testing.embedded.definitions import Definitions
from baton.testing.embedded.process import EngineProcess, Source
from baton.testing.host import Control, Explained, Seen, Waited
from baton.testing.stubs import Stub

TENANT: Final = "test"
_WITHIN_MS: Final = 400 * 86_400_000
_LOG_PAGE: Final = 1_000


class EmbeddedHost(EngineProcess):
    """Implements `Host` with roles in the event loop of the test.

    Its clock moves only when a test moves it or waits for a run, and never while a function runs.

    Args:
        sources: The functions that the steps of runs call.
        start: The time at which the clock begins, in ms since the epoch.
        seed: Seeds the ids and the jitter of backoffs, so that every run of a test is the same.
        only_stubs: Fail the steps whose functions have no stub.
        url: The address of an empty store, as `BATON_STORE` takes it.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        *,
        start: int,
        seed: int,
        only_stubs: bool,
        url: str,
    ) -> None:
        rng = Random(seed)  # noqa: S311 - reproducible on purpose
        super().__init__(sources, rng, start=start, only_stubs=only_stubs, url=url)
        self.within_ms = _WITHIN_MS
        self._user = Principal(subject="test", tenant=TENANT, scopes=frozenset((ADMIN,)))
        self._definitions = Definitions(self._user, self._new_id)

    def now(self) -> int:
        """Return the time, in ms since the epoch."""
        return self.time.clock.now()

    async def move_to(self, at: int) -> None:
        """Move the clock, and stop at each due time on the way."""
        await self.time.move_to(at)

    def stub(self, stub: Stub) -> None:
        """Replace a function by a stub from now on."""
        self.calls.add(stub)

    async def apply(self, document: Document) -> None:
        """Create definitions, or publish their next versions."""
        await self._definitions.apply(self.services, document, self.now())

    async def start(self, definition: str, run_input: Json, correlation_id: str | None) -> str:
        """Start a run and return its id."""
        command = RequestRun(
            run_id=self._new_id(),
            definition=await self._definitions.load(self.services, definition),
            trigger=BY_HAND,
            actor=self._user.actor,
            at=self.now(),
            input=run_input,
            correlation_id=correlation_id,
        )
        await start_run(self.services, command)
        return command.run_id

    async def record(
        self, kind: str, structure: str, record_id: str, data: JsonObject | None
    ) -> Sequence[str]:
        """Send a record event and return the ids of the runs that it starts."""
        now = self.now()
        received = ReceiveRecord(
            event_id=self._new_id(),
            source=TENANT,
            type=kind,
            tenant=TENANT,
            structure=structure,
            record_id=record_id,
            data=data,
            time=now,
            at=now,
        )
        sent = await send_records(self.services, self._user, [received])
        return [run_id for run_id, _ in await self._requests_after(sent.position)]

    async def decide(self, definition: str, step: str, scope: Mapping[str, Json]) -> str | None:
        """Return the step that a decision chooses."""
        found = await self._definitions.load(self.services, definition)
        return test_decision(found.body.graph, step, scope).selected

    async def runs(self, definition: str | None) -> Sequence[str]:
        """Return the ids of runs in the order of their requests."""
        found, slugs = await self._requests_after(0), self._definitions.slugs
        return [run_id for run_id, of in found if definition in (None, slugs[of])]

    async def control(self, run_id: str, verb: Control, reason: str | None) -> None:
        """Cancel, pause or resume a run."""
        services, now = self.services, self.now()
        match verb:
            case "cancel":
                await cancel_run(services, self._user, run_id, at=now, reason=reason)
            case "pause":
                await pause_run(services, self._user, run_id, at=now, reason=reason)
            case "resume":
                await resume_run(services, self._user, run_id, at=now)
            case _:
                assert_never(verb)

    async def see(self, run_id: str) -> Seen:
        """Return the history of a run, with its definition's slug and steps."""
        history = await self.services.store.read(stream_name(TENANT, RUN.name, run_id))
        requested = history[0].event
        slug = self._definitions.slugs[requested.definition_id]
        body = (await self._definitions.load(self.services, slug)).versions[requested.version]
        return Seen(slug=slug, steps=frozenset(body.graph.by_id), history=history)

    async def load(self, artifacts: Iterable[Artifact]) -> Values:
        """Return the values of artifacts."""
        return await self.services.values.load(TENANT, artifacts)

    async def explain(self, run_id: str) -> Explained:
        """Return why a run is where it is."""
        found = (await explain_run(self.services, TENANT, run_id)).explanation
        return Explained(
            because=[reason.text for reason in found.because],
            ended=found.status in FINAL,
            is_due=_is_due(found),
        )

    async def wait(self, run_id: str, within_ms: int) -> Waited:
        """Skip time until a run has ended."""
        until, moves = self.now() + within_ms, True
        stream, run = stream_name(TENANT, RUN.name, run_id), None
        graph = await graph_of(self.services, TENANT, run_id)
        while True:
            await self.settle()
            run = await load(self.services.store, RUN, stream, known=run)
            if run.state.final:
                return "ended"
            if not moves:
                return "late"
            if not _is_due(explain(graph, run.state, self.now())):
                return "stuck"
            moves = await self.time.step(until)

    async def _requests_after(self, position: int) -> list[tuple[str, str]]:
        """Return the run ids and definition ids of the runs requested after a position."""
        await self.settle()
        found: list[Recorded] = []
        while page := await self.services.store.read_all(after=position, limit=_LOG_PAGE):
            position = page[-1].position
            found += [one for one in page if isinstance(one.event, RunRequested)]
        return [(stream_parts(one.stream).id, one.event.definition_id) for one in found]

    def _new_id(self) -> str:
        """Return an id as `baton.eventlog.ids` makes them, drawn from the seed."""
        seconds = (self.now() // 1_000) & 0xFFFFFFFF
        return id_text(seconds.to_bytes(4, "big") + self._rng.randbytes(8))


def _is_due(found: Explanation) -> bool:
    """Return whether there is a time at which a run goes on."""
    return any(one.due_at is not None for one in found.next)
