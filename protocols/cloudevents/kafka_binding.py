"""Record events in Kafka messages, by the CloudEvents Kafka binding 1.0.

A message is structured or a batch by its `content-type` header, and binary if it has a header that
begins with `ce_`. `modes` reads the parts that the bindings share. Message keys are ignored.
"""

from collections.abc import Callable, Iterable

from baton.domain.errors import Invalid
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.members import invalid
from baton.protocols.cloudevents.modes import Content, read_content
from baton.protocols.cloudevents.record_events import Receipt
from baton.protocols.strict_json import MAX_BYTES, parse

_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"


def read_message(
    headers: Iterable[tuple[str, bytes]], value: bytes | None, receipt: Receipt
) -> list[ReceiveRecord]:
    """Return the record events of a message; one unreadable event refuses all of them.

    Raises `Invalid`. The receipt's tenant must be None, because a message names its own.
    """
    header_list = list(headers)
    if value is None and not any(name.lower().startswith(_PREFIX) for name, _ in header_list):
        raise Invalid("The message has no value")
    if value is not None and len(value) > MAX_BYTES:
        raise Invalid(f"The message is larger than {MAX_BYTES} bytes")
    content = Content(
        media=_media_type(header_list),
        headers=_attribute_headers(header_list),
        body=value or b"",
        media_required=False,
    )
    return read_content(content, receipt, _parsed)


def _parsed(value: bytes) -> Json:
    try:
        return parse(value)
    except Invalid as fault:
        raise Invalid(f"The message {fault.message}") from None


def _media_type(headers: Iterable[tuple[str, bytes]]) -> str | None:
    content_types = [value for name, value in headers if name.lower() == _CONTENT_TYPE]
    if len(content_types) > 1:
        raise invalid("must be sent once", _CONTENT_TYPE)
    return _text(_CONTENT_TYPE, content_types[0]) if content_types else None


def _attribute_headers(headers: Iterable[tuple[str, bytes]]) -> Callable[[], JsonObject]:
    """Return a function that decodes the headers of attributes: UTF-8, without escapes (3.2.3)."""

    def decoded() -> JsonObject:
        attributes: JsonObject = {}
        for header, value in headers:
            name = header.lower()
            if not name.startswith(_PREFIX):
                continue
            attribute = name.removeprefix(_PREFIX)
            if attribute in attributes:
                raise invalid("must be sent once", attribute)
            attributes[attribute] = _text(attribute, value)
        return attributes

    return decoded


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise invalid("must be UTF-8", name) from None
