"""Record events in HTTP requests, by the CloudEvents HTTP binding 1.0.

A request is structured or a batch by its `Content-Type`, binary when it has `ce-specversion`, and a
plain payload otherwise.
"""

from collections.abc import Callable
from urllib.parse import unquote

from multidict import CIMultiDictProxy

from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.members import invalid
from baton.protocols.cloudevents.record_events import Receipt, is_structured, read_content

_PREFIX = "ce-"


def media_type(headers: CIMultiDictProxy[str]) -> str:
    """Return the media type of a request without its parameters, in lower case."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def read_request(
    headers: CIMultiDictProxy[str],
    body: bytes,
    receipt: Receipt,
    *,
    parse_body: Callable[[bytes], Json],
) -> list[ReceiveRecord]:
    """Return the record events of a request; one that can't be read refuses all of them.

    Args:
        parse_body: Called once with the body; what it raises refuses the request.

    Raises `Invalid`, and `Forbidden` for an event of another tenant.
    """
    media = media_type(headers)
    attributes = {} if is_structured(media) else _attributes(headers)
    return read_content(media, attributes, parse_body(body), receipt)


def _attributes(headers: CIMultiDictProxy[str]) -> JsonObject:
    """Return the attributes of a request in binary mode, percent-decoded (3.1.3.2)."""
    found: JsonObject = {}
    if f"{_PREFIX}specversion" not in headers:
        return found
    for name, value in headers.items():
        attribute = name.lower().removeprefix(_PREFIX)
        if attribute == name.lower():
            continue
        if attribute in found:
            raise invalid("must be sent once", name.lower())
        found[attribute] = unquote(value, errors="replace")
    return found
