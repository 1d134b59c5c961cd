"""The DAGs of a request's runs, each loaded and hashed once."""

from dataclasses import dataclass

from baton.command_api.dialects.orchestrator.render_dags import definition_hash
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State
from baton.eventlog.errors import Unavailable
from baton.projector.views.runs.view import Document as Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """The version of a DAG with which a run started; `version` is its text."""

    dag_id: str
    version: str
    definition_hash: str
    graph: Graph


class DagsOfRuns:
    """Loads the DAGs of runs; also those that were deleted since."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._found: dict[tuple[str, int], Dag] = {}

    async def of(self, run: Run) -> Dag:
        """Return the DAG of a run; raises Unavailable."""
        key = (run.definition_id, run.definition_version)
        dag = self._found.get(key)
        if dag is None:
            dag = self._found[key] = await self._load(*key)
        return dag

    async def _load(self, definition_id: str, version: int) -> Dag:
        services, tenant = self._context.services, self._context.tenant
        definition = await services.definitions.get(tenant, definition_id)
        if definition is None:
            raise Unavailable(f"definition {definition_id} can't be read")
        return dag_of(definition, version)


def dag_of(definition: State, version: int) -> Dag:
    """Return a version of a definition as the DAG of a run."""
    return Dag(
        dag_id=definition.slug,
        version=definition.publications[version].label,
        definition_hash=definition_hash(definition, version),
        graph=definition.versions[version].graph,
    )
