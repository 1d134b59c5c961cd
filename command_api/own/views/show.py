"""GET /views: the sets of views."""

from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.views.documents import EXAMPLE, ViewSetList, render_sets
from baton.command_api.principal import ADMIN


async def _list(context: RequestContext) -> Reply:
    services = context.services
    sets = await render_sets(services, now=context.now())
    return context.reply(200, {"head": await services.store.head(), "sets": sets})


ROUTES = (
    Route(
        method="GET",
        path="/views",
        handler=_list,
        scope=ADMIN,
        summary="List the sets of views, which all tenants share",
        operation_id="listViewSets",
        tag="Views",
        response=ViewSetList,
        example={"head": 81234, "sets": [EXAMPLE]},
        problems={400: "Invalid parameter", 403: "The token lacks the scope orchestrator:admin"},
    ),
)
