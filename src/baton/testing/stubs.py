"""Stubs replace functions in a test and record their calls."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias, TypeGuard

from baton.domain.json import Json, JsonObject
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.call import Call, CallOutcome, FunctionCaller
from baton.executor.functions.python.python_calls import copy_payload
from baton.executor.functions.registry import Registry
from baton.executor.functions.results import failure, outcome_of_exception, outcome_of_result
from baton.executor.sdk import MARK, Mark, StepContext

NOT_STUBBED: Final = "NOT_STUBBED"
"""The code of a step whose function has no stub in an engine with `only_stubs`."""
_MAX_ARITY: Final = 2

UNSET: Final = object()
"""The default of an argument for which None is a value."""

Answer: TypeAlias = object
"""An exception, or a class of exceptions, is raised; anything else is returned."""
FunctionReference: TypeAlias = str | Callable[..., object]
"""A function that is marked with `@function`, or a name or id that steps use for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StubCall:
    """A call that a stub received.

    Attributes:
        at: The time of the engine.
        run_id: The id of the run.
        step_id: The id of the step.
        attempt: Counts the attempts at the step, from 1.
        idempotency_key: The same for all attempts at the step.
        payload: The members `input`, `context`, `steps` and `config`.
    """

    at: datetime
    run_id: str
    step_id: str
    attempt: int
    idempotency_key: str
    payload: JsonObject

    @property
    def input(self) -> Json:
        """The input of the run."""
        return self.payload.get("input")

    @property
    def config(self) -> Json:
        """The `config` of the step."""
        return self.payload.get("config")


@dataclass(slots=True, eq=False, kw_only=True)
class Stub:
    """Stands in for a function.

    Attributes:
        name: The name under which it was stubbed.
        answers: The results of the first call, the second and so on; the last one is repeated.
        function: Called instead, with as many of `(payload, context)` as it takes.
        takes_ms: The duration of a call on the engine's clock.
        calls: The calls so far, in order.
    """

    name: str
    answers: Sequence[Answer] = (None,)
    function: Callable[..., object] | None = None
    takes_ms: int = 0
    calls: list[StubCall] = field(default_factory=list)

    async def perform(self, call: Call, clock: Clock) -> CallOutcome:
        """Answer one call."""
        payload, number = copy_payload(call.payload), len(self.calls)
        self.calls.append(_recorded(call, clock.now()))
        if self.takes_ms:
            await clock.sleep_until(clock.now() + self.takes_ms)
        try:
            return outcome_of_result(await self._answer(call, payload, number))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return outcome_of_exception(error)
        except BaseException as error:  # noqa: BLE001 - a stub fails as a function does
            return outcome_of_exception(error)

    async def _answer(self, call: Call, payload: JsonObject, number: int) -> object:
        if self.function is None:
            answer = self.answers[min(number, len(self.answers) - 1)]
        else:
            given = (payload, _context_of(call))
            answer = self.function(*given[: _arity(self.function)])
            if inspect.isawaitable(answer):
                answer = await answer
        if is_exception(answer):
            raise answer
        return answer


def is_exception(answer: Answer) -> TypeGuard[BaseException | type[BaseException]]:
    """Return whether a stub raises the answer: an exception or an exception class."""
    return isinstance(answer, BaseException) or (
        isinstance(answer, type) and issubclass(answer, BaseException)
    )


def answers_of(
    returns: Answer,
    raises: Answer,
    then: Iterable[Answer],
    calls: Callable[..., object] | None,
) -> Sequence[Answer]:
    """Return the answers of a stub by the arguments of `Engine.stub`.

    Raises ValueError for arguments that exclude each other, and TypeError for `raises` without an
    exception.
    """
    first = [one for one in (returns, raises) if one is not UNSET]
    answers = (*first, *then) or (None,)
    if len(first) > 1 or (calls is not None and (first or answers != (None,))):
        raise ValueError("a stub takes only one of returns, raises and calls")
    if raises is not UNSET and not is_exception(raises):
        raise TypeError(f"raises must be an exception or an exception class, not {raises!r}")
    return answers


class StubbedCalls:
    """Implements `FunctionCaller`: stubs answer, and all other functions run for real.

    Args:
        functions: Calls the functions without a stub.
        registry: Knows the names and ids of the functions.
        clock: The engine's.
        only_stubs: Fail the steps whose functions have no stub.
    """

    def __init__(
        self, functions: FunctionCaller, registry: Registry, clock: Clock, *, only_stubs: bool
    ) -> None:
        self._functions = functions
        self._registry = registry
        self._clock = clock
        self._only_stubs = only_stubs
        self._stubs: dict[str, Stub] = {}

    def add(self, stub: Stub) -> None:
        """Add a stub, which replaces an earlier stub of the same function."""
        self._stubs[self._identity(stub.name)] = stub

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`."""
        for reference in (call.function, call.step_name):
            stub = None if reference is None else self._stubs.get(self._identity(reference))
            if stub is not None:
                return await stub.perform(call, self._clock)
        if self._only_stubs:
            message = f"function {call.function!r} has no stub, and the engine has only_stubs"
            return failure(NOT_STUBBED, message)
        return await self._functions.call(call)

    async def close(self) -> None:
        """Close the functions."""
        await self._functions.close()

    def _identity(self, reference: str) -> str:
        """Return the same text for all references to one function."""
        found = self._registry.find(reference)
        return reference if found is None else found.id


def name_of(function: FunctionReference) -> str:
    """Return the name that steps use; raises TypeError for a function that isn't marked."""
    if isinstance(function, str):
        return function
    mark = getattr(function, MARK, None)
    if not isinstance(mark, Mark):
        raise TypeError(f"{function!r} is not marked with @function: pass its name instead")
    return mark.name


def _arity(function: Callable[..., object]) -> int:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return _MAX_ARITY
    return sum(one.kind in kinds for one in parameters)


def _context_of(call: Call) -> StepContext:
    return StepContext(
        run_id=call.run_id,
        step_id=call.step_id,
        attempt=call.attempt,
        tenant=call.tenant,
        idempotency_key=call.idempotency_key,
        deadline=call.deadline_at,
        traceparent=call.traceparent,
    )


def _recorded(call: Call, now: int) -> StubCall:
    return StubCall(
        at=datetime.fromtimestamp(now / 1_000, UTC),
        run_id=call.run_id,
        step_id=call.step_id,
        attempt=call.attempt,
        idempotency_key=call.idempotency_key,
        payload=copy_payload(call.payload),
    )
