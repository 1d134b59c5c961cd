"""The end of an attempt of a compute step: success, a failure with a retry, or a final failure.

The module also ends waits: the backoff before the next attempt, or a delay.
"""

from typing import Final, assert_never

from baton.domain.artifact import Artifact
from baton.domain.definition.graph import Compute, Retry
from baton.domain.errors import StaleAttempt
from baton.domain.run.advance import Draft, advance, begin
from baton.domain.run.messages.step_events import (
    DelayElapsed,
    RetryScheduled,
    StepFailed,
    StepLogged,
    StepSucceeded,
    StepTimedOut,
    TimerHeld,
)
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded, TimedOut, Token

EXECUTOR_LOST: Final = "EXECUTOR_LOST"
CAP_MS: Final = 300_000
"""The longest backoff before a retry."""
TAKEOVER_BACKOFFS_MS: Final = (1_000, 2_000, 4_000, 8_000, 16_000)
"""The backoff after each lost executor during one visit.

It lets a server recover that the step crashed. After one more loss the step fails, because it
presumably crashes its executors.
"""


def compute_step(draft: Draft, step_id: str) -> Compute:
    """Return the compute step `step_id`; raises StaleAttempt for a step of another kind."""
    step = draft.graph.by_id[step_id]
    if not isinstance(step, Compute):
        raise StaleAttempt(step_id, draft.state.steps[step_id].attempt)
    return step


def end_attempt(draft: Draft, token: Token, outcome: Outcome) -> None:
    """Record the outcome of the running attempt `token` and its consequences."""
    if outcome.logs is not None:
        keep_logs(draft, token, outcome.logs)
    match outcome:
        case Succeeded():
            draft.emit(
                StepSucceeded(
                    step_id=token.step_id,
                    visit=token.visit,
                    attempt=token.attempt,
                    at=draft.at,
                    output=outcome.output,
                    context=outcome.context,
                    warning=outcome.warning,
                    size=outcome.size,
                )
            )
            advance(draft, [token.step_id])
        case Failed():
            retried = outcome.retryable and _may_retry(draft, token.step_id)
            _fail(draft, token, outcome.error, final=not retried)
            _retry_or_advance(draft, token, again=retried, jitter=outcome.jitter)
        case TimedOut():
            retried = _may_retry(draft, token.step_id)
            _time_out(draft, token, final=not retried)
            _retry_or_advance(draft, token, again=retried, jitter=outcome.jitter)
        case _:
            assert_never(outcome)


def keep_logs(draft: Draft, token: Token, logs: Artifact) -> None:
    """Record the log lines of the attempt `token`."""
    step_id, visit, attempt = token
    draft.emit(StepLogged(step_id=step_id, visit=visit, attempt=attempt, at=draft.at, logs=logs))


def take_over(draft: Draft, step_id: str) -> None:
    """Continue a step whose executor has ended: at once if released, else after a backoff."""
    step = draft.state.steps[step_id]
    if step.status == "released":
        compute = compute_step(draft, step_id)
        begin(draft, compute, step.visit, step.attempt + 1, "handover")
    elif step.takeovers < len(TAKEOVER_BACKOFFS_MS):
        _back_off(
            draft,
            RetryScheduled(
                step_id=step_id,
                visit=step.visit,
                attempt=step.attempt + 1,
                due_at=draft.at + TAKEOVER_BACKOFFS_MS[step.takeovers],
                at=draft.at,
                cause="takeover",
            ),
        )
    else:
        token = Token(step_id=step_id, visit=step.visit, attempt=step.attempt)
        message = f"The executor was lost {step.takeovers + 1} times during this step"
        _fail(draft, token, Error(code=EXECUTOR_LOST, message=message), final=True)
        advance(draft, [])


def hold_timer(draft: Draft, step_id: str) -> None:
    """Record that the timer of a delay or a backoff is held, because the run is paused."""
    step = draft.state.steps[step_id]
    draft.emit(TimerHeld(step_id=step_id, visit=step.visit, attempt=step.attempt, at=draft.at))


def end_wait(draft: Draft, step_id: str) -> None:
    """End the delay of a step, or start its next attempt after its backoff."""
    step = draft.state.steps[step_id]
    if step.status == "delayed":
        draft.emit(DelayElapsed(step_id=step_id, visit=step.visit, at=draft.at))
        advance(draft, [step_id])
    else:
        begin(draft, compute_step(draft, step_id), step.visit, step.attempt, "retry")


def _may_retry(draft: Draft, step_id: str) -> bool:
    retry = compute_step(draft, step_id).retry
    return retry is not None and draft.state.steps[step_id].failures + 1 < retry.max_attempts


def _fail(draft: Draft, token: Token, error: Error, *, final: bool) -> None:
    draft.emit(
        StepFailed(
            step_id=token.step_id,
            visit=token.visit,
            attempt=token.attempt,
            at=draft.at,
            error=error,
            final=final,
        )
    )


def _time_out(draft: Draft, token: Token, *, final: bool) -> None:
    draft.emit(
        StepTimedOut(
            step_id=token.step_id,
            visit=token.visit,
            attempt=token.attempt,
            at=draft.at,
            timeout_ms=compute_step(draft, token.step_id).timeout_ms,
            final=final,
        )
    )


def _retry_or_advance(draft: Draft, token: Token, *, again: bool, jitter: float) -> None:
    step = compute_step(draft, token.step_id)
    if not again or step.retry is None:
        advance(draft, [])
        return
    due_at = draft.at + backoff_ms(step.retry, draft.state.steps[step.id].failures, jitter)
    attempt = token.attempt + 1
    _back_off(
        draft,
        RetryScheduled(
            step_id=step.id, visit=token.visit, attempt=attempt, due_at=due_at, at=draft.at
        ),
    )
    if due_at <= draft.at and draft.state.hold is None:
        begin(draft, step, token.visit, attempt, "retry")


def _back_off(draft: Draft, scheduled: RetryScheduled) -> None:
    """Schedule a retry; a paused run holds its timer."""
    draft.emit(scheduled)
    if draft.state.hold is not None:
        hold_timer(draft, scheduled.step_id)


def backoff_ms(retry: Retry, failures: int, jitter: float) -> int:
    """Return the backoff in milliseconds before the next attempt.

    Full jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).

    Args:
        retry: The retry policy of the step.
        failures: The number of failures so far, from 1.
        jitter: A random number in [0, 1]: the part of the exponential backoff to wait.
    """
    # The exponent is bounded so that a large count can't overflow before the cap applies.
    ceiling = min(CAP_MS, retry.backoff_ms * retry.multiplier ** min(failures - 1, 64))
    return int(ceiling * jitter)
