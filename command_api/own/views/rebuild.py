"""POST /views/rebuild: begins a second set of views, which a projector's process builds."""

from pydantic import BaseModel

from baton.command_api.dialect.contract import Route
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.views.documents import EXAMPLE, ViewSetShown, render_set
from baton.command_api.principal import ADMIN
from baton.projector.sets.changes import NotPossible, begin_set


class RebuildBody(BaseModel):
    """The body of POST /views/rebuild, which has no members."""


async def _rebuild(context: RequestContext) -> Reply:
    await context.parse(RebuildBody, required=False)
    try:
        number = await begin_set(context.services.installation.view_sets, at=context.now())
    except NotPossible as refused:
        raise Refused("conflict", str(refused)) from None
    await context.services.accesses.views_changed(context.caller, "rebuild", number)
    return context.reply(202, await render_set(context.services, number, now=context.now()))


ROUTES = (
    Route(
        method="POST",
        path="/views/rebuild",
        handler=_rebuild,
        scope=ADMIN,
        summary="Build a second set of views beside the live one, and compare the two",
        operation_id="rebuildViews",
        tag="Views",
        request=RebuildBody,
        request_required=False,
        response=ViewSetShown,
        example={
            **EXAMPLE,
            "state": "building",
            "position": 0,
            "behind": 81234,
            "bytes": 4096,
            "comparedAt": None,
            "differences": None,
        },
        status=202,
        problems={
            400: "Invalid request body",
            403: "The token lacks the scope orchestrator:admin",
            409: "Another set is being built, or the disk lacks the space for one",
        },
    ),
)
