"""Finds the definition whose runs a backtest reads, by its id or its slug, in a store."""

from typing import TYPE_CHECKING

from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.domain.definition.state import State as Definition
    from baton.eventlog.ports.backend import Stores


async def recorded_definition(stores: "Stores", reference: str, tenant: str | None) -> "Definition":
    """Return a definition, a deleted one too; raises Failed.

    Without a tenant, the views find it, and it must be the only one of this id or slug.
    """
    if tenant is not None:
        found = await _of_tenant(stores, tenant, reference)
        if found is None:
            raise Failed(f"Tenant {tenant} has no definition {reference!r} in this store")
        return found
    owners = await _owners(stores, reference)
    if len(owners) > 1:
        names = ", ".join(sorted(owners))
        raise Failed(f"Tenants {names} have a definition {reference!r}: choose one with --tenant")
    for owner in owners:
        found = await _of_tenant(stores, owner, reference)
        if found is not None:
            return found
    raise Failed(
        f"The views have no definition {reference!r}: name an id or a slug, and its tenant with"
        " --tenant where the views aren't built"
    )


async def _of_tenant(stores: "Stores", tenant: str, reference: str) -> "Definition | None":
    from baton.domain.claim.decisions import DECIDER as CLAIM
    from baton.domain.claim.messages import slug_claim
    from baton.domain.definition.decisions import DECIDER as DEFINITION
    from baton.domain.stream import stream_name
    from baton.eventlog.loops.load import load

    claim = stream_name(tenant, CLAIM.name, slug_claim(reference))
    holder = (await load(stores.events, CLAIM, claim)).state.holder
    stream = stream_name(tenant, DEFINITION.name, holder or reference)
    found = (await load(stores.events, DEFINITION, stream)).state
    return found if found.version else None


async def _owners(stores: "Stores", reference: str) -> set[str]:
    """Return the tenants that have a definition of this id or slug, none without views."""
    from baton.eventlog.errors import Unavailable
    from baton.eventlog.ports.views import Filter, Query
    from baton.projector.views import every_view
    from baton.projector.views.definitions.view import VIEW

    found: set[str] = set()
    try:
        await stores.views.prepare([view.table for view in every_view()])
        for column in ("key", "slug"):
            wanted = Filter(column=column, op="=", value=reference)
            page = await stores.views.find(
                Query(table=VIEW.name, tenant=None, where=(wanted,), limit=100)
            )
            found.update(row.tenant for row in page.rows)
    except Unavailable:
        return set()
    return found
