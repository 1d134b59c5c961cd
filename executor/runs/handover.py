"""Moves a run from one executor to the next: released attempts, and takeovers in its events."""

import logging
from collections.abc import Iterable

from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import ReleaseAttempts
from baton.domain.run.messages.step_events import RetryScheduled, StepStarted
from baton.domain.run.outcome import Token
from baton.domain.run.state import State
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.stores import EventStore
from baton.executor.runs.live_run import LiveRun

_log = logging.getLogger("baton.executor")


async def release_attempts(
    store: EventStore, run: LiveRun, tokens: tuple[Token, ...], at: int
) -> None:
    """Append that `tokens` are released; the next owner of the run continues them at once."""
    command = ReleaseAttempts(tokens=tokens, at=at)
    known = StreamState(run.state, run.state.version)
    await transact(store, DECIDER, run.stream, command, known=known)


def includes_takeover(events: Iterable[Recorded]) -> bool:
    """Return whether one of the events takes over attempts from another executor."""
    return any(_is_takeover(recorded.event) for recorded in events)


def was_taken_over(before: State, after: State) -> bool:
    """Return whether a step was taken over between the two states."""
    for step_id, step in after.steps.items():
        earlier = before.steps.get(step_id)
        if step.takeovers > (earlier.takeovers if earlier else 0):
            return True
    return False


def log_lost_attempts(run: LiveRun) -> None:
    """Log the steps whose executor was lost, because one of them may have crashed it."""
    for step_id, step in run.state.steps.items():
        if step.status == "running":
            _log.warning(
                "run %s: its executor was lost during attempt %d of step %s (loss %d of this "
                "visit): taking the run over",
                run.state.run_id,
                step.attempt,
                step_id,
                step.takeovers + 1,
            )


def _is_takeover(event: object) -> bool:
    if isinstance(event, RetryScheduled):
        return event.cause == "takeover"
    return isinstance(event, StepStarted) and event.cause == "handover"
