"""The engine of tests: the roles of `baton dev` on stores in memory, with virtual time."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from types import ModuleType, TracebackType
from typing import Final, Literal, Self, TypeAlias, assert_never

from baton.backend_choice import backend_of
from baton.command_api.commands import (
    ExplainedRun,
    cancel_run,
    explain_run,
    pause_run,
    resume_run,
    send_records,
    start_run,
    test_decision,
)
from baton.command_api.principal import ADMIN, Principal
from baton.command_api.services import Services
from baton.domain.artifact import Artifact, Values
from baton.domain.event_type import type_fault
from baton.domain.ids import id_text
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import RequestRun, RunRequested
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.testing.clock import Duration, EngineClock, Moment, duration_ms, moment_ms
from baton.testing.definitions import Definitions, Document
from baton.testing.golden import GoldenFiles
from baton.testing.process import MEMORY, EngineProcess
from baton.testing.runs import Run
from baton.testing.stubs import Answer, FunctionReference, Stub, name_of
from baton.testing.synchronous import UNSET, SyncEngine

START: Final = "2026-01-01T00:00:00Z"
"""The time at which the clock of an engine begins, unless the test says else."""
TENANT: Final = "test"
_LOG_PAGE: Final = 1_000

Control: TypeAlias = Literal["cancel", "pause", "resume"]
Source: TypeAlias = Callable[..., object] | ModuleType | str | Path
"""A marked function, a module, or the file or dotted name of a module with marked functions."""


class Engine:
    """Runs workflows in the event loop of the test, on stores in memory.

    It starts with the first call, and it is an asynchronous context manager. Its clock moves only
    when a test moves it or waits for a run, and never while a function runs.

    Args:
        sources: The functions that the steps of runs call.
        definitions: Definitions to apply first, as `apply` takes them.
        start: The time at which the clock begins.
        seed: Draws the ids and the jitter of backoffs, so that a test sees the same each time.
        only_stubs: Fail the steps whose functions have no stub.
        url: The address of an empty store, as `BATON_STORE` takes it; by default in memory.
        golden: The golden files of the test.

    Attributes:
        clock: The time.
    """

    def __init__(
        self,
        *sources: Source,
        definitions: Iterable[Document] = (),
        start: Moment = START,
        seed: int = 0,
        only_stubs: bool = False,
        url: str = MEMORY,
        golden: GoldenFiles | None = None,
    ) -> None:
        self.golden = golden
        self.time = VirtualTime(moment_ms(start), real_idle=_is_shared(url))
        self.clock = EngineClock(self.time, self.settle)
        self._user = Principal(subject="test", tenant=TENANT, scopes=frozenset((ADMIN,)))
        self._rng = Random(seed)  # noqa: S311 - reproducible on purpose
        self._process = EngineProcess(sources, self.time, self._rng, only_stubs=only_stubs, url=url)
        self._definitions = Definitions(self._user, self._new_id)
        self._first = tuple(definitions)
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Start the engine."""
        await self.settle()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Stop the engine."""
        await self.close()

    def __enter__(self) -> SyncEngine:
        """Start the engine in a thread, and return it with methods that block."""
        self._synchronous = SyncEngine(self)
        return self._synchronous

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop the engine and its thread."""
        self._synchronous.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop in which the engine runs; None before its first call."""
        return self._process.loop

    async def close(self) -> None:
        """Stop the engine; running attempts are cancelled."""
        await self._process.close()

    async def apply(self, *definitions: Document) -> None:
        """Create definitions, or publish their next versions.

        Args:
            definitions: In Baton's own format: a YAML or JSON file, a folder of such files, or the
                document itself as a dictionary.

        Raises ValueError, which names every fault.
        """
        services = await self._services()
        for document in definitions:
            await self._definitions.apply(services, document, self.time.clock.now())
        await self.settle()

    def stub(
        self,
        function: FunctionReference,
        *,
        returns: Answer = UNSET,
        raises: Answer = UNSET,
        then: Iterable[Answer] = (),
        calls: Callable[..., object] | None = None,
        takes: Duration = 0,
    ) -> Stub:
        """Let a stub answer for a function from now on; return it, with the calls that it gets.

        Args:
            function: The marked function, or a name or id that steps use.
            returns: The answer to the first call; None is the default.
            raises: An exception, or its class, which the first call raises.
            then: The answers to the calls after that; the last one is repeated. Exceptions and
                their classes are raised.
            calls: A function that answers instead, with as much of `(payload, context)` as it
                takes.
            takes: The time on the engine's clock that each call takes.
        """
        first = [one for one in (returns, raises) if one is not UNSET]
        answers = (*first, *then) or (None,)
        if len(first) > 1 or (calls is not None and (first or answers != (None,))):
            raise ValueError("a stub has only one of returns, raises and calls")
        stub = Stub(
            name=name_of(function),
            answers=answers,
            function=calls,
            takes_ms=duration_ms(takes),
        )
        self._process.calls.add(stub)
        return stub

    async def start(
        self,
        definition: str,
        input: Json = None,  # noqa: A002 - the word of definitions
        *,
        correlation_id: str | None = None,
    ) -> Run:
        """Start a run of a definition, and do what is due now.

        Args:
            definition: The slug.
            input: The run's input; an empty object by default.
            correlation_id: The caller's own id for the run.

        Raises `baton.domain.errors.Rejected` if the definition isn't active, LookupError if there
        is none.
        """
        services = await self._services()
        command = RequestRun(
            run_id=self._new_id(),
            definition=await self._definitions.load(services, definition),
            trigger=BY_HAND,
            actor=self._user.actor,
            at=self.time.clock.now(),
            input={} if input is None else input,
            correlation_id=correlation_id,
        )
        await start_run(services, command)
        return await Run(self, command.run_id).refresh()

    async def run(
        self,
        definition: str,
        input: Json = None,  # noqa: A002 - the word of definitions
        *,
        correlation_id: str | None = None,
    ) -> Run:
        """Start a run as `start` does, and wait for its end."""
        started = await self.start(definition, input, correlation_id=correlation_id)
        return await started.wait()

    async def record(
        self, event: str, structure: str, record_id: str = "", data: JsonObject | None = None
    ) -> list[Run]:
        """Send a record event; return the runs that it starts.

        Args:
            event: `created`, `updated`, `deleted`, `restored`, or any other type of CloudEvents.
            structure: The structure that the record belongs to.
            record_id: The id of the record.
            data: The record.
        """
        services, now = await self._services(), self.time.clock.now()
        kind = f"record.{event}" if type_fault(f"record.{event}") is None else event
        if fault := type_fault(kind):
            raise ValueError(f"event {event!r} {fault}")
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
        sent = await send_records(services, self._user, [received])
        return await self._runs_after(sent.position)

    async def decide(
        self,
        definition: str,
        step: str,
        input: Json = None,  # noqa: A002 - as above
        *,
        context: JsonObject | None = None,
        outputs: Mapping[str, Json] | None = None,
    ) -> str | None:
        """Return the step that a decision chooses, None if it ends the run; no run is started.

        Args:
            definition: The slug.
            step: The id of the decision step.
            input: The input of the run; an empty object by default.
            context: The shared context.
            outputs: Outputs of earlier steps by their ids.

        Raises `baton.domain.errors.Rejected` unless `step` is a decision step.
        """
        scope = {
            "input": {} if input is None else input,
            "context": context or {},
            "steps": {name: {"output": value} for name, value in (outputs or {}).items()},
        }
        found = await self._definitions.load(await self._services(), definition)
        return test_decision(found.body.graph, step, scope).selected

    async def runs(self, definition: str | None = None) -> list[Run]:
        """Return all runs, or those of one definition, in the order of their requests."""
        found = await self._runs_after(0)
        return [one for one in found if definition is None or one.definition == definition]

    async def crash(self) -> None:
        """End the executor as if its process were killed, and start another one.

        The other one takes the runs over; attempts that were running are lost.
        """
        await self._services()
        await self._process.crash()
        await self.settle()

    async def settle(self) -> None:
        """Do what is due now; the clock stays where it is."""
        await self._services()
        await self._process.settle()

    async def control(self, run_id: str, verb: Control, reason: str | None = None) -> None:
        """Cancel, pause or resume a run; raises `Rejected` where its status doesn't allow that."""
        services, now = await self._services(), self.time.clock.now()
        match verb:
            case "cancel":
                await cancel_run(services, self._user, run_id, at=now, reason=reason)
            case "pause":
                await pause_run(services, self._user, run_id, at=now, reason=reason)
            case "resume":
                await resume_run(services, self._user, run_id, at=now)
            case _:
                assert_never(verb)

    async def history_of(self, run_id: str) -> Sequence[Recorded]:
        """Return the events of a run."""
        services = await self._services()
        return await services.store.read(stream_name(TENANT, RUN.name, run_id))

    async def explain(self, run_id: str) -> ExplainedRun:
        """Return why a run is where it is."""
        return await explain_run(await self._services(), TENANT, run_id)

    async def load(self, artifacts: Iterable[Artifact]) -> Values:
        """Return large values of runs."""
        return await (await self._services()).values.load(TENANT, artifacts)

    def slug_of(self, definition_id: str) -> str:
        """Return the slug of a definition that was applied."""
        return self._definitions.slugs[definition_id]

    async def _services(self) -> Services:
        async with self._opening:
            if not self._process.opened:
                await self._open()
        return self._process.services

    async def _open(self) -> None:
        services = await self._process.open()
        try:
            for document in self._first:
                await self._definitions.apply(services, document, self.time.clock.now())
            await self._process.settle()
        except BaseException:
            await self._process.close()
            raise

    async def _runs_after(self, position: int) -> list[Run]:
        """Return the runs that were requested behind a position of the log."""
        await self.settle()
        store, found = (await self._services()).store, []
        while page := await store.read_all(after=position, limit=_LOG_PAGE):
            position = page[-1].position
            found += [one for one in page if isinstance(one.event, RunRequested)]
        return [await Run(self, stream_parts(one.stream).id).refresh() for one in found]

    def _new_id(self) -> str:
        """Return an id as `baton.eventlog.ids` makes them, drawn from the seed."""
        seconds = (self.time.clock.now() // 1_000) & 0xFFFFFFFF
        return id_text(seconds.to_bytes(4, "big") + self._rng.randbytes(8))


def _is_shared(url: str) -> bool:
    """Return whether other processes can use a store as well; raises LookupError.

    The notices of such a store need real time, also while the clock stands.
    """
    return "shared" in backend_of(url).capabilities


def engine(
    *sources: Source,
    definitions: Iterable[Document] = (),
    start: Moment = START,
    seed: int = 0,
    only_stubs: bool = False,
    url: str = MEMORY,
) -> Engine:
    """Return an engine for `async with`, or for `with` in tests that aren't asynchronous.

        async with engine(orders, definitions=["orders.yaml"]) as baton:
            (await baton.run("order-processing", {"total": 59})).completed()

    The arguments are those of `Engine`.
    """
    return Engine(
        *sources, definitions=definitions, start=start, seed=seed, only_stubs=only_stubs, url=url
    )
