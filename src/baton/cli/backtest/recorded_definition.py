"""Finds the definition whose runs a backtest reads, by its id or its slug, in a store."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.domain.definition.state import State as Definition
    from baton.eventlog.ports.backend import Stores


async def recorded_definition(
    stores: "Stores", reference: str, tenants: Iterable[str] | None
) -> "Definition":
    """Return a definition, even a deleted one; raises Failed.

    Args:
        stores: The stores with the definition.
        reference: The id or slug; Failed is raised if several tenants have it.
        tenants: The tenants to search; None searches all tenants in the views.
    """
    known = await _owners(stores, reference) if tenants is None else tenants
    by_owner = {owner: await _of_tenant(stores, owner, reference) for owner in sorted(known)}
    owned = {owner: definition for owner, definition in by_owner.items() if definition is not None}
    if len(owned) > 1:
        names = ", ".join(owned)
        raise Failed(f"Tenants {names} have a definition {reference!r}: choose one with --tenant")
    for definition in owned.values():
        return definition
    if tenants is None:
        raise Failed(
            f"The views have no definition {reference!r}: name an id or a slug, and its tenant with"
            " --tenant where the views aren't built"
        )
    if len(by_owner) == 1:
        raise Failed(f"Tenant {''.join(by_owner)} has no definition {reference!r} in this store")
    raise Failed(f"No tenant has a definition {reference!r} in this export")


async def _of_tenant(stores: "Stores", tenant: str, reference: str) -> "Definition | None":
    from baton.domain.claim.decisions import DECIDER as CLAIM
    from baton.domain.claim.messages import slug_claim
    from baton.domain.definition.decisions import DECIDER as DEFINITION
    from baton.domain.stream import stream_name
    from baton.eventlog.loops.load import load

    claim = stream_name(tenant, CLAIM.name, slug_claim(reference))
    holder = (await load(stores.events, CLAIM, claim)).state.holder
    stream = stream_name(tenant, DEFINITION.name, holder or reference)
    state = (await load(stores.events, DEFINITION, stream)).state
    return state if state.version else None


async def _owners(stores: "Stores", reference: str) -> set[str]:
    """Return the tenants with a definition of this id or slug; empty if there are no views."""
    from baton.eventlog.errors import Unavailable
    from baton.eventlog.ports.views import Filter, Query
    from baton.projector.views import every_view
    from baton.projector.views.definitions.view import VIEW

    tenants: set[str] = set()
    try:
        await stores.views.prepare([view.table for view in every_view()])
        for column in ("key", "slug"):
            condition = Filter(column=column, op="=", value=reference)
            page = await stores.views.find(
                Query(table=VIEW.name, tenant=None, where=(condition,), limit=100)
            )
            tenants.update(row.tenant for row in page.rows)
    except Unavailable:
        return set()
    return tenants
