"""The contract between the run loop and the functions: a call goes in, an outcome comes back."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.json import JsonObject
from baton.domain.run.execution_id import execution_id, idempotency_key
from baton.domain.run.messages import Failed, Succeeded

CallOutcome: TypeAlias = Succeeded | Failed
"""The outcome of a call; a failure is a value. The caller enforces timeouts."""


@frozen
class Call:
    """A request to perform one attempt of one step.

    Attributes:
        function: A name, a UUID or any other id that a function is registered with.
        payload: The JSON object for the function, with the members `input`, `context`, `steps` and
            `config`. It is shared with the run's state: only a copy of it may be changed.
        visit: Counts how often the run entered the step, from 1.
        attempt: Counts the attempts within the visit, from 1.
        deadline_at: Milliseconds since the epoch, UTC. The caller enforces it by cancellation.
        traceparent: W3C trace context of the request that started the run.
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

    @property
    def idempotency_key(self) -> str:
        """The id of the visit, which all of its attempts share."""
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
