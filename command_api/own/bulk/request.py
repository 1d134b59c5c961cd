"""POST /bulk: performs one action on many runs, or shows which runs that would be."""

from typing import Final

import orjson

from baton.command_api.commands.bulks.bulks import NewBulk, request_bulk
from baton.command_api.commands.runs import require_plain
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.json_body import parse_model
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.http.strictness import unknown_members
from baton.command_api.own.bulk.actions import OPTIONS, Options
from baton.command_api.own.bulk.choice import Choice, choose
from baton.command_api.own.bulk.documents import BulkAccepted, BulkBody
from baton.command_api.own.bulk.member_names import stored_names
from baton.command_api.own.control.rerun import RerunBody, require_step
from baton.command_api.own.runs.render_run import EXAMPLE as RUN
from baton.command_api.own.runs.render_run import render_runs
from baton.command_api.principal import WRITE
from baton.domain.errors import Fault
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject

SAMPLE: Final = 20
"""The number of runs that a preview shows."""


async def _request(context: RequestContext) -> Reply:
    body = await context.parse(BulkBody)
    args = _checked_args(body)
    choice = await choose(context, body, args)
    if body.dryRun:
        return context.reply(200, await _preview(context, body, choice))
    new = NewBulk(
        action=body.action,
        args=stored_names(args),
        filter=None if choice.filter is None else stored_names(choice.filter),
        run_ids=choice.run_ids,
        position=choice.position,
        per_second=body.perSecond,
    )
    result = await request_bulk(
        context.services, context.principal, _id_of(context, body), new, at=context.now()
    )
    bulk = result.state
    shown = {
        "id": bulk.bulk_id,
        "action": bulk.action,
        "status": bulk.status,
        "count": bulk.total,
        "position": choice.position,
    }
    return context.reply(202, shown, position=result.position)


def _id_of(context: RequestContext, body: BulkBody) -> str:
    """Return the id of the bulk: a `confirm` that is sent twice requests one bulk."""
    if body.confirm is None:
        return context.new_id()
    return derived_id("bulk", context.tenant, body.confirm)


def _checked_args(body: BulkBody) -> JsonObject:
    """Return the options of the action as they are recorded; raises Refused 400.

    Unknown options are always refused: a misspelt one would change many runs in the wrong way.
    """
    try:
        options, sent = parse_model(OPTIONS[body.action], orjson.dumps(body.args))
    except Refused as refused:
        raise _of_args(refused.refusal.faults) from None
    if unknown := unknown_members(options, sent):
        raise _of_args(tuple(unknown))
    _check_options(options)
    return options.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _of_args(faults: tuple[Fault, ...]) -> Refused:
    placed = tuple(Fault(("args", *fault.path), fault.message) for fault in faults)
    return Refused("validation_error", "Invalid request body", faults=placed)


def _check_options(options: Options) -> None:
    require_plain("args.reason", getattr(options, "reason", None))
    if isinstance(options, RerunBody):
        require_step(options, "args")
        if options.dryRun:
            raise refused_field(
                "is an option of the bulk: set dryRun beside action", "args", "dryRun"
            )


async def _preview(context: RequestContext, body: BulkBody, choice: Choice) -> JsonObject:
    runs = await context.services.runs.get_many(context.tenant, choice.run_ids[:SAMPLE])
    return without_none(
        {
            "action": body.action,
            "count": len(choice.run_ids),
            "position": choice.position,
            "sample": await render_runs(context, runs),
            "confirm": choice.confirm,
        }
    )


_EXAMPLE: Final[JsonObject] = {
    "action": "cancel",
    "count": 1,
    "position": 81234,
    "sample": [RUN],
    "confirm": "81234-5f0c1d2e3a4b59687786a5b4c3d2e1f0",
}

ROUTES = (
    Route(
        method="POST",
        path="/bulk",
        handler=_request,
        scope=WRITE,
        summary="Perform an action on many runs, or preview it",
        operation_id="requestBulk",
        tag="Bulk",
        request=BulkBody,
        request_example={
            "action": "cancel",
            "filter": {"status": ["failed"], "definition": "order-processing"},
            "args": {"reason": "out of stock"},
            "dryRun": True,
        },
        response=BulkAccepted,
        example=_EXAMPLE,
        status=202,
        other_statuses=(200,),
        problems={
            400: "Invalid request body, or no choice of runs",
            403: "The token lacks the scope",
            404: "The tenant has no such definition",
            409: "The request or the runs differ from the preview",
        },
    ),
)
