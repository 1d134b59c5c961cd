"""Calls the function of one attempt within its deadline. Nothing here reads or appends events."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import cast

from baton.domain.artifact import Artifact
from baton.domain.definition.graph import Compute
from baton.domain.run.outcome import Outcome, TimedOut, Token
from baton.executor.functions.call import Call, FunctionCaller
from baton.executor.functions.results import outcome_of_exception
from baton.executor.runs.attempt_logs import AttemptLogs
from baton.executor.runs.counts import Counts
from baton.executor.runs.deadlines import Attempt, Deadlines
from baton.executor.runs.live_run import LiveRun

_log = logging.getLogger("baton.executor")


class AttemptRunner:
    """Runs attempts; each is in `in_flight` of its run while it runs.

    Args:
        functions: Calls the function that a compute step names.
        rng: Draws the jitter of a timeout's backoff.
        counts: Its `steps_performed` counts the attempts.
        logs: Keeps the functions' log lines; None if no log is kept.
    """

    def __init__(
        self,
        functions: FunctionCaller,
        rng: Random,
        counts: Counts,
        logs: AttemptLogs | None = None,
    ) -> None:
        self.left_behind: set[asyncio.Task[None]] = set()
        self.report_timeout: Callable[[LiveRun, Token, Outcome], None] | None = None
        self._functions = functions
        self._rng = rng
        self._counts = counts
        self._logs = logs
        self._deadlines = Deadlines(self._leave_behind)
        self._stopping = False

    async def perform(self, run: LiveRun, token: Token) -> Outcome | None:
        """Return the attempt's outcome, None when `cancel` ended it.

        The function runs in the caller's task. Once `stop` was called, its cancellation is raised;
        a cancellation of unknown origin fails the attempt. If a function ignores its cancellation,
        `report_timeout` is called with its outcome at once, the function is left running, and None
        is returned when it ends.
        """
        task = cast("asyncio.Task[None]", asyncio.current_task())
        step = run.compute_step(token)
        attempt = Attempt(self._deadlines, run, task, token, step.timeout_ms)
        run.in_flight[token] = attempt
        self._counts.steps_performed += 1
        try:
            outcome: Outcome | None = None
            try:
                outcome = await self._functions.call(_build_call(attempt, step))
            except asyncio.CancelledError as error:
                outcome = await self._unless_cut_off(attempt, outcome_of_exception(error))
            else:
                if attempt.expired or task.cancelling():
                    outcome = await self._unless_cut_off(attempt, outcome)
            return outcome if attempt.log is None else await self._with_log(attempt, outcome)
        finally:
            attempt.end()
            if attempt.in_flight:
                _remove(attempt)

    def cancel(self, run: LiveRun, tokens: Iterable[Token]) -> None:
        """Cancel running attempts and give up the claims on them."""
        for token in tokens:
            run.claimed.discard(token)
            attempt = run.in_flight[token]
            _remove(attempt)
            attempt.task.cancel()
            self._deadlines.watch(attempt)

    def stop(self) -> None:
        """Discard the outcomes of all attempts from now on; the caller cancels their tasks."""
        self._stopping = True

    async def _unless_cut_off(
        self, attempt: Attempt[LiveRun], outcome: Outcome | None
    ) -> Outcome | None:
        """Return the outcome, unless the attempt was cancelled or has passed its deadline.

        A function may have cancelled the task itself: before Python 3.13, an `asyncio.TaskGroup`
        of which a task fails leaves such a request behind. It must not end the run's task.
        """
        if not (self._stopping or attempt.cut_off):
            while attempt.task.cancelling():
                attempt.task.uncancel()
            with suppress(asyncio.CancelledError):  # the request may be undelivered
                await asyncio.sleep(0)
        return self._cut_off(attempt) if self._stopping or attempt.cut_off else outcome

    def _cut_off(self, attempt: Attempt[LiveRun]) -> Outcome | None:
        """Return the outcome of an attempt that was cancelled or has passed its deadline."""
        task = attempt.task
        if attempt.in_flight and not attempt.expired:
            self._keep_late(attempt)
            raise asyncio.CancelledError
        while task.cancelling():
            task.uncancel()
        return TimedOut(jitter=self._rng.random()) if attempt.in_flight else None

    async def _with_log(self, attempt: Attempt[LiveRun], outcome: Outcome | None) -> Outcome | None:
        """Return the outcome with the log of the attempt, after storing the log.

        The deadline no longer applies, but the attempt counts as running: it may still be
        cancelled.
        """
        attempt.end()
        log = attempt.log
        if outcome is None:
            self._keep_late(attempt)
        if outcome is None or log is None or self._logs is None or not log.close():
            return outcome
        try:
            return replace(outcome, logs=await self._logs.store(log))
        except asyncio.CancelledError:
            self._logs.keep_late(log)
            return self._cut_off(attempt)

    def _keep_late(self, attempt: Attempt[LiveRun]) -> None:
        """Keep the log of an attempt without an outcome, if it has a log."""
        if attempt.log is not None and self._logs is not None and attempt.log.close():
            self._logs.keep_late(attempt.log)

    def _leave_behind(self, attempt: Attempt[LiveRun]) -> None:
        """Give up an attempt that ignores its cancellation; its run continues without it."""
        run, token, task = attempt.run, attempt.token, attempt.task
        _log.error(
            "function %s ignores its cancellation and is left behind: run %s, step %s, attempt %d",
            run.compute_step(token).function,
            run.state.run_id,
            token.step_id,
            token.attempt,
        )
        self._counts.functions_left_behind += 1
        self.left_behind.add(task)
        task.add_done_callback(self.left_behind.discard)
        log, logs = attempt.log, self._logs
        if not attempt.in_flight:
            self._keep_late(attempt)
        elif log is not None and logs is not None and log.close():
            logs.spawn(self._time_out_with_log(attempt, logs.store(log)))
        else:
            self._time_out(attempt, None)

    async def _time_out_with_log(
        self, attempt: Attempt[LiveRun], storing: Awaitable[Artifact]
    ) -> None:
        self._time_out(attempt, await storing)

    def _time_out(self, attempt: Attempt[LiveRun], logs: Artifact | None) -> None:
        """Report that an attempt has timed out, unless it has ended in the meantime."""
        if attempt.in_flight:
            _remove(attempt)
            if self.report_timeout is not None:
                jitter = self._rng.random()
                timed_out = TimedOut(jitter=jitter, logs=logs)
                self.report_timeout(attempt.run, attempt.token, timed_out)


def _remove(attempt: Attempt[LiveRun]) -> None:
    attempt.in_flight = False
    del attempt.run.in_flight[attempt.token]


def _build_call(attempt: Attempt[LiveRun], step: Compute) -> Call:
    token, state = attempt.token, attempt.run.state
    return Call(
        function=step.function,
        payload={
            "input": state.input,
            "context": state.context,
            "steps": state.outputs,
            "config": step.config,
        },
        run_id=state.run_id,
        step_id=token.step_id,
        visit=token.visit,
        attempt=token.attempt,
        tenant=state.tenant,
        deadline_at=state.steps[token.step_id].due_at,
        traceparent=state.traceparent,
        timer=attempt,
        artifacts=state.artifacts,
        step_name=(step.name or step.id) if step.names_no_function else None,
    )
