"""Explains runs: the domain's explanation, with what this installation knows beside the log."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from baton.command_api.commands.runs import graph_of
from baton.command_api.services import Services
from baton.domain.errors import NotFound
from baton.domain.nearest_name import nearest_name
from baton.domain.run.control.explain import Explanation, Reason, explain
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.stream import stream_name
from baton.eventlog.known_functions import FunctionOverview

_log = logging.getLogger(__name__)

_NEED_EXECUTOR: Final = frozenset(("QUEUED", "RUNNING", "BACKOFF", "RELEASED"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRun:
    """The explanation of a run, and sentences that say what a user can do about it."""

    explanation: Explanation
    suggestions: Sequence[str]


async def explain_run(services: Services, tenant: str, run_id: str) -> ExplainedRun:
    """Return why a run is where it is; raises NotFound and `Unavailable`."""
    recorded = await services.store.read(stream_name(tenant, "run", run_id))
    if not recorded:
        raise NotFound("run", run_id)
    history = [one.event for one in recorded]
    graph = await graph_of(services, tenant, run_id)
    found = explain(graph, RUN.fold(history), services.clock.now(), history)
    if found.stuck:
        services.stuck_runs.add(run_id)
        _log.error("run %s of tenant %s is stuck: %s", run_id, tenant, found.because[0].text)
    live = [
        *_executor_facts(found, await services.functions.overview()),
        *await _view_facts(services, tenant, run_id, recorded[-1].position),
    ]
    found = replace(found, because=(*found.because, *live))
    return ExplainedRun(explanation=found, suggestions=list(dict.fromkeys(_suggestions(found))))


def _executor_facts(found: Explanation, known: FunctionOverview) -> Iterator[Reason]:
    """Yield reasons for steps that no running executor can perform."""
    names = {name for one in known.functions for name in (one.name, one.id, *one.aliases)}
    waiting = [one for one in found.because if one.code in _NEED_EXECUTOR]
    if waiting and not known.executors:
        text = "No executor is running"
        yield Reason(code="NO_EXECUTOR", text=text, state=found.status)
        return
    for one in waiting:
        if one.function is not None and one.function not in names:
            nearest = nearest_name(one.function, names)
            hint = f"; the nearest is '{nearest}'" if nearest else ""
            text = f"No running executor knows function '{one.function}'{hint}"
            yield replace(one, code="NO_FUNCTION", text=text, due_at=None, last_error=None)


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


def _suggestions(found: Explanation) -> Iterator[str]:
    for one in found.because:
        match one.code:
            case "PAUSED":
                yield "POST /runs/{id}/resume lets it go on; /runs/{id}/resume-preview shows how"
            case "FINISHED" if one.state in ("failed", "cancelled"):
                yield "POST /runs/{id}/retry reopens it where it stopped"
            case "NO_EXECUTOR":
                yield "Start an executor: `baton executor`, or `baton dev`"
            case "NO_FUNCTION":
                yield "Start an executor with the function; GET /functions lists the known ones"
            case "STUCK":
                yield "This is a defect of Baton: report it with `baton export --run`"
            case _:
                pass
