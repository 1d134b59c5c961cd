"""Calls the function of one attempt within its deadline. Nothing here reads or appends events."""

import asyncio
from collections.abc import Iterable
from random import Random
from typing import cast

from baton.domain.definition.graph import Compute, Graph
from baton.domain.run.messages import Outcome, TimedOut, Token
from baton.executor.functions.call import Call, FunctionCaller
from baton.executor.runs.counts import Counts
from baton.executor.runs.deadlines import Deadlines
from baton.executor.runs.live_run import LiveRun


class AttemptRunner:
    """Runs attempts; each is registered in `in_flight` of its run for as long as it lasts.

    Args:
        functions: Calls the function that a compute step names.
        rng: Draws the jitter of a timeout's backoff.
        counts: Gets one more `steps_performed` per attempt.
    """

    def __init__(self, functions: FunctionCaller, rng: Random, counts: Counts) -> None:
        self._functions = functions
        self._rng = rng
        self._counts = counts
        self._deadlines = Deadlines()

    async def perform(self, run: LiveRun, token: Token) -> Outcome | None:
        """Return the attempt's outcome, None when `cancel` ended it.

        The function runs in the caller's task. A cancellation from elsewhere is raised.
        """
        task = cast("asyncio.Task[None]", asyncio.current_task())
        run.in_flight[token] = task
        step = cast(Compute, cast(Graph, run.graph).by_id[token.step_id])
        tick = self._deadlines.start(task, step.timeout_ms)
        self._counts.steps_performed += 1
        try:
            return await self._functions.call(_build_call(run, token, step))
        except asyncio.CancelledError:
            return self._outcome_of_cancellation(run, token, task)
        finally:
            tick.discard(task)
            run.in_flight.pop(token, None)

    def cancel(self, run: LiveRun, tokens: Iterable[Token]) -> None:
        """Cancel attempts in flight and give up the claims on them."""
        for token in tokens:
            run.claimed.discard(token)
            run.in_flight.pop(token).cancel()

    def _outcome_of_cancellation(
        self, run: LiveRun, token: Token, task: asyncio.Task[None]
    ) -> Outcome | None:
        if self._deadlines.pop_expired(task):
            task.uncancel()
            return TimedOut(jitter=self._rng.random())
        if token not in run.in_flight:
            task.uncancel()
            return None
        raise asyncio.CancelledError


def _build_call(run: LiveRun, token: Token, step: Compute) -> Call:
    state = run.state
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
    )
