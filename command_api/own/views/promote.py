"""POST /views/{set}/promote: makes a set of views the live one."""

from typing import Final

from pydantic import BaseModel, StrictBool

from baton.command_api.dialect.contract import Route
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.views.documents import EXAMPLE, ViewSetShown, render_set
from baton.command_api.principal import ADMIN
from baton.eventlog.ports.views import NoSuchSet
from baton.projector.sets.changes import NotPossible, promote_set

_DIGITS: Final = 15
_NOT_FOUND: Final = "There is no such set of views"


class PromoteBody(BaseModel):
    """The body of POST /views/{set}/promote.

    With `acceptDifference`, even a set is promoted that differs from the live one or wasn't
    compared with it. A set that was live before needs no comparison.
    """

    acceptDifference: StrictBool = False  # noqa: N815 - the names of the JSON


async def _promote(context: RequestContext) -> Reply:
    body = await context.parse(PromoteBody, required=False)
    services, text = context.services, context.params["set"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise Refused("not_found", _NOT_FOUND)
    try:
        await promote_set(
            services.installation.view_sets, int(text), accept_difference=body.acceptDifference
        )
        await services.accesses.views_changed(context.caller, "promote", int(text))
        shown = await render_set(services, int(text), now=context.now())
    except NoSuchSet:
        raise Refused("not_found", _NOT_FOUND) from None
    except NotPossible as refused:
        raise Refused("conflict", str(refused)) from None
    return context.reply(200, shown)


ROUTES = (
    Route(
        method="POST",
        path="/views/{set}/promote",
        handler=_promote,
        scope=ADMIN,
        summary="Make a set of views the live one; promote the previous set to undo it",
        operation_id="promoteViews",
        tag="Views",
        request=PromoteBody,
        request_required=False,
        response=ViewSetShown,
        example={**EXAMPLE, "state": "live", "epoch": 2},
        problems={
            400: "Invalid request body",
            403: "The token lacks the scope orchestrator:admin",
            404: "There is no such set",
            409: "The set hasn't caught up, wasn't compared, or differs from the live one",
        },
    ),
)
