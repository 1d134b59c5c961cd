"""POST /dead-letters/{letterId}/redrive: sends a message again, or previews the effect."""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.run_values import ShownValue, in_list
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.dead_letters.show import PROBLEMS
from baton.command_api.own.dead_letters.visible import VisibleLetter, load_letter
from baton.command_api.own.empty_body import Nothing
from baton.command_api.principal import ADMIN
from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject
from baton.domain.record.matching import MATCHED, match
from baton.domain.record.messages import ReceiveRecord
from baton.domain.stream import stream_name
from baton.eventlog.dead_letters.record_messages import reason_of
from baton.eventlog.dead_letters.redrive import read_again, redrive
from baton.eventlog.errors import Unwritable
from baton.protocols.iso_time import format_time

_NO_TOPICS: Final = (
    "This installation has no topics to send to: set BATON_LOG=kafka://HOST:PORT, the log that the"
    " message came from"
)


class RedrivenEvent(BaseModel):
    """A record event as it is read now; a `known` one is recorded already and starts nothing.

    `starts` are the slugs of the definitions that it starts.
    """

    id: str
    type: str
    structure: str
    recordId: str | None = None  # noqa: N815 - the names of the JSON
    data: ShownValue = None
    known: bool
    starts: list[str]


class Redriven(BaseModel):
    """A message that is sent again, or with `dryRun` would be.

    `readable` is whether it can be read now; `reason` says why not.
    """

    id: str
    topic: str
    dryRun: bool  # noqa: N815
    redrivenAt: str | None = None  # noqa: N815
    readable: bool
    reason: str | None = None
    events: list[RedrivenEvent] = Field(description="None while the message is hidden")


async def _redrive(context: RequestContext) -> Reply:
    await context.parse(Nothing, required=False)
    dry_run = choice(context.query, "dryRun", ("true", "false"), "false") == "true"
    services = context.services
    seen = await load_letter(services, context.tenant, context.params["letterId"])
    shown: JsonObject = {
        "id": seen.letter.letter_id,
        "topic": seen.letter.topic,
        "dryRun": dry_run,
        **await _preview(context, seen),
    }
    if dry_run:
        return context.reply(200, shown)
    if services.installation.topics is None:
        raise Refused("conflict", _NO_TOPICS)
    await services.accesses.letter_redriven(context.caller, seen.letter.letter_id)
    try:
        at = await redrive(
            seen.letter,
            services.installation.dead_letters,
            services.installation.topics,
            clock=services.clock,
        )
    except Unwritable as error:
        message = f"The topic doesn't take the message: {error}"
        raise Refused("payload_too_large", message) from None
    return context.reply(202, {**shown, "redrivenAt": format_time(at)})


async def _preview(context: RequestContext, seen: VisibleLetter) -> JsonObject:
    try:
        records = read_again(seen.letter, at=context.now())
    except Rejected as rejected:
        return {"readable": False, "reason": reason_of(rejected), "events": []}
    events = [await _event(context, record) for record in records] if seen.open else []
    return {"readable": True, "events": events}


async def _event(context: RequestContext, record: ReceiveRecord) -> JsonObject:
    ident = derived_id("record", record.source, record.event_id)
    services = context.services
    known = await services.store.read(stream_name(record.tenant, "record", ident))
    waiting = await services.definitions.of_event_type(
        record.tenant, record.type, now=context.now()
    )
    kind, structure = record.type, record.structure
    starts = [
        definition.slug
        for definition in waiting
        if match(definition.body, kind, structure) is MATCHED
    ]
    return without_none(
        {
            "id": ident,
            "type": record.type,
            "structure": record.structure,
            "recordId": record.record_id or None,
            "data": in_list(record.data),
            "known": bool(known),
            "starts": [] if known else sorted(starts),
        }
    )


_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7v6gtk2q1v9m4z0",
    "topic": "baton.records",
    "dryRun": True,
    "readable": True,
    "events": [
        {
            "id": "d3c0u7v6gtk2q1v9m4t0",
            "type": "record.created",
            "structure": "orders",
            "recordId": "rec_1",
            "data": {"total": 59},
            "known": False,
            "starts": ["order-processing"],
        }
    ],
}

ROUTES = (
    Route(
        method="POST",
        path="/dead-letters/{letterId}/redrive",
        handler=_redrive,
        scope=ADMIN,
        summary="Send a message that could not be processed to its topic again",
        operation_id="redriveDeadLetter",
        tag="Events",
        request=Nothing,
        request_required=False,
        response=Redriven,
        example=_EXAMPLE,
        status=202,
        other_statuses=(200,),
        query=(
            QueryParameter(
                name="dryRun",
                schema={"type": "string", "enum": ["true", "false"], "default": "false"},
                description="Send nothing: 200 with what reading the message now gives",
            ),
        ),
        problems={
            400: "Invalid parameter or request body",
            **PROBLEMS,
            409: "The installation has no topics",
            413: "The topic doesn't take a message of this size",
        },
    ),
)
