"""Polls for a condition with a deadline: the only way in which a test waits for something."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

WITHIN_S = 10.0
EVERY_S = 0.01


class NotInTime(AssertionError):
    """A condition did not hold before its deadline."""


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]],
    *,
    within_s: float = ...,
    every_s: float = ...,
    retry_on: tuple[type[Exception], ...] = ...,
    explain: Callable[[], str] = ...,
) -> T: ...
@overload
async def eventually(
    condition: Callable[[], T],
    *,
    within_s: float = ...,
    every_s: float = ...,
    retry_on: tuple[type[Exception], ...] = ...,
    explain: Callable[[], str] = ...,
) -> T: ...
async def eventually(
    condition: Callable[[], Any],
    *,
    within_s: float = WITHIN_S,
    every_s: float = EVERY_S,
    retry_on: tuple[type[Exception], ...] = (),
    explain: Callable[[], str] = str,
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
            value = condition()
            last = await value if inspect.isawaitable(value) else value
        except retry_on as error:
            outcome = f"it raised {error!r}"
        else:
            if last:
                return last
            outcome = f"the last value was {last!r}"
        if late:
            raise NotInTime(_message(condition, within_s, outcome, explain()))
        await asyncio.sleep(every_s)


def eventually_blocking(
    condition: Callable[[], T],
    *,
    within_s: float = WITHIN_S,
    every_s: float = EVERY_S,
    retry_on: tuple[type[Exception], ...] = (),
    explain: Callable[[], str] = str,
) -> T:
    """Do what `eventually` does, for a test or fixture that runs without an event loop."""
    return asyncio.run(
        eventually(
            condition, within_s=within_s, every_s=every_s, retry_on=retry_on, explain=explain
        )
    )


def _message(
    condition: Callable[[], object], within_s: float, outcome: str, explanation: str
) -> str:
    name = getattr(condition, "__qualname__", repr(condition))
    try:
        source = inspect.getsource(condition).strip() if name.endswith("<lambda>") else name
    except OSError:
        source = name
    return f"not within {within_s:g} s: {source}; {outcome}\n{explanation}".rstrip()
