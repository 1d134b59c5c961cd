"""POST /events: record events come in, each is recorded once, the scheduler does the rest."""

from pydantic import BaseModel

from baton.command_api.commands import send_records
from baton.command_api.http.cloudevents import read_records
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.record.reading import Receipt
from baton.protocols.strict_json import parse

SOURCE = "baton:events"
"""Where a plain payload is said to come from."""


class EventsAccepted(BaseModel):
    """`accepted` counts the events that were new; all stand in the log at `position`."""

    accepted: int
    duplicates: int
    position: int


async def take_events(context: RequestContext) -> Reply:
    """Answer 202 with the counts; raises a refusal, and then nothing was taken."""
    receipt = Receipt(
        tenant=context.tenant,
        at=context.now(),
        fallback_id=context.new_id(),
        fallback_source=SOURCE,
        parse=parse,
    )
    records = read_records(context.headers, context.body, receipt)
    sent = await send_records(context.services, context.principal, records)
    body = {"accepted": sent.accepted, "duplicates": sent.duplicates, "position": sent.position}
    return context.reply(202, body, position=sent.position)
