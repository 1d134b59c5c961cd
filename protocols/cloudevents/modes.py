"""The content modes of CloudEvents, the same for HTTP requests and Kafka messages.

Content is structured or a batch by its media type, and binary by headers with attributes. Otherwise
a JSON object with a `specversion` is a structured event, and any other object a plain payload.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from baton.domain.errors import Fault, Invalid
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.attributes import DATA
from baton.protocols.cloudevents.members import invalid
from baton.protocols.cloudevents.record_events import Receipt, cloud_event, plain_event
from baton.protocols.media_type import MediaType, parse_media_type

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
MAX_BATCH: Final = 1_000
_EVENT_FORMATS: Final = "application/cloudevents"
_CONTENT_TYPE: Final = "datacontenttype"


class UnreadableMedia(Invalid):
    """The content has a media type or a charset that isn't read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a request or of a message.

    Args:
        media: Its media type as sent, None without one.
        headers: Called without arguments; returns the decoded attributes in the headers, by name.
            Raises `Invalid`.
        body: Its bytes.
        media_required: Whether content without a media type and without attributes in headers is
            refused instead of being read as JSON.
    """

    media: str | None
    headers: Callable[[], JsonObject]
    body: bytes
    media_required: bool


def read_content(
    content: Content, receipt: Receipt, parse: Callable[[bytes], Json]
) -> list[ReceiveRecord]:
    """Return the record events of `content`; one unreadable event refuses all of them.

    Args:
        content: The content.
        receipt: Values for attributes that an event leaves out.
        parse: Called with the body; returns its value, or raises the refusal.

    Raises `Invalid`, `UnreadableMedia`, `Forbidden`.
    """
    media = parse_media_type(content.media)
    if media.name.startswith(_EVENT_FORMATS):
        return _structured(media, parse(_readable(content, media)), receipt)
    attributes = content.headers()
    if attributes:
        return [_binary(content, attributes, media, receipt, parse)]
    value = parse(_readable(content, media))
    if isinstance(value, dict) and "specversion" in value:
        return [cloud_event(value, receipt)]
    return [plain_event(value, receipt)]


def _structured(media: MediaType, value: Json, receipt: Receipt) -> list[ReceiveRecord]:
    if media.name == STRUCTURED:
        return [cloud_event(value, receipt)]
    if not isinstance(value, list) or len(value) > MAX_BATCH:
        raise Invalid(f"The batch must be an array of at most {MAX_BATCH} events")
    return [cloud_event(event, receipt, (index,)) for index, event in enumerate(value)]


def _binary(
    content: Content,
    attributes: JsonObject,
    media: MediaType,
    receipt: Receipt,
    parse: Callable[[bytes], Json],
) -> ReceiveRecord:
    """Return the event whose attributes are headers and whose data is the body, if it has any."""
    for name in DATA & attributes.keys():
        raise invalid("isn't an attribute", name)
    if attributes.get(_CONTENT_TYPE, content.media) != content.media:
        raise invalid("must be the Content-Type", _CONTENT_TYPE)
    event = {**attributes, _CONTENT_TYPE: content.media or None}
    if content.body:
        if media.name and not media.is_json:
            raise _unreadable(_CONTENT_TYPE)
        event["data"] = parse(content.body)
    return cloud_event(event, receipt)


def _readable(content: Content, media: MediaType) -> bytes:
    """Return the body; raises `UnreadableMedia` if its media type isn't supported."""
    is_readable = media.is_json or not (media.name or media.charset or content.media_required)
    if not is_readable or (
        media.name.startswith(_EVENT_FORMATS) and media.name not in {STRUCTURED, BATCH}
    ):
        raise _unreadable()
    return content.body


def _unreadable(*attribute: str) -> UnreadableMedia:
    faults = [Fault((name,), "must be JSON in UTF-8") for name in attribute]
    message = "The content must be JSON in UTF-8, named by its content type"
    return UnreadableMedia(message, faults=faults)
