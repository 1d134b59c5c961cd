"""The engine for tests that aren't asynchronous: its event loop runs in a thread."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Any, Self, TypeVar

from baton.domain.json import Json, JsonObject
from baton.testing.assertions import ObservedRun
from baton.testing.clock import Duration, Moment
from baton.testing.documents import Document
from baton.testing.runs import Run
from baton.testing.stubs import UNSET, Answer, FunctionReference, Stub

if TYPE_CHECKING:
    from baton.testing.engines import Engine

T = TypeVar("T")


class SyncRun(ObservedRun):
    """A run of an engine in a thread."""

    def __init__(self, engine: "SyncEngine", run: Run) -> None:
        super().__init__(run.id, run.golden)
        self._engine = engine
        self._run = run
        self.observe(run)

    def wait(self, within: Duration | None = None) -> Self:
        """Skip time until the run has ended, as `Run.wait` does; raises Stalled."""
        __tracebackhide__ = True
        return self.observe(self._engine.call(self._run.wait(within)))

    def refresh(self) -> Self:
        """Process all due work, without moving the clock, and read the run again."""
        return self.observe(self._engine.call(self._run.refresh()))

    def explain(self) -> str:
        """Return why the run is where it is, a sentence for each step that it waits for."""
        return self._engine.call(self._run.explain())


class SyncClock:
    """The clock of an engine in a thread."""

    def __init__(self, engine: "SyncEngine", inner: "Engine") -> None:
        self._engine = engine
        self._clock = inner.clock

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return self._clock.now()

    def advance(self, duration: Duration) -> None:
        """Move the clock by `duration`, and stop at each due time on the way."""
        self._engine.call(self._clock.advance(duration))

    def to(self, moment: Moment) -> None:
        """Move the clock to `moment`; raises ValueError if it is past."""
        self._engine.call(self._clock.to(moment))


class SyncEngine:
    """An engine whose methods block; they are those of `Engine`.

    Attributes:
        clock: The time.
    """

    def __init__(self, inner: "Engine") -> None:
        self._inner = inner
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="baton.testing", daemon=True)
        self._thread.start()
        self.clock = SyncClock(self, inner)
        try:
            self.call(inner.settle())
        except BaseException:
            self._stop_loop()
            raise

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the engine's loop, and return its result."""
        __tracebackhide__ = True
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Stop the engine and its thread."""
        try:
            self.call(self._inner.close())
        finally:
            self._stop_loop()

    def apply(self, *definitions: Document) -> None:
        """Create definitions, or publish their next versions."""
        self.call(self._inner.apply(*definitions))

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
        """Replace a function by a stub from now on."""
        return self._inner.stub(
            function, returns=returns, raises=raises, then=then, calls=calls, takes=takes
        )

    def start(
        self,
        definition: str,
        input: Json = None,  # noqa: A002 - the word of definitions
        *,
        correlation_id: str | None = None,
    ) -> SyncRun:
        """Start a run of a definition, and process all due work."""
        starting = self._inner.start(definition, input, correlation_id=correlation_id)
        return SyncRun(self, self.call(starting))

    def run(
        self,
        definition: str,
        input: Json = None,  # noqa: A002 - as above
        *,
        correlation_id: str | None = None,
    ) -> SyncRun:
        """Start a run, and wait for its end."""
        return self.start(definition, input, correlation_id=correlation_id).wait()

    def record(
        self, event: str, structure: str, record_id: str = "", data: JsonObject | None = None
    ) -> list[SyncRun]:
        """Send a record event; return the runs that it starts."""
        started = self.call(self._inner.record(event, structure, record_id, data))
        return [SyncRun(self, run) for run in started]

    def decide(
        self,
        definition: str,
        step: str,
        input: Json = None,  # noqa: A002 - as above
        *,
        context: JsonObject | None = None,
        outputs: Mapping[str, Json] | None = None,
    ) -> str | None:
        """Return the step that a decision chooses, None if it ends the run; no run is started."""
        deciding = self._inner.decide(definition, step, input, context=context, outputs=outputs)
        return self.call(deciding)

    def runs(self, definition: str | None = None) -> list[SyncRun]:
        """Return all runs, or those of one definition, in the order of their requests."""
        return [SyncRun(self, run) for run in self.call(self._inner.runs(definition))]

    def crash(self) -> None:
        """End the executor as if its process were killed, and start another one."""
        self.call(self._inner.crash())

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
