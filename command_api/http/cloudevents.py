"""Record events over HTTP: CloudEvents, or the plain Centrali payload.

A CloudEvent is structured (`application/cloudevents+json`), binary (`ce-` headers) or in a batch.
"""

from urllib.parse import unquote

from multidict import CIMultiDictProxy

from baton.command_api.http.json_body import parse_json, require_json
from baton.domain.json import JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents import (
    BATCH,
    MAX_BATCH,
    STRUCTURED,
    Receipt,
    cloud_event,
    cloud_events,
    invalid,
    plain_event,
)

__all__ = ["MAX_BATCH", "read_records"]


def read_records(
    headers: CIMultiDictProxy[str], body: bytes, receipt: Receipt
) -> list[ReceiveRecord]:
    """Return the events in a request; one that can't be read refuses them all.

    Raises Refused (400, 415), and the domain's `Invalid` and, for another workspace's, `Forbidden`.
    """
    media = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media == BATCH:
        return cloud_events(parse_json(body), receipt)
    if media == STRUCTURED:
        return [cloud_event(parse_json(body), receipt)]
    require_json(headers.get("Content-Type"))
    if "ce-specversion" in headers:
        return [cloud_event({**_attributes(headers), "data": parse_json(body)}, receipt)]
    return [plain_event(parse_json(body), receipt)]


def _attributes(headers: CIMultiDictProxy[str]) -> JsonObject:
    """Return the `ce-` headers, percent-decoded (HTTP binding 3.1.3.2)."""
    found: JsonObject = {}
    for name, value in headers.items():
        if name.lower().startswith("ce-"):
            if name[3:].lower() in found:
                raise invalid("must be sent once", name.lower())
            found[name[3:].lower()] = unquote(value, errors="replace")
    return found
