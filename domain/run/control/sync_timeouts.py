"""Timeouts of synchronization points: a run that doesn't reach a point in time fails at once.

The timeout counts from the start of the run or, if the point isn't reached yet, from its reopening.
The steps that are open at the deadline are cancelled.
"""

from typing import Final

from baton.domain.definition.graph import Sync
from baton.domain.run.advance import Draft, cancel_steps
from baton.domain.run.messages.run_events import RunFailed
from baton.domain.run.messages.step_events import StepUndecided, SyncAwaited
from baton.domain.run.outcome import Error

_NAMED: Final = 10
"""The number of steps that a message names."""


def await_syncs(draft: Draft) -> None:
    """Set the timers of all synchronization points with a timeout, when a run starts."""
    if draft.graph.flow == "needs":
        for sync in draft.graph.timed_syncs:
            if sync.id not in draft.state.steps:
                await_sync(draft, sync, 1)


def await_sync(draft: Draft, sync: Sync, visit: int) -> None:
    """Set the timer of `sync`, counted from now; does nothing without a timeout."""
    if sync.timeout_ms is not None:
        deadline_at = draft.at + sync.timeout_ms
        draft.emit(SyncAwaited(step_id=sync.id, visit=visit, deadline_at=deadline_at, at=draft.at))


def is_reached(draft: Draft, sync: Sync) -> bool:
    """Return whether every step that `sync` needs is done."""
    return not _missing(draft, sync)


def time_out(draft: Draft, sync: Sync) -> None:
    """Fail the run, because the awaited point `sync` isn't reached by its deadline."""
    visit = draft.state.steps[sync.id].visit
    error = Error(code="TIMEOUT", message=_message(draft, sync))
    draft.emit(StepUndecided(step_id=sync.id, visit=visit, at=draft.at, error=error, kind="sync"))
    cancel_steps(draft)
    draft.emit(RunFailed(at=draft.at, error=error, step_id=sync.id))


def _missing(draft: Draft, sync: Sync) -> list[str]:
    steps = draft.state.steps
    return [need for need in dict.fromkeys(sync.needs) if need not in steps or not steps[need].done]


def _message(draft: Draft, sync: Sync) -> str:
    missing = _missing(draft, sync)
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    names = ", ".join(missing[:_NAMED]) + more
    return f"The point wasn't reached within {sync.timeout_ms} ms; missing: {names}"
