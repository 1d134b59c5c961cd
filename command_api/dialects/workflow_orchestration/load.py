"""Loads executions, tasks and the data of their progress; those of other tenants aren't found."""

from baton.command_api.dialects.workflow_orchestration.translation.estimate import (
    RUNS_OF_HISTORY,
    Durations,
    durations_of,
)
from baton.command_api.dialects.workflow_orchestration.translation.executions import (
    parse_task_execution_id,
)
from baton.command_api.http.read_your_write import WAIT_MS
from baton.command_api.services import Services
from baton.domain.definition.graph import Graph
from baton.domain.errors import NotFound
from baton.eventlog.errors import Unavailable
from baton.projector.views.runs.view import Document as Run


async def graph_of_run(services: Services, run: Run) -> Graph:
    """Return the graph of the version that a run started with; raises `Unavailable`."""
    definition = await services.definitions.get(run.tenant, run.definition_id)
    if definition is None:
        message = f"definition {run.definition_id} can't be read"
        raise Unavailable(message)
    return definition.versions[run.definition_version].graph


async def find_task(services: Services, tenant: str, task_id: str) -> tuple[Run, Graph, str]:
    """Return the run, its graph and the step that the id of a task execution names.

    Raises NotFound.
    """
    parts = parse_task_execution_id(task_id)
    run = None if parts is None else await services.runs.get(tenant, parts[0])
    if parts is None or run is None:
        raise NotFound("step", task_id)
    graph = await graph_of_run(services, run)
    if parts[1] not in graph.by_id:
        raise NotFound("step", task_id)
    return run, graph, parts[1]


async def run_at(services: Services, tenant: str, run_id: str, position: int) -> Run:
    """Return a run, once the views hold the position of a command or the wait has timed out.

    Raises NotFound.
    """
    await services.reached(position, WAIT_MS)
    run = await services.runs.get(tenant, run_id)
    if run is None:
        raise NotFound("run", run_id)
    return run


async def recorded_durations(services: Services, tenant: str, definition_id: str) -> Durations:
    """Return how long the steps of a definition took in its newest completed runs."""
    runs, _ = await services.runs.page(
        tenant, definition_id=definition_id, statuses=("completed",), limit=RUNS_OF_HISTORY
    )
    histories = await services.run_steps.of_runs(tenant, [run.id for run in runs])
    return durations_of(histories.values())
