"""Explains runs: the domain's explanation, completed with facts about this installation."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from baton.command_api.commands.runs import graph_of
from baton.command_api.services import Services
from baton.domain.errors import NotFound
from baton.domain.nearest_name import nearest_name
from baton.domain.run.control.explain import explain
from baton.domain.run.control.explanation import Code, Explanation, Reason
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.execution_id import execution_id
from baton.domain.run.state import State as Run
from baton.domain.server_hold.messages import ServerHeld
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.known_functions import FunctionOverview

_log = logging.getLogger(__name__)

SCHEDULER: Final = "scheduler"
"""The lease of the process that fires schedules and timers."""
STUCK_MS: Final = 10_000
"""The time after which a run without an open step is stuck, in ms; an append takes milliseconds."""
MAX_STUCK: Final = 1_000
"""The number of stuck runs that are counted, at most."""
_NEED_EXECUTOR: Final = frozenset(("QUEUED", "RUNNING", "BACKOFF", "RELEASED"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRun:
    """The explanation of a run, and sentences that suggest remedies to the user."""

    explanation: Explanation
    suggestions: Sequence[str]


async def explain_run(services: Services, tenant: str, run_id: str) -> ExplainedRun:
    """Return why a run doesn't continue yet; raises NotFound and `Unavailable`."""
    recorded = await _history(services, tenant, run_id)
    state, explanation = await _by_its_history(services, recorded)
    now = services.clock.now()
    if explanation.stuck:
        report_stuck(services, tenant, run_id)
    explanation = replace(
        explanation, because=tuple(_with_attempts(services, state, explanation.because))
    )
    live = [
        *await _hold_facts(services, explanation),
        *_executor_facts(explanation, await services.functions.overview()),
        *await _scheduler_facts(services, explanation, now),
        *await _view_facts(services, tenant, run_id, recorded[-1].position),
    ]
    explanation = replace(explanation, because=(*explanation.because, *live))
    return ExplainedRun(
        explanation=explanation, suggestions=list(dict.fromkeys(_suggestions(explanation)))
    )


async def explain_run_as_of(services: Services, tenant: str, run_id: str) -> ExplainedRun:
    """Return why a run didn't continue as of the position of `services`.

    Only the events up to that position count. It may lie between two events of one append, where no
    step is open: a run is stuck only if that lasts. Raises NotFound and `Unavailable`.
    """
    recorded = await _history(services, tenant, run_id)
    _, explanation = await _by_its_history(services, recorded)
    if explanation.stuck and services.clock.now() - recorded[-1].event.at < STUCK_MS:
        text = "No step is open at this position: it lies between events of one decision"
        because = tuple(
            replace(reason, code="DECIDING", text=text) if reason.code == "STUCK" else reason
            for reason in explanation.because
        )
        explanation = replace(explanation, because=because, stuck=False)
    return ExplainedRun(explanation=explanation, suggestions=())


async def _history(services: Services, tenant: str, run_id: str) -> Sequence[Recorded]:
    recorded = await services.store.read(stream_name(tenant, "run", run_id))
    if not recorded:
        raise NotFound("run", run_id)
    return recorded


async def _by_its_history(
    services: Services, recorded: Sequence[Recorded]
) -> tuple[Run, Explanation]:
    """Return the state of a run, and its explanation by its own events."""
    history = [stored.event for stored in recorded]
    state = RUN.fold(history)
    graph = await graph_of(services, state.tenant, state.run_id)
    return state, explain(graph, state, services.clock.now(), history)


def report_stuck(services: Services, tenant: str, run_id: str) -> None:
    """Log a stuck run and count it, once."""
    if run_id not in services.stuck_runs:
        services.stuck_runs.add(run_id)
        _log.error(
            "run %s of tenant %s is stuck: no recorded event, call or timer will move it",
            run_id,
            tenant,
        )


async def find_stuck_runs(services: Services) -> None:
    """Report the runs of all tenants that the views show as stuck, and forget those that continue.

    Raises `Unavailable`.
    """
    since = services.clock.now() - STUCK_MS
    stuck_runs = await services.runs.stuck_anywhere(since=since, limit=MAX_STUCK)
    for run in stuck_runs:
        report_stuck(services, run.tenant, run.id)
    services.stuck_runs.intersection_update(run.id for run in stuck_runs)


