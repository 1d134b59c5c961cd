"""Performs calls: finds the function, waits for a slot, and calls it where it runs.

Functions run on the loop, in threads, in processes, behind URLs or in remote workers. Nothing here
records or retries anything. The caller enforces deadlines, by cancellation.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeAlias, assert_never

from baton.domain.json import Json
from baton.domain.run.outcome import Failed, Succeeded
from baton.eventlog.live_attempts import LiveAttempts
from baton.eventlog.metrics.histogram import Histogram
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.attempt_logger import LOGGER, LogSink, NoLogs
from baton.executor.functions.built_ins import NOOP, built_ins
from baton.executor.functions.call import Call, CallOutcome, PerformCall
from baton.executor.functions.concurrency import NO_WEIGHTS, ConcurrencyLimit, FairSemaphore
from baton.executor.functions.http_functions import call_over_http
from baton.executor.functions.python.python_calls import PythonCalls
from baton.executor.functions.registry import (
    BuiltIn,
    Function,
    HttpFunction,
    PythonFunction,
    QueueFunction,
    Registry,
)
from baton.executor.functions.results import failure, json_or_none
from baton.executor.functions.slot_waits import NO_FREE_SLOT, NoFreeSlot, SlotWaits, limited
from baton.executor.tenant_queue import extra_places
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient

FUNCTION_NOT_FOUND = "FUNCTION_NOT_FOUND"
INTERNAL_ERROR = "INTERNAL_ERROR"
NO_WORKERS = "NO_WORKERS"
_NAMES_SHOWN = 20

OnHeartbeat: TypeAlias = Callable[[Call, Json], None]
"""Called on the event loop with an attempt and the progress that its function reports.

