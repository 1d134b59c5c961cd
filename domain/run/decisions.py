"""Decisions about runs: checks each command and applies the rule for it."""

from typing import assert_never

from baton.domain.decider import Decider
from baton.domain.definition.graph import Compute, Delay, Sync
from baton.domain.definition.state import State as Definition
from baton.domain.errors import InConflict, NotFound, StaleAttempt
from baton.domain.run.advance import (
    Draft,
    activate,
    advance,
    begin,
    begin_delay,
    cancel_steps,
)
from baton.domain.run.attempts import end_attempt, end_wait, keep_logs, take_over
from baton.domain.run.control.actions import REOPENED, refusal_of
from baton.domain.run.control.copied_steps import branch_off
from baton.domain.run.control.pausing import pause, resume
from baton.domain.run.control.sync_timeouts import await_sync, await_syncs, is_reached, time_out
from baton.domain.run.fold import evolve
from baton.domain.run.messages import Command, Event
from baton.domain.run.messages.commands import (
    CancelRun,
    FireTimer,
    KeepLogs,
    PauseRun,
    ReleaseAttempts,
    ReportOutcome,
    RequestRun,
    ResumeRun,
    RetryRun,
    StartRun,
    TakeOver,
)
from baton.domain.run.messages.run_events import RunCancelled, RunReopened, RunRequested, RunStarted
from baton.domain.run.messages.step_events import StepReleased
from baton.domain.run.outcome import TimedOut
from baton.domain.run.size_limit import within_limit
from baton.domain.run.state import NOT_REQUESTED, State
from baton.domain.run.steps import NO_ATTEMPT
from baton.domain.run.trigger import ByHand, ByRerun


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises NotFound, InConflict, StaleAttempt, ValuesNeeded."""
    return decide_and_evolve(command, state)[0]


def decide_and_evolve(command: Command, state: State) -> tuple[list[Event], State]:
    """Return the events of `command` and the state after them; raises as `decide` does."""
    draft = Draft(state, command.graph, command.at, command.values)
    match command:
        case ReportOutcome():
            _report(draft, command)
        case RequestRun():
            _request(draft, command)
        case StartRun():
            _start(draft)
        case FireTimer():
            _fire(draft, command)
        case TakeOver():
            _take_over(draft, command)
        case CancelRun() | ReleaseAttempts() | KeepLogs():
            _cut_short(draft, command)
        case RetryRun() | PauseRun() | ResumeRun():
            _control(draft, command)
        case _:
            assert_never(command)
    return draft.events, draft.state


def _request(draft: Draft, command: RequestRun) -> None:
    if draft.state.version:
        return
    definition = command.definition
    if not definition.version or definition.deleted:
        raise NotFound("definition", definition.definition_id)
    status = definition.body.status
    by_hand = isinstance(command.trigger, ByHand | ByRerun)
    if status == "paused" or (status == "draft" and not by_hand):
        raise InConflict("definition_inactive", slug=definition.slug, status=status)
    version = definition.version
    if command.version is not None:
        version = _enabled(definition, command.version)
    draft.emit(
        RunRequested(
            tenant=definition.tenant,
            run_id=command.run_id,
            definition_id=definition.definition_id,
            version=version,
            trigger=command.trigger,
            actor=command.actor,
            at=command.at,
            input=command.input,
            context=command.context,
            correlation_id=command.correlation_id,
            traceparent=command.traceparent,
            size=command.size,
            linked_traceparent=command.linked_traceparent,
        )
    )
    if command.branch is not None:
        branch_off(draft, command.branch)


def _enabled(definition: Definition, version: int) -> int:
    """Return `version`; raises NotFound, and InConflict for one that is disabled."""
    publication = definition.publications.get(version)
    if publication is None:
        raise NotFound("definition", definition.definition_id)
    if version in definition.disabled:
        raise InConflict("version_disabled", slug=definition.slug, version=publication.label)
    return version


def _start(draft: Draft) -> None:
    if draft.state.status == "pending":
        draft.emit(RunStarted(at=draft.at))
        await_syncs(draft)
        advance(draft, None)


def _report(draft: Draft, command: ReportOutcome) -> None:
    token = command.token
    step = draft.state.current_attempt(token)
    if step is None or step.status in ("cancelled", "released"):
        raise StaleAttempt(token.step_id, token.attempt)
    if step.status == "running":
        outcome = within_limit(command.outcome, draft.state.size, command.max_run_bytes)
        end_attempt(draft, token, outcome)


def _fire(draft: Draft, command: FireTimer) -> None:
    step = draft.state.current_attempt(command.token)
    if step is None or draft.at < step.due_at:
        return
    defined = draft.graph.by_id[command.token.step_id]
    if step.status == "running":
        end_attempt(draft, command.token, TimedOut(jitter=command.jitter))
    elif draft.state.hold is not None:
        return
    elif step.awaited and isinstance(defined, Sync):
        time_out(draft, defined)
    elif step.open and step.status != "released":
        end_wait(draft, command.token.step_id)


def _take_over(draft: Draft, command: TakeOver) -> None:
    paused = draft.state.hold is not None
    for step_id, step in draft.state.steps.items():
        released = step.status == "released" and not paused
        if released or (command.lost and step.status == "running"):
            take_over(draft, step_id)


def _cut_short(draft: Draft, command: CancelRun | ReleaseAttempts | KeepLogs) -> None:
    match command:
        case CancelRun():
            _cancel(draft, command)
        case ReleaseAttempts():
            _release(draft, command)
        case KeepLogs():
            _keep_logs(draft, command)


def _release(draft: Draft, command: ReleaseAttempts) -> None:
    for token in command.tokens:
        step = draft.state.current_attempt(token)
        if step is not None and step.status == "running":
            step_id, visit, attempt = token
            draft.emit(StepReleased(step_id=step_id, visit=visit, attempt=attempt, at=draft.at))


def _keep_logs(draft: Draft, command: KeepLogs) -> None:
    token, state = command.token, draft.state
    step = state.steps.get(token.step_id)
    if step is None or (token.visit, token.attempt) > (step.visit, step.attempt):
        raise StaleAttempt(token.step_id, token.attempt)
    if not state.is_running(token) and token not in state.late_logs:
        keep_logs(draft, token, command.logs)


def _cancel(draft: Draft, command: CancelRun) -> None:
    state = _existing(draft)
    if state.status == "cancelled":
        return
    refusal = refusal_of("cancel", state.status)
    if refusal is not None:
        raise refusal
    cancel_steps(draft)
    draft.emit(RunCancelled(actor=command.actor, at=draft.at, reason=command.reason))


def _control(draft: Draft, command: RetryRun | PauseRun | ResumeRun) -> None:
    _existing(draft)
    match command:
        case RetryRun():
            _retry(draft, command)
        case PauseRun():
            pause(draft, command)
        case ResumeRun():
            resume(draft, command)


def _retry(draft: Draft, command: RetryRun) -> None:
    state = draft.state
    reopened = _to_reopen(state, command.step_id)
    unstarted = state.status == "cancelled" and not state.activations and command.step_id is None
    refusal = refusal_of("retry", state.status, reopenable=bool(reopened) or unstarted)
    if refusal is not None:
        raise refusal
    draft.emit(RunReopened(actor=command.actor, steps=reopened, at=draft.at))
    finished = [step_id for step_id in reopened if _reopen(draft, step_id)]
    if unstarted:
        draft.emit(RunStarted(at=draft.at))
        await_syncs(draft)
    advance(draft, None if unstarted else finished)


def _to_reopen(state: State, step_id: str | None) -> tuple[str, ...]:
    """Return the ids of the steps to reopen.

    Cancelled steps are always included, because the run couldn't end without them.
    """
    if state.status not in REOPENED:
        return ()
    ended = {of: each.status for of, each in state.steps.items() if not (each.open or each.done)}
    if step_id is not None and step_id not in ended:
        return ()
    return tuple(
        of for of, status in ended.items() if status == "cancelled" or step_id in (None, of)
    )


def _reopen(draft: Draft, step_id: str) -> bool:
    """Start the step again, and return whether it is finished already."""
    step, state = draft.graph.by_id[step_id], draft.state.steps[step_id]
    if isinstance(step, Sync) and not is_reached(draft, step):
        await_sync(draft, step, state.visit + 1)
    elif state.attempt == NO_ATTEMPT:
        return activate(draft, step)
    elif isinstance(step, Compute):
        begin(draft, step, state.visit, state.attempt + 1, "reopen")
    elif isinstance(step, Delay):
        begin_delay(draft, step, state.visit + 1)
    return False


def _existing(draft: Draft) -> State:
    if not draft.state.version:
        raise NotFound("run")
    return draft.state


DECIDER: Decider[Command, State, Event] = Decider(
    "run", NOT_REQUESTED, decide, evolve, decide_and_evolve=decide_and_evolve
)
