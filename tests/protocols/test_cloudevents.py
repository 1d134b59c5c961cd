"""Record events over HTTP and in Kafka messages: each mode is read, each fault has a path."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from baton.domain.errors import Forbidden, Invalid
from baton.domain.json import JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.http_binding import read_request
from baton.protocols.cloudevents.kafka_binding import read_message
from baton.protocols.cloudevents.modes import BATCH, MAX_BATCH, STRUCTURED
from baton.protocols.cloudevents.record_events import Receipt
from baton.protocols.strict_json import MAX_BYTES, parse

RECEIPT = Receipt(tenant=None, at=9, fallback_id="own-id", fallback_source="own-source")
PAYLOAD: JsonObject = {
    "event": "record_created",
    "workspaceSlug": "acme",
    "recordSlug": "orders",
    "recordId": "r1",
    "data": {"n": 1},
}
ATTRIBUTES: JsonObject = {
    "specversion": "1.0",
    "id": "e1",
    "source": "shop",
    "type": "record.created",
    "time": "1970-01-01T00:00:00.005Z",
}
EVENT: JsonObject = {**ATTRIBUTES, "data": PAYLOAD}
RECORD = ReceiveRecord(
    event_id="e1",
    source="shop",
    type="record.created",
    tenant="acme",
    structure="orders",
    record_id="r1",
    data={"n": 1},
    time=5,
    at=9,
)
PLAIN = replace(RECORD, event_id="own-id", source="own-source", time=9)


def over_http(
    content: Any, media: str, receipt: Receipt = RECEIPT, **attributes: str
) -> list[ReceiveRecord]:
    headers = CIMultiDict({f"ce-{name}": value for name, value in attributes.items()})
    headers["Content-Type"] = media
    body = orjson.dumps(content)
    return read_request(CIMultiDictProxy(headers), body, receipt, parse_body=parse)


def over_kafka(
    content: Any, media: str, receipt: Receipt = RECEIPT, **attributes: str
) -> list[ReceiveRecord]:
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    return read_message(
        [*headers, ("content-type", media.encode())], orjson.dumps(content), receipt
    )


BINDINGS = pytest.mark.parametrize("read", [over_http, over_kafka])


@BINDINGS
def test_each_mode_is_read(read: Any) -> None:
    binary = {name: str(value) for name, value in ATTRIBUTES.items()}

    assert read(EVENT, f"{STRUCTURED}; charset=utf-8") == [RECORD]
    assert read([EVENT, EVENT], BATCH) == [RECORD, RECORD]
    assert read(PAYLOAD, "application/json", **binary) == [RECORD]
    assert read(PAYLOAD, "application/json") == [PLAIN]


def test_a_message_without_a_content_type_is_structured_if_it_has_a_specversion() -> None:
    assert read_message([], orjson.dumps(EVENT), RECEIPT) == [RECORD]
    assert read_message([], orjson.dumps(PAYLOAD), RECEIPT) == [PLAIN]


@BINDINGS
def test_the_data_of_an_event_may_be_the_record_itself_or_base64(read: Any) -> None:
    record = {**ATTRIBUTES, "workspaceslug": "acme", "subject": "orders/r1", "data": {"n": 1}}
    encoded = {
        **ATTRIBUTES,
        "data_base64": "eyJldmVudCI6InJlY29yZF9jcmVhdGVkIiwid29ya3NwYWNlU2x1Zy"
        "I6ImFjbWUiLCJyZWNvcmRTbHVnIjoib3JkZXJzIiwicmVjb3JkSWQiOiJyMSIsImRhdGEiOnsibiI6MX19",
    }

    assert read(record, STRUCTURED) == [RECORD]
    assert read(encoded, STRUCTURED) == [RECORD]


@BINDINGS
@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"specversion": "0.3"}, ("specversion",)),
        ({"id": None}, ("id",)),
        ({"source": ""}, ("source",)),
        ({"type": "record.exploded"}, ("type",)),
        ({"time": "2025-01-15T10:00:00"}, ("time",)),
        ({"time": "yesterday"}, ("time",)),
        ({"data": {**PAYLOAD, "event": "record_deleted"}}, ("data", "event")),
        ({"data": {**PAYLOAD, "recordId": ""}}, ("data", "recordId")),
        ({"data": 1, "workspaceslug": "acme", "subject": "orders"}, ("subject",)),
        ({"workspaceslug": "other"}, ("data", "workspaceSlug")),
        ({"data_base64": "e30="}, ("data_base64",)),
    ],
)
def test_a_fault_is_refused_with_its_path(read: Any, change: JsonObject, path: Any) -> None:
    for content, media, prefix in (
        ({**EVENT, **change}, STRUCTURED, ()),
        ([EVENT, {**EVENT, **change}], BATCH, (1,)),
    ):
        with pytest.raises(Invalid) as raised:
            read(content, media)

        assert [fault.path for fault in raised.value.faults] == [(*prefix, *path)]


@BINDINGS
def test_a_batch_is_an_array_that_may_be_empty_and_has_a_maximum(read: Any) -> None:
    assert read([], BATCH) == []
    contents: tuple[Any, ...] = ({}, [EVENT] * (MAX_BATCH + 1))
    for content in contents:
        with pytest.raises(Invalid, match="batch"):
            read(content, BATCH)


@BINDINGS
def test_an_event_belongs_to_the_tenant_that_sends_it(read: Any) -> None:
    for content, media in ((EVENT, STRUCTURED), (PAYLOAD, "application/json")):
        (record,) = read(content, media, replace(RECEIPT, tenant="acme"))
        assert record.tenant == "acme"
        with pytest.raises(Forbidden):
            read(content, media, replace(RECEIPT, tenant="other"))


def test_an_attribute_that_is_sent_twice_is_refused() -> None:
    headers: CIMultiDict[str] = CIMultiDict(
        [("ce-specversion", "1.0"), ("ce-id", "a"), ("CE-Id", "b")]
    )
    with pytest.raises(Invalid):
        read_request(CIMultiDictProxy(headers), b"{}", RECEIPT, parse_body=parse)
    with pytest.raises(Invalid):
        read_message([("ce_id", b"a"), ("CE_ID", b"b")], b"{}", RECEIPT)


def test_a_message_without_value_or_of_excessive_size_is_refused() -> None:
    for value in (None, b" " * (MAX_BYTES + 1), b"no json"):
        with pytest.raises(Invalid, match="The message"):
            read_message([], value, RECEIPT)