The progress is None if the function reports a value that JSON can't represent.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The limits on concurrent calls.

    Args:
        total: Over all functions.
        per_function: Per function on the event loop that declares no limit of its own.
        threads: Threads per blocking function that declares no limit of its own. Functions don't
            share threads or processes, so none can keep another waiting.
        processes: Processes per function with `pool="process"` that declares no limit.
        wait_ms: The longest wait of a call for a slot; then its attempt fails with `NO_FREE_SLOT`.
        hung_threads: The number of threads that may run after the end of their attempt and be
            replaced.
        tenant_weights: Waiting calls per turn by tenant; other tenants have the weight 1.
    """

    total: int = 100_000
    per_function: int = 1_000
    threads: int = 16
    processes: int = 2
    wait_ms: int = 300_000
    hung_threads: int = 100
    tenant_weights: Mapping[str, int] = field(default_factory=lambda: NO_WEIGHTS)


class QueueCaller(Protocol):
    """Performs functions that are declared with a queue, through remote workers."""

    async def perform(
        self,
        function: QueueFunction,
        call: Call,
        on_heartbeat: Callable[[object], None],
        logs: LogSink,
    ) -> CallOutcome:
        """Perform `call` on a worker of the function's queue.

        Args:
            function: The function.
            call: The attempt.
            on_heartbeat: Called on the event loop with each progress that the worker reports.
            logs: Keeps the function's log, on the event loop.
        """
        ...

    async def close(self) -> None:
        """Stop sending tasks and reading results."""
        ...


class NoWorkers(Exception):
    """A function is declared with a queue, but there is no Kafka to reach its workers."""

    def __init__(self, function: QueueFunction) -> None:
        super().__init__(
            f"function {function.name!r} is performed by the workers of queue {function.queue!r}, "
            "which need Kafka: set BATON_LOG=kafka://HOST:PORT"
        )


class RegisteredFunctions:
    """Calls the functions of a registry, to which it adds the built-in ones.

    Args:
        registry: The user's functions.
        clock: Times the built-in `sleep` and the signatures of requests.
        limits: Default: `CallLimits()`.
        policy: The addresses that functions behind a URL may have; default: public ones only.
        on_heartbeat: Default: writes a debug log line.
        logs: Keeps the functions' log lines; default: keeps nothing.
        remote: Performs functions with a queue; closed together with this object.
        live: Gets the running attempts and their heartbeats.

    Raises NoWorkers if the registry holds functions with a queue and `remote` is None.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Clock,
        limits: CallLimits | None = None,
        policy: AddressPolicy | None = None,
        on_heartbeat: OnHeartbeat | None = None,
        logs: LogSink | None = None,
        remote: QueueCaller | None = None,
        live: LiveAttempts | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._limits = limits or CallLimits()
        self._take_heartbeat = on_heartbeat or _log_heartbeat
        self._live = live or LiveAttempts()
        self._client = HttpClient(policy or AddressPolicy())
        self.waits = SlotWaits(clock, self._limits.wait_ms)
        self._logs = logs or NoLogs()
        self.python = PythonCalls(
            self.waits,
            self._limits.hung_threads,
            self._on_heartbeat,
            logs=self._logs,
            clock=clock,
        )
        weights = self._limits.tenant_weights
        self._total = FairSemaphore(
            self._limits.total, extra=extra_places(self._limits.total), weights=weights
        )
        self._remote = remote
        self._performers: dict[Function, PerformCall] = {}
        self._slots: dict[str, ConcurrencyLimit] = {}
        for function in registry:
            if isinstance(function, QueueFunction) and remote is None:
                raise NoWorkers(function)
        for built_in in built_ins(clock=clock, client=self._client):
            registry.add(built_in)

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`. Every failure is a value; only cancellation is raised."""
        self._live.begin(call.tenant, call.execution_id)
        try:
            return await self._call(call)
        finally:
            self._live.end(call.tenant, call.execution_id)

    def _on_heartbeat(self, call: Call, progress: object) -> None:
        copied = json_or_none(progress)
        self._live.heartbeat(call.tenant, call.execution_id, copied, at=self._clock.now())
        self._take_heartbeat(call, copied)

    async def _call(self, call: Call) -> CallOutcome:
        function = self._registry.find(call.function)
        if function is None:
            return await self._call_instead(call)
        try:
            perform = self._performers.get(function) or self._add_performer(function)
            return await perform(call)
        except NoFreeSlot as error:
            return failure(NO_FREE_SLOT, str(error), retryable=True)
        except Exception as error:  # noqa: BLE001 - a bug in Baton must not end the run's task
            LOGGER.exception("calling %r failed inside Baton", function.name)
            return failure(INTERNAL_ERROR, f"{type(error).__name__}: {error}", retryable=True)

    def waiting(self) -> Counter[str]:
        """Return how many calls of each tenant wait for a slot at this moment."""
        return sum((limit.waiting() for limit in self._slots.values()), self._total.waiting())

    def places(self) -> Mapping[tuple[str, str], int]:
        """Return the numbers of places by function and state, for functions that were called."""
        places_by_function = [(name, limit.places()) for name, limit in self._slots.items()]
        return {
            (name, state): n for name, places in places_by_function for state, n in places.items()
        }

    def waits_by_function(self) -> Mapping[str, Histogram]:
        """Return the waits for a slot in seconds, by function, of functions that were called."""
        return {name: one.all_waits() for name, one in self._slots.items()}

    async def close(self) -> None:
        """Close threads, processes and connections, without waiting for blocking functions."""
        await self.python.close()
        await self._client.close()
        if self._remote is not None:
            await self._remote.close()

    async def _call_instead(self, call: Call) -> CallOutcome:
        """Call the function with the step's name, else `noop`, if the definition names none."""
        name = call.step_name
        if name is None:
            return self._not_found(call)
        if self._registry.find(name) is not None:
            return await self._call(replace(call, function=name, step_name=None))
        outcome = await self._call(replace(call, function=NOOP, step_name=None))
        warning = f"There is no function {call.function!r} or {name!r}: {NOOP} was called"
        return replace(outcome, warning=warning) if isinstance(outcome, Succeeded) else outcome

    def _not_found(self, call: Call) -> Failed:
        names = self._registry.names()
        more = len(names) - _NAMES_SHOWN
        listed = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return failure(
            FUNCTION_NOT_FOUND, f"there is no function {call.function!r}; known are: {listed}"
        )

    def _add_performer(self, function: Function) -> PerformCall:
        performer = self._performers[function] = self._performer(function)
        return performer

    def _performer(self, function: Function) -> PerformCall:
        """Return a performer of the calls of `function`, with its concurrency limit built in."""
        if isinstance(function, QueueFunction):
            return partial(self._on_worker, function)  # the worker has limits of its own
        limit = self._limit_of(function)
        match function:
            case PythonFunction():
                return self.python.performer(function, limit)
            case BuiltIn():
                return limited(limit, self.waits, function.perform)
            case HttpFunction():
                client, clock = self._client, self._clock
                perform = partial(call_over_http, function, client=client, clock=clock)
                return limited(limit, self.waits, perform)
            case _:
                assert_never(function)

    def _limit_of(self, function: PythonFunction | BuiltIn | HttpFunction) -> ConcurrencyLimit:
        """Return the limit of a function; a limit that the function declares is never exceeded."""
        size = function.limit or self._default_limit(function)
        extra = 0 if function.limit else extra_places(size)
        weights = self._limits.tenant_weights
        limit = ConcurrencyLimit(self._total, size, extra=extra, weights=weights)
        self._slots[function.name] = limit
        return limit

    def _default_limit(self, function: Function) -> int:
        limits = self._limits
        by_place = {"thread": limits.threads, "process": limits.processes}
        place = function.runs_in if isinstance(function, PythonFunction) else "loop"
        return by_place.get(place, limits.per_function)

    async def _on_worker(self, function: QueueFunction, call: Call) -> CallOutcome:
        if self._remote is None:
            return failure(NO_WORKERS, str(NoWorkers(function)))
        on_heartbeat = partial(self._on_heartbeat, call)
        return await self._remote.perform(function, call, on_heartbeat, self._logs)


def _log_heartbeat(call: Call, progress: Json) -> None:
    LOGGER.debug("%s is at %r", call.execution_id, progress)
