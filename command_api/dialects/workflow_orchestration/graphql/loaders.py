"""Loads the data for many fields of one response with one read.

Results are kept only for the response, which shows one state.
"""

import asyncio
from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from baton.command_api.services import Services
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State as Definition
from baton.eventlog.errors import Unavailable
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run


class Loaders:
    """The loaders of one response to one tenant."""

    def __init__(self, services: Services, tenant: str) -> None:
        self._services, self._tenant = services, tenant
        self._steps = DataLoader(load_fn=self._load_steps)
        self._definitions = DataLoader(load_fn=self._load_definitions)
        self._histories: dict[str, list[Step]] = {}
        self._graphs: dict[tuple[str, int], Graph] = {}

    async def preload(self, runs: Sequence[Run]) -> None:
        """Load the histories and the graphs of a page of runs, for `preloaded`."""
        loaded = await self._load_steps([run.id for run in runs])
        self._histories = {run.id: steps for run, steps in zip(runs, loaded, strict=True)}
        self._steps.prime_many(self._histories)
        of_versions = {(run.definition_id, run.definition_version): run for run in runs}
        graphs = await asyncio.gather(*map(self.graph_of, of_versions.values()))
        self._graphs = dict(zip(of_versions, graphs, strict=True))

    def preloaded(self, run: Run) -> tuple[Graph, list[Step]] | None:
        """Return the graph and the history of a run that was preloaded."""
        steps = self._histories.get(run.id)
        if steps is None:
            return None
        return self._graphs[run.definition_id, run.definition_version], steps

    async def steps_of(self, run: Run) -> list[Step]:
        """Return the history of a run."""
        return await self._steps.load(run.id)

    async def graph_of(self, run: Run) -> Graph:
        """Return the graph of the version that a run started with."""
        definition = await self._definitions.load(run.definition_id)
        if definition is None:
            message = f"definition {run.definition_id} can't be read"
            raise Unavailable(message)
        return definition.versions[run.definition_version].graph

    async def _load_steps(self, run_ids: list[str]) -> Sequence[list[Step]]:
        steps = await self._services.run_steps.of_runs(self._tenant, run_ids)
        return [steps[run_id] for run_id in run_ids]

    async def _load_definitions(self, idents: list[str]) -> Sequence[Definition | None]:
        definitions = await self._services.definitions.get_many(self._tenant, idents)
        return [definitions.get(ident) for ident in idents]
