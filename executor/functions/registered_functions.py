"""Performs calls: finds the function, waits for a slot, runs it on the loop, in a thread or beyond.

Nothing here records or retries anything. The caller enforces deadlines, by cancellation.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Protocol, TypeAlias, assert_never

import orjson

from baton.domain.json import JsonObject
from baton.domain.run.messages import Failed
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.built_ins import built_ins
from baton.executor.functions.call import Call, CallOutcome, PerformCall
from baton.executor.functions.call_python import call_async, call_blocking
from baton.executor.functions.concurrency import ConcurrencyLimit, FifoSemaphore, limited
from baton.executor.functions.http_functions import call_over_http
from baton.executor.functions.process_pool import ProcessPool
from baton.executor.functions.registry import (
    BuiltIn,
    Function,
    HttpFunction,
    PythonFunction,
    QueueFunction,
    Registry,
)
from baton.executor.functions.results import failure
from baton.executor.functions.step_context import (
    LOGGER,
    attempt_logger,
    build_step_context,
    context_members,
)
from baton.executor.functions.thread_pool import DaemonThreadPool
from baton.executor.sdk import AttemptOver
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient

FUNCTION_NOT_FOUND = "FUNCTION_NOT_FOUND"
INTERNAL_ERROR = "INTERNAL_ERROR"
NO_WORKERS = "NO_WORKERS"
_NAMES_SHOWN = 20

OnHeartbeat: TypeAlias = Callable[[Call, object], None]
"""Called on the event loop with an attempt and the progress that its function reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The limits on concurrent calls.

    Args:
        total: Over all functions.
        per_function: Of one function that declares no limit of its own.
        threads: Threads for blocking functions. One function gets at most half of them, so that it
            can't block all others, unless it declares a limit.
        processes: Processes for functions with `pool="process"`.
    """

    total: int = 2_000
    per_function: int = 1_000
    threads: int = 32
    processes: int = 2


class QueueCaller(Protocol):
    """Performs the functions of queues through remote workers."""

    async def perform(
        self, function: QueueFunction, call: Call, on_heartbeat: Callable[[object], None]
    ) -> CallOutcome:
        """Perform `call` on a worker of the function's queue.

        Args:
            on_heartbeat: Called on the event loop with each progress that the worker reports.
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
    """Calls the functions of a registry, to which it adds the built-ins.

    Args:
        registry: The user's functions.
        clock: Times the built-in `sleep` and the signatures of requests.
        limits: Default: `CallLimits()`.
        policy: Addresses that functions behind a URL may have; default: public ones only.
        on_heartbeat: Default: a debug log line.
        remote: Performs the functions of queues; closed together with this object.

    Raises NoWorkers if the registry holds functions of queues and `remote` is None.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Clock,
        limits: CallLimits | None = None,
        policy: AddressPolicy | None = None,
        on_heartbeat: OnHeartbeat | None = None,
        remote: QueueCaller | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._limits = limits or CallLimits()
        self._on_heartbeat = on_heartbeat or _log_heartbeat
        self._client = HttpClient(policy or AddressPolicy())
        self._threads = DaemonThreadPool(self._limits.threads)
        self._processes = ProcessPool(self._limits.processes)
        self._total = FifoSemaphore(self._limits.total)
        self._remote = remote
        self._performers: dict[Function, PerformCall] = {}
        for function in registry:
            if isinstance(function, QueueFunction) and remote is None:
                raise NoWorkers(function)
        for built_in in built_ins(clock=clock, client=self._client):
            registry.add(built_in)

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`. Every failure is a value; only cancellation is raised."""
        function = self._registry.find(call.function)
        if function is None:
            return self._not_found(call)
        try:
            return await (self._performers.get(function) or self._add_performer(function))(call)
        except Exception as error:  # noqa: BLE001 - a bug in Baton must not end the run's task
            LOGGER.exception("calling %r failed inside Baton", function.name)
            return failure(INTERNAL_ERROR, f"{type(error).__name__}: {error}", retryable=True)

    async def close(self) -> None:
        """Close threads, processes and connections, without waiting for blocking functions."""
        self._threads.close()
        await self._processes.close()
        await self._client.close()
        if self._remote is not None:
            await self._remote.close()

    def _not_found(self, call: Call) -> Failed:
        names = self._registry.names()
        more = len(names) - _NAMES_SHOWN
        known = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return failure(
            FUNCTION_NOT_FOUND, f"there is no function {call.function!r}; known are: {known}"
        )

    def _add_performer(self, function: Function) -> PerformCall:
        performer = self._performers[function] = self._performer(function)
        return performer

    def _performer(self, function: Function) -> PerformCall:
        """Return what performs the calls of `function`, with its concurrency limit built in."""
        if isinstance(function, QueueFunction):
            return partial(self._on_worker, function)  # the worker has limits of its own
        blocking = isinstance(function, PythonFunction) and function.runs_in == "thread"
        default = max(1, self._limits.threads // 2) if blocking else self._limits.per_function
        limit = ConcurrencyLimit(self._total, function.limit or default)
        match function:
            case BuiltIn():
                return limited(limit, function.perform)
            case HttpFunction():
                client, clock = self._client, self._clock
                return limited(limit, partial(call_over_http, function, client=client, clock=clock))
            case PythonFunction(runs_in="loop"):
                return limited(limit, partial(self._on_loop, function))
            case PythonFunction(runs_in="process"):
                return limited(limit, partial(self._in_process, function))
            case PythonFunction():
                return partial(self._in_thread, function, limit)
            case _:
                assert_never(function)

    async def _on_worker(self, function: QueueFunction, call: Call) -> CallOutcome:
        if self._remote is None:
            return failure(NO_WORKERS, str(NoWorkers(function)))
        return await self._remote.perform(function, call, partial(self._on_heartbeat, call))

    async def _on_loop(self, function: PythonFunction, call: Call) -> CallOutcome:
        context = build_step_context(function, call, partial(self._on_heartbeat, call))
        return await call_async(function, _copy_payload(call.payload), context)

    async def _in_process(self, function: PythonFunction, call: Call) -> CallOutcome:
        message: JsonObject = {
            "origin": function.origin,
            "name": function.name,
            "payload": call.payload,
            "context": context_members(call),
        }
        on_message = partial(self._on_process_message, function, call)
        return await self._processes.perform(message, on_message)

    async def _in_thread(
        self, function: PythonFunction, limit: ConcurrencyLimit, call: Call
    ) -> CallOutcome:
        """Call it in a thread. A cancelled call keeps its slot until the thread is free again."""
        loop, over = asyncio.get_running_loop(), Event()

        def report(progress: object) -> None:
            if over.is_set():
                raise AttemptOver
            loop.call_soon_threadsafe(self._on_heartbeat, call, progress)

        def release(_done: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, no call waits for a slot
                loop.call_soon_threadsafe(limit.release)

        context = build_step_context(function, call, report)
        work = partial(call_blocking, function, _copy_payload(call.payload), context)
        await limit.acquire()
        future = self._threads.submit(partial(copy_context().run, work))
        future.add_done_callback(release)
        try:
            return await asyncio.wrap_future(future)
        finally:
            over.set()

    def _on_process_message(
        self, function: PythonFunction, call: Call, message: JsonObject
    ) -> None:
        match message:
            case {"heartbeat": progress}:
                self._on_heartbeat(call, progress)
            case {"log": {"level": int(level), "text": str(text)}}:
                attempt_logger(function, call).log(level, "%s", text)
            case _:
                LOGGER.warning("a function process sent an unknown message")


def _copy_payload(payload: JsonObject) -> JsonObject:
    """Return a deep copy that a function may change; the original is part of the run's state."""
    copied: JsonObject = orjson.loads(orjson.dumps(payload))
    return copied


def _log_heartbeat(call: Call, progress: object) -> None:
    LOGGER.debug("%s is at %r", call.execution_id, progress)
