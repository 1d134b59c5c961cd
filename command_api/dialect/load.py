"""Loads the definition or the run that a path names; those of other tenants aren't found."""

from baton.command_api.http.long_poll import poll_until_settled
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State as Definition
from baton.domain.errors import NotFound
from baton.projector.views.runs.view import Document as Run


async def load_definition(context: RequestContext, definition_id: str) -> Definition:
    """Return a definition; raises NotFound for one that doesn't exist or was deleted."""
    definition = await context.services.definitions.get(context.tenant, definition_id)
    if definition is None or definition.deleted:
        raise NotFound("definition", definition_id)
    return definition


async def load_run(
    context: RequestContext, run_id: str, *, definition_id: str | None = None
) -> Run:
    """Return a run, once it has ended if the request says `Prefer: wait`; raises NotFound.

    Args:
        context: The request.
        run_id: The run's id.
        definition_id: The definition that the path names, if it does: a run of another definition
            is not found. The definition itself may have been deleted.
    """
    runs = context.services.runs
    run = await poll_until_settled(context, lambda: runs.get(context.tenant, run_id))
    if run is None or definition_id not in (None, run.definition_id):
        raise NotFound("run", run_id)
    return run
