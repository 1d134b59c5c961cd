"""Calls under virtual time: the clock stands still while a function runs."""

from dataclasses import replace

from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.virtual_time.clock import Due
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.executor.functions.call import Call, CallOutcome, CallTimer, FunctionCaller


class VirtualCalls:
    """Implements `FunctionCaller` around another caller.

    A function that takes real time holds the clock. A function that sleeps on the clock, and a call
    that waits for a free slot, let the clock move, at most to the deadline of the attempt.
    """

    def __init__(self, functions: FunctionCaller, time: VirtualTime) -> None:
        self._functions = functions
        self._time = time

    async def call(self, call: Call) -> CallOutcome:
        """Perform `call`."""
        with self._time.activity.working():
            if call.timer is None:
                return await self._functions.call(call)
            timer = _VirtualTimer(call.timer, self._time, call.deadline_at)
            try:
                return await self._functions.call(replace(call, timer=timer))
            finally:
                timer.end()

    async def close(self) -> None:
        """Close the functions."""
        await self._functions.close()


class _VirtualTimer:
    """Implements `CallTimer` around another timer, whose deadline follows the virtual clock."""

    def __init__(self, timer: CallTimer, time: VirtualTime, deadline_at: int) -> None:
        self._timer = timer
        self._time = time
        self._resting = time.activity.resting()
        self._waits = False
        self._deadline: Due | None = time.clock.call_at(deadline_at, timer.expire)

    @property
    def log(self) -> AttemptLog | None:
        return self._timer.log

    @log.setter
    def log(self, log: AttemptLog | None) -> None:
        self._timer.log = log

    @property
    def over(self) -> bool:
        return self._timer.over

    @property
    def timeout_ms(self) -> int:
        return self._timer.timeout_ms

    @property
    def cut_off(self) -> bool:
        return self._timer.cut_off

    def wait(self) -> None:
        self._timer.wait()
        self._cancel_deadline()
        self._resting = self._time.activity.resting()
        self._resting.__enter__()
        self._waits = True

    def start(self) -> None:
        self._end_wait()
        self._timer.start()
        clock = self._time.clock
        self._deadline = clock.call_at(clock.now() + self.timeout_ms, self._timer.expire)

    def check(self) -> None:
        self._timer.check()

    def expire(self) -> None:
        self._timer.expire()

    def end(self) -> None:
        """Release the clock, whichever way the call has ended."""
        self._end_wait()
        self._cancel_deadline()

    def _end_wait(self) -> None:
        if self._waits:
            self._waits = False
            self._resting.__exit__(None, None, None)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
