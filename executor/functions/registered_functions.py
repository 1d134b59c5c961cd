"""Performs calls: finds the function, waits for limit, runs it where it belongs.

Nothing here is recorded and nothing is retried; timeouts are the caller's, who cancels.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Protocol, assert_never

import orjson

from baton.domain.json import JsonObject
from baton.domain.run.messages import Failed
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.built_ins import built_ins
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.call_python import call_async, call_blocking
from baton.executor.functions.concurrency import ConcurrencyLimit, FifoSemaphore, Perform
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

OnHeartbeat = Callable[[Call, object], None]
"""Takes the heartbeats of functions, on the event loop: the attempt and its progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How many calls are under way at once: of all functions, of each, in threads, in processes.

    A function that declares its own limit has that. A blocking function gets half of the threads,
    so that none can keep the others waiting.
    """

    total: int = 2_000
    per_function: int = 1_000
    threads: int = 32
    processes: int = 2


class QueueCaller(Protocol):
    """Performs the functions of queues: remote workers do."""

    async def perform(
        self, function: QueueFunction, call: Call, on_heartbeat: Callable[[object], None]
    ) -> CallOutcome:
        """Give `call` to a worker of the function's queue; `on_heartbeat` takes its heartbeats."""
        ...

    async def close(self) -> None:
        """Stop waiting for workers."""
        ...


class NoWorkers(Exception):
    """A function of a queue, where no topics lead to workers."""

    def __init__(self, function: QueueFunction) -> None:
        super().__init__(
            f"function {function.name!r} is performed by the workers of queue {function.queue!r}, "
            "which Kafka leads to: set BATON_LOG=kafka://HOST:PORT"
        )


class RegisteredFunctions:
    """The functions of a registry, with the built-ins added, ready to be called."""

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
        """`remote` performs the functions of queues; raises NoWorkers where there are any."""
        self._registry = registry
        self._clock = clock
        self._limits = limits or CallLimits()
        self._on_heartbeat = on_heartbeat or _log_heartbeat
        self._client = HttpClient(policy or AddressPolicy())
        self._threads = DaemonThreadPool(self._limits.threads)
        self._processes = ProcessPool(self._limits.processes)
        self._total = FifoSemaphore(self._limits.total)
        self.remote = remote
        self._bound: dict[Function, Perform] = {}
        for function in registry:
            if isinstance(function, QueueFunction) and remote is None:
                raise NoWorkers(function)
        for built_in in built_ins(clock=clock, client=self._client):
            registry.add(built_in)

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`; every failure is a value, only cancellation is raised."""
        function = self._registry.find(call.function, call.tenant)
        if function is None:
            return self._not_found(call)
        try:
            return await (self._bound.get(function) or self._bind(function))(call)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost a run loop
            LOGGER.exception("calling %r failed inside Baton", function.name)
            return failure(INTERNAL_ERROR, f"{type(error).__name__}: {error}", retryable=True)

    async def close(self) -> None:
        """Let go of threads, processes and connections; does not wait for blocking functions."""
        self._threads.close()
        await self._processes.close()
        await self._client.close()
        if self.remote is not None:
            await self.remote.close()

    def _not_found(self, call: Call) -> Failed:
        names = self._registry.names(call.tenant)
        more = len(names) - _NAMES_SHOWN
        known = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return failure(
            FUNCTION_NOT_FOUND, f"there is no function {call.function!r}; known are: {known}"
        )

    def _bind(self, function: Function) -> Perform:
        known = set(self._registry)  # those replaced since then are let go
        self._bound = {one: perform for one, perform in self._bound.items() if one in known}
        self._bound[function] = self._caller_of(function)
        return self._bound[function]

    def _caller_of(self, function: Function) -> Perform:
        if isinstance(function, QueueFunction):
            return partial(self._on_a_worker, function)
        limit = ConcurrencyLimit(self._total, function.limit or self._limits.per_function)
        match function:
            case BuiltIn():
                return limit.around(function.perform)
            case HttpFunction():
                client, clock = self._client, self._clock
                return limit.around(partial(call_over_http, function, client=client, clock=clock))
            case PythonFunction(runs_in="loop"):
                return limit.around(partial(self._on_the_loop, function))
            case PythonFunction(runs_in="process"):
                return limit.around(partial(self._in_a_process, function))
            case PythonFunction():
                half = max(1, self._limits.threads // 2)
                return partial(
                    self._in_a_thread,
                    function,
                    ConcurrencyLimit(self._total, function.limit or half),
                )
            case _:
                assert_never(function)

    async def _on_a_worker(self, function: QueueFunction, call: Call) -> CallOutcome:
        """Wait for somebody else's work: it takes no limit here."""
        if self.remote is None:
            return failure(NO_WORKERS, str(NoWorkers(function)))
        return await self.remote.perform(function, call, partial(self._on_heartbeat, call))

    async def _on_the_loop(self, function: PythonFunction, call: Call) -> CallOutcome:
        context = build_step_context(function, call, partial(self._on_heartbeat, call))
        return await call_async(function, _copy_payload(call.payload), context)

    async def _in_a_process(self, function: PythonFunction, call: Call) -> CallOutcome:
        message: JsonObject = {
            "origin": function.origin,
            "name": function.name,
            "payload": call.payload,
            "context": context_members(call),
        }
        return await self._processes.perform(
            message, partial(self._on_process_message, function, call)
        )

    async def _in_a_thread(
        self, function: PythonFunction, limit: ConcurrencyLimit, call: Call
    ) -> CallOutcome:
        """Run it in a thread; its place is free when the thread is, not when the caller leaves."""
        loop, abandoned = asyncio.get_running_loop(), Event()

        def report(progress: object) -> None:
            if abandoned.is_set():
                raise AttemptOver
            loop.call_soon_threadsafe(self._on_heartbeat, call, progress)

        def leave(_done: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone, and the limit with it
                loop.call_soon_threadsafe(limit.release)

        context = build_step_context(function, call, report)
        work = partial(call_blocking, function, _copy_payload(call.payload), context)
        await limit.acquire()
        future = self._threads.submit(partial(copy_context().run, work))
        future.add_done_callback(leave)
        try:
            return await asyncio.wrap_future(future)
        finally:
            abandoned.set()

    def _on_process_message(
        self, function: PythonFunction, call: Call, message: JsonObject
    ) -> None:
        match message:
            case {"heartbeat": progress}:
                self._on_heartbeat(call, progress)
            case {"log": {"level": int(level), "text": str(text)}}:
                attempt_logger(function, call).log(level, "%s", text)
            case _:
                LOGGER.warning("a function's process said something unknown")


def _copy_payload(payload: JsonObject) -> JsonObject:
    """Return what a function may do with as it likes."""
    copied: JsonObject = orjson.loads(orjson.dumps(payload))
    return copied


def _log_heartbeat(call: Call, progress: object) -> None:
    LOGGER.debug("%s is at %r", call.execution_id, progress)
