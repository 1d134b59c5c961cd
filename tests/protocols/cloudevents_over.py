"""Sends one event through both bindings, so that a test reads it over HTTP and from Kafka alike."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from multidict import CIMultiDict, CIMultiDictProxy

from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.http_binding import read_request
from baton.protocols.cloudevents.kafka_binding import read_message
from baton.protocols.cloudevents.record_events import Receipt
from baton.protocols.strict_json import parse

RECEIPT = Receipt(tenant=None, at=9, fallback_id="own-id", fallback_source="own-source")


def over_http(
    body: bytes, media: str | None, attributes: Mapping[str, str] | None = None
) -> list[ReceiveRecord]:
    """Read a request; attributes are percent-encoded as the binding wants."""
    encoded = {name: quote(value, safe="/:") for name, value in (attributes or {}).items()}
    return over_http_as_sent(body, media, encoded)


def over_http_as_sent(
    body: bytes, media: str | None, attributes: Mapping[str, str]
) -> list[ReceiveRecord]:
    """Read a request whose header values are `attributes` as they are."""
    headers = CIMultiDict({f"ce-{name}": value for name, value in attributes.items()})
    if media is not None:
        headers["Content-Type"] = media
    return read_request(CIMultiDictProxy(headers), body, RECEIPT, parse_body=parse)


def over_kafka(
    body: bytes, media: str | None, attributes: Mapping[str, str] | None = None
) -> list[ReceiveRecord]:
    """Read a message."""
    headers = [(f"ce_{name}", value.encode()) for name, value in (attributes or {}).items()]
    named: Sequence[tuple[str, bytes]] = [] if media is None else [("content-type", media.encode())]
    return read_message([*headers, *named], body or None, RECEIPT)
