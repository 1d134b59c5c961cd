"""The engine of tests: in the process of the test, or against a running server."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Final, Self, cast

from baton.domain.json import Json, JsonObject
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.executor.functions.results import InvalidOutput, json_copy
from baton.testing.clock import Duration, EngineClock, Moment, duration_ms, moment_ms
from baton.testing.documents import Document
from baton.testing.embedded.host import EmbeddedHost
from baton.testing.embedded.process import MEMORY, Source
from baton.testing.golden import GoldenFiles
from baton.testing.host import Host, event_kind
from baton.testing.runs import Run
from baton.testing.stubs import UNSET, Answer, FunctionReference, Stub, answers_of, name_of
from baton.testing.synchronous import SyncEngine

START: Final = "2026-01-01T00:00:00Z"
"""The default time at which the clock of an engine begins."""


class Engine:
    """Runs workflows in the event loop of the test on stores in memory, or on a server.

    It starts with the first call, and it is an asynchronous context manager. Its clock moves only
    when a test moves it or waits for a run, and never while a function runs.

    Args:
        sources: The functions that the steps of runs call.
        definitions: Definitions to apply first, as `apply` takes them.
        start: The time at which the clock begins.
        seed: Seeds the ids and the jitter of backoffs, so that every run of a test is the same.
        only_stubs: Fail the steps whose functions have no stub.
        url: The address of an empty store, as `BATON_STORE` takes it, or of a server (`http://…`);
            by default stores in memory. A server has its own functions and its own clock.
        token: The token for the server; by default `BATON_TOKEN`, or the token of a `baton dev` in
            this folder.
        tenant: The tenant on the server; required if the token is valid for several.
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
        token: str | None = None,
        tenant: str | None = None,
        golden: GoldenFiles | None = None,
    ) -> None:
        self.golden = golden
        self.host: Host
        if url.startswith(("http://", "https://")):
            if sources or only_stubs or seed or start != START:
                raise ValueError(
                    "a server has its own functions, clock and ids: start it with `baton dev"
                    " --functions … --virtual-time`, or leave url out"
                )
            from baton.testing.server.host import ServerHost  # noqa: PLC0415 - loads the CLI's client

            self.host = ServerHost(url, token, tenant)
        else:
            if token is not None or tenant is not None:
                raise ValueError("token and tenant are for a server: url must begin with http")
            self.host = EmbeddedHost(
                sources, start=moment_ms(start), seed=seed, only_stubs=only_stubs, url=url
            )
        self.clock = EngineClock(self.host, self.ready)
        self._definitions = tuple(definitions)
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
        return self.host.loop

    @property
    def time(self) -> VirtualTime:
        """The virtual time of an engine in this process."""
        return self.host.time

    async def close(self) -> None:
        """Stop the engine; running attempts are cancelled. A server goes on."""
        await self.host.close()

    async def apply(self, *definitions: Document) -> None:
        """Create definitions, or publish their next versions.

        Args:
            definitions: In Baton's own format: a YAML or JSON file, a folder of such files, or the
                document itself as a dictionary.

        Raises ValueError, which names every fault.
        """
        await self.ready()
        for document in definitions:
            await self.host.apply(document)
        await self.host.settle()

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
        """Replace a function by a stub from now on; return the stub, which records its calls.

        Args:
            function: The marked function, or a name or id that steps use.
            returns: The result of the first call; None is the default.
            raises: An exception or an exception class that the first call raises.
            then: The results of the later calls; the last one is repeated. Exceptions and
                exception classes are raised.
            calls: A function to call instead, with as many of `(payload, context)` as it takes.
            takes: The duration of each call on the engine's clock.

        Raises `baton.testing.NotOnServer` against a server.
        """
        stub = Stub(
            name=name_of(function),
            answers=answers_of(returns, raises, then, calls),
            function=calls,
            takes_ms=duration_ms(takes),
        )
        self.host.stub(stub)
        return stub

    async def start(
        self,
        definition: str,
        input: Json = None,  # noqa: A002 - the word of definitions
        *,
        correlation_id: str | None = None,
    ) -> Run:
        """Start a run of a definition, and process all due work.

        Args:
            definition: The slug.
            input: The run's input; an empty object by default.
            correlation_id: The caller's own id for the run.

        Raises `baton.domain.errors.Rejected` if the definition isn't active, LookupError if it
        doesn't exist, and ValueError for an input that a server would refuse.
        """
        given = {} if input is None else _checked(input, "the input")
        await self.ready()
        return await self._run(await self.host.start(definition, given, correlation_id))

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
            record_id: The id of the record; a server requires it.
            data: The record.

        Raises ValueError for a record that a server would refuse.
        """
        checked = cast("JsonObject | None", _checked(data, "the record"))
        await self.ready()
        found = await self.host.record(event_kind(event), structure, record_id, checked)
        return [await self._run(run_id) for run_id in found]

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
        scope: dict[str, Json] = {
            "input": {} if input is None else input,
            "context": context or {},
            "steps": {name: {"output": value} for name, value in (outputs or {}).items()},
        }
        await self.ready()
        return await self.host.decide(definition, step, scope)

    async def runs(self, definition: str | None = None) -> list[Run]:
        """Return all runs, or those of one definition, in the order of their requests."""
        await self.ready()
        return [await self._run(run_id) for run_id in await self.host.runs(definition)]

    async def crash(self) -> None:
        """End the executor as if its process were killed, and start another one.

        The new executor takes the runs over; running attempts are lost. Raises
        `baton.testing.NotOnServer` against a server.
        """
        await self.ready()
        await self.host.crash()

    async def settle(self) -> None:
        """Process all due work; the clock stays where it is."""
        await self.ready()
        await self.host.settle()

    async def ready(self) -> None:
        """Start the engine if it isn't running."""
        async with self._opening:
            if not self.host.opened:
                await self._open()

    async def _open(self) -> None:
        await self.host.open()
        try:
            for document in self._definitions:
                await self.host.apply(document)
            await self.host.settle()
        except BaseException:
            await self.host.close()
            raise

    async def _run(self, run_id: str) -> Run:
        return await Run(self.host, run_id, self.golden).refresh()


def _checked(value: Json, what: str) -> Json:
    """Return a copy of a value that is checked as a server checks it; raises ValueError."""
    try:
        return json_copy(value)
    except InvalidOutput as error:
        raise ValueError(str(error).replace("the output", what, 1)) from None


def engine(
    *sources: Source,
    definitions: Iterable[Document] = (),
    start: Moment = START,
    seed: int = 0,
    only_stubs: bool = False,
    url: str = MEMORY,
    token: str | None = None,
    tenant: str | None = None,
) -> Engine:
    """Return an engine for `async with`, or for `with` in tests that aren't asynchronous.

        async with engine(orders, definitions=["orders.yaml"]) as baton:
            (await baton.run("order-processing", {"total": 59})).completed()

    The arguments are those of `Engine`.
    """
    return Engine(
        *sources,
        definitions=definitions,
        start=start,
        seed=seed,
        only_stubs=only_stubs,
        url=url,
        token=token,
        tenant=tenant,
    )
