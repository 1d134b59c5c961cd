"""Looks up the tenant of a run in a store, for verbs that a user may call without --tenant."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.eventlog.ports.views import ViewStore


async def owner_of_run(views: "ViewStore", run_id: str) -> str | None:
    """Return the tenant of a run; None if the views have no such run, or aren't built."""
    from baton.eventlog.errors import Unavailable
    from baton.eventlog.ports.views import Filter, Query
    from baton.projector.views import every_view
    from baton.projector.views.runs.view import VIEW

    condition = Filter(column="key", op="=", value=run_id)
    try:
        await views.prepare([view.table for view in every_view()])
        page = await views.find(Query(table=VIEW.name, tenant=None, where=(condition,), limit=1))
    except Unavailable:
        return None
    return page.rows[0].tenant if page.rows else None
