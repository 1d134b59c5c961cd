"""Translates a run into its progress: finished tasks, blockers, milestones, estimated completion.

A blocker is a task that failed, that waits for a time, or that can't start because it depends on
one of those that failed; a synchronization point that timed out is one, too. Milestones are the
start, each synchronization point, and the end.
"""

from collections.abc import Iterator, Mapping, Sequence

from baton.command_api.dialect.rendering import optional_time
from baton.command_api.dialect.task_graphs import newest_visits, predecessors
from baton.command_api.dialects.workflow_orchestration.translation.estimate import (
    Durations,
    estimated_end,
)
from baton.command_api.dialects.workflow_orchestration.translation.executions import (
    error_text,
    task_execution_id,
    task_executions_of,
    task_status,
)
from baton.command_api.dialects.workflow_orchestration.translation.resources import (
    Blocker,
    Milestone,
    ProgressReport,
)
from baton.command_api.dialects.workflow_orchestration.translation.workflows import (
    name_of,
    sync_steps,
)
from baton.domain.definition.graph import Graph, Sync
from baton.domain.definition.graph import Step as Defined
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final
from baton.protocols.iso_time import format_time


def progress_of(
    run: Run, graph: Graph, steps: Sequence[Step], durations: Durations, *, now: int
) -> ProgressReport:
    """Return the progress of a run.

    Args:
        run: The run.
        graph: The graph of the version that it runs.
        steps: The records of its history, in their order.
        durations: How long the definition's steps took in earlier runs.
        now: The time in ms since the epoch.
    """
    tasks = task_executions_of(run, graph, steps)
    visits = newest_visits(steps)
    return ProgressReport(
        id=run.id,
        workflow_execution_id=run.id,
        completed_tasks=sum(task.status == "COMPLETED" for task in tasks),
        total_tasks=len(tasks),
        estimated_completion=optional_time(estimated_end(run, graph, visits, durations, now=now)),
        blockers=tuple(_blockers(run, graph, visits)),
        milestones=tuple(_milestones(run, graph, visits)),
    )


def _blockers(run: Run, graph: Graph, visits: Mapping[str, Sequence[Step]]) -> Iterator[Blocker]:
    needs = predecessors(graph)
    failed = {of for of, visit in visits.items() if task_status(run, visit[-1]) == "FAILED"}
    for step in graph.steps:
        visit = visits.get(step.id, ())
        if visit:
            description = _why_blocked(run, visit[-1])
            since = _blocked_since(visit)
        elif not is_final(run) and not isinstance(step, Sync):
            description = _waits_for([need for need in needs[step.id] if need in failed], graph)
            since = run.requested_at
        else:
            continue
        if description is not None:
            ident = task_execution_id(run.id, step.id)
            yield Blocker(
                id=ident,
                task_execution_id=ident,
                description=f"{_noun(step)} '{name_of(step)}' {description}",
                created_at=format_time(since),
            )


def _noun(step: Defined) -> str:
    return "Synchronization point" if isinstance(step, Sync) else "Task"


def _why_blocked(run: Run, newest: Step) -> str | None:
    match task_status(run, newest):
        case "FAILED":
            return f"failed: {error_text(newest.error)}"
        case "WAITING" if newest.resume_at is not None:
            until = format_time(newest.resume_at)
            if newest.kind == "delay":
                return f"waits until {until}"
            return f"waits until {until} for attempt {newest.attempt}"
        case _:
            return None


def _blocked_since(visit: Sequence[Step]) -> int:
    """Return when a task failed or began to wait: with its start, or the end of an attempt."""
    newest = visit[-1]
    if newest.completed_at is not None:
        return newest.completed_at
    ends = [step.completed_at for step in visit if step.completed_at is not None]
    return max(ends, default=newest.started_at or 0)


def _waits_for(failed: Sequence[str], graph: Graph) -> str | None:
    if not failed:
        return None
    names = ", ".join(f"'{name_of(graph.by_id[failed_id])}'" for failed_id in failed)
    return f"waits for {names}, which failed"


def _milestones(
    run: Run, graph: Graph, visits: Mapping[str, Sequence[Step]]
) -> Iterator[Milestone]:
    yield _milestone(run, 1, "Initialization", "Workflow initialization", run.started_at)
    number = 1
    for number, sync in enumerate(sync_steps(graph), start=2):
        visit = visits.get(sync.id)
        reached = visit is not None and visit[-1].status == "succeeded"
        at = visit[-1].completed_at if visit is not None and reached else None
        yield _milestone(run, number, name_of(sync), sync.description, at)
    end = run.completed_at if run.status == "completed" else None
    yield _milestone(run, number + 1, "Completion", "Workflow completion", end)


def _milestone(
    run: Run, number: int, name: str, description: str | None, at: int | None
) -> Milestone:
    return Milestone(
        id=f"{run.id}.milestone-{number}",
        name=name,
        description=description,
        achieved=at is not None,
        achieved_at=optional_time(at),
    )
