"""Record events in Kafka messages, by the CloudEvents Kafka binding 1.0.

A message is structured or a batch by its `content-type` header, and binary when it has
`ce_specversion`. Without either, an object with a `specversion` is structured, any other object is
a plain payload. Message keys are ignored.
"""

from collections.abc import Iterable, Mapping

from baton.domain.errors import Invalid
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.members import invalid
from baton.protocols.cloudevents.record_events import (
    STRUCTURED,
    Receipt,
    is_structured,
    read_content,
)
from baton.protocols.strict_json import MAX_BYTES, parse

_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"


def read_message(
    headers: Iterable[tuple[str, bytes]], value: bytes | None, receipt: Receipt
) -> list[ReceiveRecord]:
    """Return the record events of a message; one that can't be read refuses all of them.

    Raises `Invalid`. The receipt's tenant must be None: a message names its own.
    """
    if value is None:
        raise Invalid("The message has no value")
    if len(value) > MAX_BYTES:
        raise Invalid(f"The message is larger than {MAX_BYTES} bytes")
    relevant = _relevant(headers)
    media = relevant.get(_CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if is_structured(media):
        return read_content(media, {}, _parsed(value), receipt)
    attributes, content = _attributes(relevant), _parsed(value)
    if not attributes and isinstance(content, dict) and "specversion" in content:
        media = STRUCTURED
    return read_content(media, attributes, content, receipt)


def _parsed(value: bytes) -> Json:
    try:
        return parse(value)
    except Invalid as fault:
        raise Invalid(f"The message {fault.message}") from None


def _relevant(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Return the content type and the attributes by their header names in lower case."""
    found: dict[str, str] = {}
    for given, value in headers:
        name = given.lower()
        if name != _CONTENT_TYPE and not name.startswith(_PREFIX):
            continue
        if name in found:
            raise invalid("must be sent once", name)
        try:
            found[name] = value.decode()
        except UnicodeDecodeError:
            raise invalid("must be UTF-8", name) from None
    return found


def _attributes(headers: Mapping[str, str]) -> JsonObject:
    """Return the attributes of a message in binary mode (3.2), none in another mode."""
    if f"{_PREFIX}specversion" not in headers:
        return {}
    found: JsonObject = {
        name.removeprefix(_PREFIX): value
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    if _CONTENT_TYPE in headers:
        found["datacontenttype"] = headers[_CONTENT_TYPE]
    return found
