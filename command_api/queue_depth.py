"""The queue of a tenant: the work that could continue if an executor had a free slot."""

from baton.command_api.services import Services


async def queue_depth(services: Services, tenant: str) -> int:
    """Return how many requested runs and calls of ready steps of a tenant wait for an executor.

    Runs are counted in the views, so the count costs nothing when runs start. Executors of other
    processes report their waiting calls within two seconds. Raises `Unavailable`.
    """
    _, requested = await services.runs.page(tenant, statuses=("pending",), limit=1)
    return requested + await services.waiting_calls.of(tenant)
