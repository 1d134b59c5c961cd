"""Record events in HTTP requests, by the CloudEvents HTTP binding 1.0.

A request is structured or a batch by its `Content-Type`, and binary if it has a header that begins
with `ce-`. `modes` reads the parts that the bindings share.
"""

from collections.abc import Callable

from multidict import CIMultiDictProxy

from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.attributes import decode_header
from baton.protocols.cloudevents.members import invalid
from baton.protocols.cloudevents.modes import Content, read_content
from baton.protocols.cloudevents.record_events import Receipt

_PREFIX = "ce-"


def read_request(
    headers: CIMultiDictProxy[str],
    body: bytes,
    receipt: Receipt,
    *,
    parse_body: Callable[[bytes], Json],
) -> list[ReceiveRecord]:
    """Return the record events of a request; one unreadable event refuses all of them.

    Args:
        parse_body: Called once with the body, if there is one; its exceptions refuse the request.

    Raises `Invalid`, `UnreadableMedia`, and `Forbidden` for an event of another tenant.
    """
    content = Content(
        media=headers.get("Content-Type"),
        headers=_attribute_headers(headers),
        body=body,
        media_required=True,
    )
    return read_content(content, receipt, parse_body)


def _attribute_headers(headers: CIMultiDictProxy[str]) -> Callable[[], JsonObject]:
    """Return a function that decodes the headers of attributes, which only binary mode needs."""

    def decoded() -> JsonObject:
        attributes: JsonObject = {}
        for name, value in headers.items():
            attribute = name.lower().removeprefix(_PREFIX)
            if attribute == name.lower():
                continue
            if attribute in attributes:
                raise invalid("must be sent once", attribute)
            attributes[attribute] = decode_header(value, attribute)
        return attributes

    return decoded