def _with_attempts(services: Services, state: Run, because: Sequence[Reason]) -> Iterator[Reason]:
    """Yield the reasons; running attempts get the facts that their executor knows."""
    for reason in because:
        step = None if reason.step_id is None else state.steps.get(reason.step_id)
        if reason.code != "RUNNING" or step is None:
            yield reason
            continue
        ident = execution_id(state.run_id, reason.step_id or "", step.visit, step.attempt)
        live = services.live_attempts.get(state.tenant, ident)
        if live is None:
            yield reason
        else:
            yield replace(reason, executor=live.executor, heartbeat_at=live.heartbeat_at)


async def _hold_facts(services: Services, explanation: Explanation) -> Sequence[Reason]:
    """Return a reason if the whole server is held, and the run has not ended."""
    held = await hold_of(services) if explanation.next else None
    if held is None:
        return ()
    text = held_text(held)
    return (Reason(code="SERVER_HELD", text=text, state=explanation.status, since=held.at),)


async def hold_of(services: Services) -> ServerHeld | None:
    """Return the hold on the whole server, None if it isn't held; raises `Unavailable`."""
    return (await services.hold.state()).held if services.hold.held else None


def held_text(held: ServerHeld) -> str:
    """Return the sentence that says who holds the server, and why."""
    reason = f": {held.reason}" if held.reason else ""
    return f"'{held.actor.subject}' holds the whole server{reason}"


async def _scheduler_facts(
    services: Services, explanation: Explanation, now: int
) -> Sequence[Reason]:
    """Return a reason if a timer is due and no scheduler runs to fire it."""
    due = any(
        next_event.due_at is not None and next_event.due_at <= now
        for next_event in explanation.next
    )
    if not due:
        return ()
    if any(lease.name == SCHEDULER for lease in await services.installation.leases.held(at=now)):
        return ()
    text = "No scheduler is running: nothing fires due timers"
    return (Reason(code="NO_SCHEDULER", text=text, state=explanation.status),)


def _executor_facts(explanation: Explanation, known: FunctionOverview) -> Iterator[Reason]:
    """Yield reasons for steps that no running executor can perform."""
    names = {
        name
        for function in known.functions
        for name in (function.name, function.id, *function.aliases)
    }
    waiting = [reason for reason in explanation.because if reason.code in _NEED_EXECUTOR]
    if waiting and not known.executors:
        text = "No executor is running"
        yield Reason(code="NO_EXECUTOR", text=text, state=explanation.status)
        return
    for reason in waiting:
        if reason.function is not None and reason.function not in names:
            nearest = nearest_name(reason.function, names)
            hint = f"; the nearest is '{nearest}'" if nearest else ""
            text = f"No running executor knows function '{reason.function}'{hint}"
            yield replace(reason, code="NO_FUNCTION", text=text, due_at=None, last_error=None)


async def _view_facts(
    services: Services, tenant: str, run_id: str, position: int
) -> Sequence[Reason]:
    """Return a reason if the views don't show the run's newest event yet."""
    shown = await services.runs.get(tenant, run_id)
    if shown is not None and shown.position >= position:
        return ()
    at = "don't show the run yet" if shown is None else f"show it as of position {shown.position}"
    text = f"The views {at}; its newest event has position {position}"
    return (Reason(code="VIEWS_BEHIND", text=text, state="" if shown is None else shown.status),)


_SUGGESTIONS: Final[Mapping[Code, str]] = {
    "PAUSED": "`baton runs resume {id}`, or POST /runs/{id}/resume, lets it go on;"
    " --preview, or GET /runs/{id}/resume-preview, shows how",
    "SERVER_HELD": "`baton release`, or POST /system/release, lets the server go on",
    "NO_EXECUTOR": "Start an executor: `baton executor`, or `baton dev`",
    "NO_SCHEDULER": "Start a scheduler: `baton scheduler`, or `baton dev`",
    "NO_FUNCTION": "Start an executor with the function: `baton functions list` shows those known",
    "STUCK": "This is a defect of Baton: report it with `baton export --run {id}`",
}
_REOPEN: Final = "`baton runs retry {id}`, or POST /runs/{id}/retry, reopens it where it stopped"


def _suggestions(explanation: Explanation) -> Iterator[str]:
    held = any(reason.code == "SERVER_HELD" for reason in explanation.because)
    for reason in explanation.because:
        if reason.code == "PAUSED" and held:
            continue  # a held server resumes no run
        if reason.code in _SUGGESTIONS:
            yield _SUGGESTIONS[reason.code]
        elif reason.code == "FINISHED" and reason.state in ("failed", "cancelled"):
            yield _REOPEN
