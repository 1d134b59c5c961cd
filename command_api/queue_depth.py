"""The queue of a tenant: its work that could go on if an executor had a place for it."""

from baton.command_api.services import Services


async def queue_depth(services: Services, tenant: str) -> int:
    """Return how many requested runs and calls of ready steps of a tenant wait for an executor.

    Runs are counted in the views, so that nothing is counted while they start. Other processes'
    executors report the calls that wait within a second or two. Raises `Unavailable`.
    """
    _, requested = await services.runs.page(tenant, statuses=("pending",), limit=1)
    return requested + await services.waiting_calls.of(tenant)
