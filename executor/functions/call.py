"""What the run loop hands to a function, and what it gets back: the seam between both."""

from typing import Protocol, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.json import JsonObject
from baton.domain.run.execution_id import execution_id, idempotency_key
from baton.domain.run.messages import Failed, Succeeded

CallOutcome: TypeAlias = Succeeded | Failed
"""How a call ended: a failure is a value. A timeout is the caller's to state."""


@frozen
class Call:
    """One attempt of one step, to be performed.

    `function` is a name, a UUID or any other registered id. `payload` is the JSON object a function
    gets: `input`, `context`, `steps`, `config`; whoever mutates it works on a copy. `deadline_at`
    is milliseconds since the epoch, UTC, and enforced by the caller.
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
        """Names the effect: the same over all attempts of one visit."""
        return idempotency_key(self.run_id, self.step_id, self.visit)

    @property
    def execution_id(self) -> str:
        """Names this attempt."""
        return execution_id(self.run_id, self.step_id, self.visit, self.attempt)


class FunctionCaller(Protocol):
    """Whatever performs calls."""

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`; every failure is a value, only cancellation is raised."""
        ...

    async def close(self) -> None:
        """Let go of threads, processes and connections."""
        ...
