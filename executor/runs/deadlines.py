"""Deadlines of attempts, made cheap because nearly all attempts end long before their deadline.

Deadlines within the same few milliseconds share one timer of the event loop, which is never
cancelled.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from baton.domain.run.outcome import Token
from baton.eventlog.function_logs.attempt_log import AttemptLog

R = TypeVar("R")

TICK_MS: Final = 8
"""The interval whose deadlines share a timer: a task is cancelled at most this time too late."""
TICKS_PER_TIMEOUT: Final = 256
"""The number of ticks in a long timeout: its task is cancelled at most 1/256 of it too late.

Long timeouts therefore have long ticks, which keeps the number of timers small.
"""
BLOCKED_S: Final = 0.1
"""A timer that fires this much too late was delayed by a function that blocked the event loop."""
IGNORED_AFTER_S: Final = 1.0
"""A cancelled attempt that still runs after this time ignores its cancellation."""


class Attempt(Generic[R]):
    """An attempt of `run` whose function is called in `task`, and its deadline.

    Attributes:
        in_flight: Whether its run waits for its outcome.
        log: The lines that the function has logged; None before its first line.
        over: Whether the call of the function has ended.
        expired: Whether the attempt has passed its deadline.
    """

    __slots__ = (
        "_deadlines",
        "_tick",
        "expired",
        "in_flight",
        "log",
        "over",
        "run",
        "task",
        "timeout_ms",
        "token",
    )

    def __init__(
        self,
        deadlines: "Deadlines[R]",
        run: R,
        task: asyncio.Task[None],
        token: Token,
        timeout_ms: int,
    ) -> None:
        self._deadlines = deadlines
        self.run = run
        self.task = task
        self.token = token
        self.timeout_ms = timeout_ms
        self.in_flight = True
        self.over = self.expired = False
        self.log: AttemptLog | None = None
        self._tick: _Tick[R] | None = deadlines.add(self)

    @property
    def cut_off(self) -> bool:
        """Whether the attempt has expired or was cancelled; its function may have returned."""
        return self.expired or not self.in_flight

    def start(self) -> None:
        """Let the attempt expire after its timeout, counted from now."""
        self._tick = self._deadlines.add(self)

    def wait(self) -> None:
        """Stop the timer until `start`, because the function isn't called yet."""
        if self._tick is not None:
            self._tick.discard(self)
            self._tick = None

    def end(self) -> None:
        """Record that the call has ended."""
        self.over = True
        if self._tick is not None:
            self._tick.discard(self)

    def check(self) -> None:
        """Let the attempt expire now if its deadline passed while it blocked the loop."""
        tick = self._tick
        if tick is not None and asyncio.get_running_loop().time() > tick.ends_at:
            self.expired = True

    def expire(self) -> None:
        """Let the attempt expire now, unless its call has ended."""
        if not self.over:
            self._deadlines.expire(self)


class _Tick(set[Attempt[R]], Generic[R]):
    """The attempts whose deadlines share a timer, which fires at the loop's time `ends_at`."""

    __slots__ = ("ends_at",)

    def __init__(self, ends_at: float) -> None:
        super().__init__()
        self.ends_at = ends_at


class Deadlines(Generic[R]):
    """Cancels the tasks of attempts at their deadlines.

    Args:
        on_ignored: Called on the event loop with an attempt that still runs although its task was
            cancelled.
    """

    def __init__(self, on_ignored: Callable[[Attempt[R]], None]) -> None:
        self._on_ignored = on_ignored
        self._ticks: dict[tuple[int, int], _Tick[R]] = {}

    def add(self, attempt: Attempt[R]) -> _Tick[R]:
        """Cancel the attempt after its timeout, unless it is removed from the returned set."""
        loop = asyncio.get_running_loop()
        timeout_ms = attempt.timeout_ms
        tick_ms = max(TICK_MS, timeout_ms // TICKS_PER_TIMEOUT)
        number = (tick_ms, int((loop.time() * 1000 + timeout_ms) / tick_ms) + 1)
        tick = self._ticks.get(number)
        if tick is None:
            tick = self._ticks[number] = _Tick(tick_ms * number[1] / 1000)
            loop.call_at(tick.ends_at, self._end_tick, number)
        tick.add(attempt)
        return tick

    def expire(self, attempt: Attempt[R]) -> None:
        """Mark an attempt as expired and cancel its task."""
        attempt.expired = True
        attempt.task.cancel()
        self.watch(attempt)

    def watch(self, attempt: Attempt[R]) -> None:
        """Report an attempt whose task was cancelled, if it doesn't end."""
        asyncio.get_running_loop().call_later(IGNORED_AFTER_S, self._report_ignored, attempt)

    def _report_ignored(self, attempt: Attempt[R]) -> None:
        if not attempt.over:
            self._on_ignored(attempt)

    def _end_tick(self, number: tuple[int, int]) -> None:
        """Expire the attempts of a tick; if the loop was blocked, one tick later."""
        tick, loop = self._ticks.pop(number), asyncio.get_running_loop()
        late_s = loop.time() - tick.ends_at
        if late_s < BLOCKED_S or not tick:
            self._expire(tick)
            return
        tick.ends_at = loop.time() + late_s
        loop.call_at(tick.ends_at, self._expire, tick)

    def _expire(self, tick: _Tick[R]) -> None:
        for attempt in tick:
            self.expire(attempt)
