"""The contract between the run loop and functions: a call goes in, an outcome comes back."""

from collections.abc import Awaitable, Callable
from dataclasses import field
from typing import Protocol, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.json import JsonObject
from baton.domain.run.execution_id import execution_id, idempotency_key
from baton.domain.run.outcome import Failed, Succeeded
from baton.eventlog.function_logs.attempt_log import AttemptLog

CallOutcome: TypeAlias = Succeeded | Failed
"""The outcome of a call; a failure is a value. The caller enforces timeouts."""


class CallTimer(Protocol):
    """Measures the time of a call, without the time for which it waits for a free slot.

    Attributes:
        log: The lines that the function has logged; None before its first line.
    """

    log: AttemptLog | None

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        ...

    @property
    def timeout_ms(self) -> int:
        """The time that the function may take."""
        ...

    @property
    def cut_off(self) -> bool:
        """Whether the call has timed out or was cancelled, so that its outcome is discarded."""
        ...

    def wait(self) -> None:
        """Stop the timer, because the call waits for a slot."""
        ...

    def start(self) -> None:
        """Restart the timer, because the function is called now."""
        ...

    def check(self) -> None:
        """End the call as timed out if it has blocked the event loop past its deadline."""
        ...

    def expire(self) -> None:
        """End the call as timed out."""
        ...


@frozen
class Call:
    """A request to perform one attempt of one step.

    Attributes:
        function: A name, a UUID or any other id that a function is registered with.
        payload: The JSON object for the function, with the members `input`, `context`, `steps` and
            `config`. It is shared with the run's state: only a copy of it may be changed. Large
            values in it may be fragments of JSON, which a copy made by orjson holds as values.
        visit: Counts how often the run entered the step, from 1.
        attempt: Counts the attempts within the visit, from 1.
        deadline_at: Milliseconds since the epoch, UTC. The caller enforces it by cancellation.
        traceparent: W3C trace context of the request that started the run.
        timer: Enforces the deadline; None if the caller enforces it in another way.
        step_name: The name of a step whose definition names no function. If no function has the
            step's id, the function with this name is called, else `noop`. None for any other step.
        artifacts: Whether large values of the payload may be artifacts or fragments.
    """

    function: str
    payload: JsonObject
    run_id: str
    step_id: str
    visit: int
    attempt: int
    tenant: str
    deadline_at: int
    traceparent: str | None = None
    timer: CallTimer | None = field(default=None, compare=False, repr=False)
    artifacts: bool = False
    step_name: str | None = None

    @property
    def idempotency_key(self) -> str:
        """The id of the visit, which all its attempts share."""
        return idempotency_key(self.run_id, self.step_id, self.visit)

    @property
    def execution_id(self) -> str:
        """The id of this attempt."""
        return execution_id(self.run_id, self.step_id, self.visit, self.attempt)


PerformCall: TypeAlias = Callable[[Call], Awaitable[CallOutcome]]
"""Performs a call of one function."""


class FunctionCaller(Protocol):
    """Performs calls of any function."""

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`. Every failure is a value; only cancellation is raised."""
        ...

    async def close(self) -> None:
        """Close threads, processes and connections."""
        ...
