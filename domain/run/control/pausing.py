"""Pausing and resuming a run without losing an outcome or a timer.

A paused run still records outcomes, lost executors and expired attempts. It starts no step, takes
no decision, ends no delay and doesn't end itself. Resuming decides all of that at once, in this
order: released steps start again, steps that became ready start, and due timers fire in the order
of their due times.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from baton.domain.definition.graph import Sync
from baton.domain.frozen import frozen
from baton.domain.run.advance import Draft, advance
from baton.domain.run.attempts import end_wait, hold_timer, take_over
from baton.domain.run.control.actions import refusal_of
from baton.domain.run.control.sync_timeouts import await_syncs, time_out
from baton.domain.run.hold import BY_SERVER, TimerKind, Timers
from baton.domain.run.messages.commands import PauseRun, ResumeRun
from baton.domain.run.messages.run_events import RunPaused, RunResumed, RunStarted
from baton.domain.run.messages.step_events import StepReleased, TimerSet
from baton.domain.run.state import State
from baton.domain.run.steps import Status

MAX_FIRED_AT_ONCE: Final = 500
"""The number of due timers that resuming a run fires itself.

Timers beyond it are set to their due times again, and the scheduler fires them in several appends.
"""

_KINDS: Final[Mapping[Status, TimerKind]] = {
    "delayed": "delay",
    "backing_off": "backoff",
    "awaited": "sync",
}


@frozen
class HeldTimer:
    """The timer of a delay or backoff in a paused run.

    `due_at` is when it was due before the pause, `ends_at` when it ends if the run is resumed now.
    `fires` is whether resuming the run fires it.
    """

    step_id: str
    visit: int
    attempt: int
    kind: TimerKind
    due_at: int
    ends_at: int
    fires: bool


def pause(draft: Draft, command: PauseRun) -> None:
    """Pause the run, or do nothing if it is paused; raises InConflict if it has ended.

    The hold on the server doesn't pause runs that have ended. A run that the hold has paused can be
    paused by a user, too: the end of the hold doesn't resume it then.
    """
    state, by_server = draft.state, command.actor == BY_SERVER
    if by_server and (state.final or state.hold is not None):
        return
    if state.hold is not None and not state.hold.by_server:
        return
    refusal = refusal_of("pause", state.status)
    if refusal is not None:
        raise refusal
    actor, at = command.actor, draft.at
    held = {} if state.hold is None else state.hold.timers
    draft.emit(RunPaused(actor=actor, at=at, reason=command.reason, inflight=command.inflight))
    for step_id, step in state.steps.items():
        if step.status in _KINDS:
            if step_id not in held:
                hold_timer(draft, step_id)
        elif step.status == "running" and command.inflight == "cancel":
            visit, attempt = step.visit, step.attempt
            draft.emit(
                StepReleased(step_id=step_id, visit=visit, attempt=attempt, at=at, cause="pause")
            )


def resume(draft: Draft, command: ResumeRun) -> None:
    """Resume the run; raises InConflict if it isn't paused.

    The end of the hold on the server resumes a run only if the hold paused it.
    """
    hold, refusal = draft.state.hold, refusal_of("resume", draft.state.status)
    if command.actor == BY_SERVER and (hold is None or not hold.by_server):
        return
    if refusal is not None:
        raise refusal
    timers = held_timers(draft.state, draft.at, command.timers)
    released = [of for of, step in draft.state.steps.items() if step.status == "released"]
    draft.emit(RunResumed(actor=command.actor, at=draft.at, timers=command.timers))
    if hold is not None and hold.was == "pending":
        draft.emit(RunStarted(at=draft.at))
        await_syncs(draft)
    for timer in (timer for timer in timers if not timer.fires):
        draft.emit(_set(timer, draft.at))
    for step_id in released:
        take_over(draft, step_id)
    advance(draft, None)
    for timer in (timer for timer in timers if timer.fires):
        _fire(draft, timer)


def _fire(draft: Draft, timer: HeldTimer) -> None:
    """Fire a held timer, unless an earlier timer has ended its wait or the run."""
    step, defined = draft.state.steps[timer.step_id], draft.graph.by_id[timer.step_id]
    if draft.state.final or step.status not in _KINDS:
        return
    if isinstance(defined, Sync):
        time_out(draft, defined)
    else:
        end_wait(draft, timer.step_id)


def held_timers(state: State, at: int, timers: Timers) -> list[HeldTimer]:
    """Return a paused run's timers, in order of time, as resuming the run at `at` sets them."""
    in_order = sorted(_held(state, at, timers), key=lambda timer: (timer.ends_at, timer.step_id))
    return [
        replace(timer, fires=False) if place >= MAX_FIRED_AT_ONCE else timer
        for place, timer in enumerate(in_order)
    ]


def _held(state: State, at: int, timers: Timers) -> Iterator[HeldTimer]:
    held_since = {} if state.hold is None else state.hold.timers
    for step_id, step in state.steps.items():
        kind = _KINDS.get(step.status)
        if kind is None:
            continue
        ends_at = step.due_at
        if timers == "shift":
            ends_at += at - held_since[step_id]
        elif timers == "skip" and step.status == "delayed":
            ends_at = min(at, step.due_at)
        yield HeldTimer(
            step_id=step_id,
            visit=step.visit,
            attempt=step.attempt,
            kind=kind,
            due_at=step.due_at,
            ends_at=ends_at,
            fires=ends_at <= at,
        )


def _set(timer: HeldTimer, at: int) -> TimerSet:
    return TimerSet(
        step_id=timer.step_id,
        visit=timer.visit,
        attempt=timer.attempt,
        kind=timer.kind,
        due_at=timer.ends_at,
        at=at,
    )
