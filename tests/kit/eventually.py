"""Polls for a condition with a deadline: the only way in which a test waits for something."""

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
Explain = Callable[[], str | Awaitable[str]]

WITHIN_S = 10.0
EVERY_S = 0.01
ONE_CALL_S = 60.0
"""A single call of a condition may outlast the deadline by this many seconds."""


class NotInTime(AssertionError):
    """A condition did not hold before its deadline."""


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]],
    *,
    within_s: float = ...,
    every_s: float = ...,
    retry_on: tuple[type[Exception], ...] = ...,
    explain: Explain = ...,
) -> T: ...
@overload
async def eventually(
    condition: Callable[[], T],
    *,
    within_s: float = ...,
    every_s: float = ...,
    retry_on: tuple[type[Exception], ...] = ...,
    explain: Explain = ...,
) -> T: ...
async def eventually(
    condition: Callable[[], Any],
    *,
    within_s: float = WITHIN_S,
    every_s: float = EVERY_S,
    retry_on: tuple[type[Exception], ...] = (),
    explain: Explain = str,
) -> Any:
    """Poll `condition` until it returns a true value, and return that value.

    Args:
        condition: A function or coroutine function; called at least twice.
        within_s: The deadline in seconds of real time.
        every_s: The pause between two calls in seconds.
        retry_on: Exceptions of `condition` that count as "not yet".
        explain: Called once the deadline has passed; its text is added to the failure.

    Raises:
        NotInTime: Names the condition and the last value, or the last exception.

    """
    deadline = time.monotonic() + within_s
    while True:
        late = time.monotonic() > deadline
        try:
            last = await _value_of(condition, within_s)
        except retry_on as error:
            outcome = f"it raised {error!r}"
        else:
            if last:
                return last
            outcome = f"the last value was {last!r}"
        if late:
            explanation = await _value_of(explain)
            raise NotInTime(_message(condition, within_s, outcome, explanation))
        await asyncio.sleep(every_s)


async def eventually_moving(
    measure: Callable[[], Awaitable[T]],
    reached: Callable[[T], object],
    *,
    still_s: float,
    within_s: float = math.inf,
    every_s: float = EVERY_S,
    explain: Explain = str,
) -> T:
    """Poll `measure` for as long as its value changes; return the first value that is `reached`.

    Args:
        measure: Returns how far the work has come.
        reached: Called with each value of `measure`; a true result ends the wait.
        still_s: The longest time without a change, in seconds.
        within_s: The deadline for all of it, in seconds.
        every_s: The pause between two calls in seconds.
        explain: Called once either limit has passed; its text is added to the failure.

    Raises:
        NotInTime: Names the last value and the limit.

    """
    begun = moved = time.monotonic()
    value: T = await _value_of(measure)
    while not reached(value):
        now = time.monotonic()
        if now - moved > still_s or now - begun > within_s:
            limit = f"for {still_s:g} s" if now - moved > still_s else f"within {within_s:g} s"
            raise NotInTime(f"stuck at {value!r} {limit}\n{await _value_of(explain)}".rstrip())
        await asyncio.sleep(every_s)
        before, value = value, await _value_of(measure)
        moved = moved if value == before else time.monotonic()
    return value


def eventually_blocking(
    condition: Callable[[], T],
    *,
    within_s: float = WITHIN_S,
    every_s: float = EVERY_S,
    retry_on: tuple[type[Exception], ...] = (),
    explain: Callable[[], str] = str,
) -> T:
    """Do what `eventually` does without an event loop; `condition` may run one of its own."""
    deadline = time.monotonic() + within_s
    while True:
        late = time.monotonic() > deadline
        try:
            last = condition()
        except retry_on as error:
            outcome = f"it raised {error!r}"
        else:
            if last:
                return last
            outcome = f"the last value was {last!r}"
        if late:
            raise NotInTime(_message(condition, within_s, outcome, explain()))
        time.sleep(every_s)


async def _value_of(function: Callable[[], Any], within_s: float = 0.0) -> Any:
    value = function()
    if not inspect.isawaitable(value):
        return value
    async with asyncio.timeout(within_s + ONE_CALL_S):
        return await value


def _message(
    condition: Callable[[], object], within_s: float, outcome: str, explanation: str
) -> str:
    name = getattr(condition, "__qualname__", repr(condition))
    try:
        source = inspect.getsource(condition).strip() if name.endswith("<lambda>") else name
    except OSError:
        source = name
    return f"not within {within_s:g} s: {source}; {outcome}\n{explanation}".rstrip()
