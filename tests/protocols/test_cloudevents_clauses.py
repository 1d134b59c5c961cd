"""CloudEvents 1.0 clause by clause: names and types of attributes, headers, data, media types."""

from typing import Any

import orjson
import pytest

from baton.domain.errors import Invalid
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.modes import BATCH, STRUCTURED, UnreadableMedia
from tests.protocols.cloudevents_over import over_http, over_http_as_sent, over_kafka

BINARY = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/shop",
    "type": "record.created",
    "subject": "orders/r1",
    "workspaceslug": "acme",
}
EVENT: dict[str, Any] = {**BINARY, "data": {"n": 1}}
JSON = "application/json"
BINDINGS = pytest.mark.parametrize("read", [over_http, over_kafka])


def structured(read: Any, **changed: Any) -> ReceiveRecord:
    members = {name: value for name, value in {**EVENT, **changed}.items() if value is not ...}
    (record,) = read(orjson.dumps(members), STRUCTURED)
    assert isinstance(record, ReceiveRecord)
    return record


def faulty(read: Any, *content: Any) -> list[tuple[str | int, ...]]:
    with pytest.raises(Invalid) as raised:
        read(*content)
    return [fault.path for fault in raised.value.faults]


def sent_in_header(value: str) -> str:
    (record,) = over_http_as_sent(b"{}", JSON, {**BINARY, "subject": value})
    return f"{record.structure}/{record.record_id}"


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("orders/r%31", "orders/r1"),
        ("orders/%E2%82%AC%20%F0%9F%98%80", "orders/€ 😀"),
        ("orders/%e2%82%ac", "orders/€"),
        ("orders/é", "orders/é"),
        ("orders/100%2525", "orders/100%25"),
        ('"orders/1"', "orders/1"),
        (r'"orders/a \"b\" \\c"', r'orders/a "b" \c'),
        ('"orders/%41"', "orders/A"),
        ('orders/"a b"c', "orders/a bc"),
        ("orders/%22", 'orders/"'),
    ],
)
def test_a_header_is_unquoted_then_decoded_once(value: str, subject: str) -> None:
    assert sent_in_header(value) == subject


@pytest.mark.parametrize(
    "value",
    [
        "e-%FF",
        "e-%FE",
        "e-%ED%A0%80",  # a surrogate
        "e-%C0%AF",  # an overlong form
        "e-%E2%82",
        "e-%F5%80%80%80",
        "e-\udce9",  # a byte that is no UTF-8, as the server passes it on
        "100%",
        "e-%zz",
        'e-"1',
        "e-%00",
        "e-%0D%0A",
        "e-%C2%85",
        "e-%EF%BF%BF",
    ],
)
def test_a_header_with_two_readings_or_forbidden_text_is_refused(value: str) -> None:
    assert faulty(over_http_as_sent, b"{}", JSON, {**BINARY, "id": value}) == [("id",)]


@BINDINGS
def test_a_binary_event_may_have_no_body(read: Any) -> None:
    for media in (None, JSON):
        (record,) = read(b"", media, BINARY)
        assert (record.data, record.record_id) == (None, "r1")


@BINDINGS
def test_content_that_needs_a_body_is_refused_without_one(read: Any) -> None:
    for media in (STRUCTURED, BATCH, JSON):
        assert faulty(read, b"", media) == []


@BINDINGS
def test_null_is_a_member_that_is_not_set(read: Any) -> None:
    plain = structured(read)
    for name in ("datacontenttype", "dataschema", "time", "data_base64", "extension"):
        assert structured(read, **{name: None}) == plain
    for name in ("id", "source", "type", "specversion", "subject"):
        with pytest.raises(Invalid) as raised:
            structured(read, **{name: None})
        assert [fault.path for fault in raised.value.faults] == [(name,)]


@BINDINGS
@pytest.mark.parametrize(
    "name", ["my-extension", "camelCase", "under_score", "", "äh", "dotted.name", "spa ce"]
)
def test_the_name_of_an_attribute_has_lower_case_letters_and_digits_only(
    read: Any, name: str
) -> None:
    with pytest.raises(Invalid) as raised:
        structured(read, **{name: "x"})
    assert [fault.path for fault in raised.value.faults] == [(name,)]


@BINDINGS
def test_data_is_not_an_attribute(read: Any) -> None:
    for name in ("data", "data_base64"):
        assert faulty(read, b"{}", JSON, {**BINARY, name: "x"}) == [(name,)]


@BINDINGS
@pytest.mark.parametrize("value", [True, False, 0, -(2**31), 2**31 - 1, "text", "", "€"])
def test_an_extension_is_text_a_boolean_or_an_integer(read: Any, value: Any) -> None:
    assert structured(read, extension=value) == structured(read)


@BINDINGS
@pytest.mark.parametrize("value", [1.5, 1.0, 2**31, -(2**31) - 1, [], {}, ["x"], "\x07", "\ufdd0"])
def test_an_extension_of_another_type_is_refused(read: Any, value: Any) -> None:
    with pytest.raises(Invalid) as raised:
        structured(read, extension=value)
    assert [fault.path for fault in raised.value.faults] == [("extension",)]


@BINDINGS
@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "time", "dataschema"])
def test_an_attribute_of_the_specification_is_text_and_not_empty(read: Any, name: str) -> None:
    values: tuple[Any, ...] = (1, True, {}, "", "a\nb")
    for value in values:
        with pytest.raises(Invalid) as raised:
            structured(read, **{name: value})
        assert [fault.path for fault in raised.value.faults] == [(name,)]


@BINDINGS
def test_a_source_is_a_uri_reference_and_a_schema_an_absolute_uri(read: Any) -> None:
    for source in (
        "/a",
        "urn:uuid:6e8b",
        "https://x.example/a?b=c#d",
        "shop",
        "mailto:a@b.example",
    ):
        assert structured(read, source=source).source == source
    assert structured(read, dataschema="https://x.example/s") == structured(read)
    for name, values in {
        "source": ("a b", "<x>", "100%"),
        "dataschema": ("/relative", "x", "ht tp://x"),
    }.items():
        for value in values:
            with pytest.raises(Invalid) as raised:
                structured(read, **{name: value})
            assert [fault.path for fault in raised.value.faults] == [(name,)]


@BINDINGS
@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("1970-01-01t00:00:00.005z", 5),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T00:00:00.0059999999999Z", 5),
        ("1990-12-31T15:59:60-08:00", 662_688_000_000),
    ],
)
def test_a_time_of_rfc_3339_is_read(read: Any, time: str, at: int) -> None:
    assert structured(read, time=time).time == at


@BINDINGS
@pytest.mark.parametrize(
    "time",
    [
        "1970-W01-4T00:00:00Z",
        "1970-001T00:00:00Z",
        "19700101T000000Z",
        "1970-01-01T00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T12:00:60Z",
        "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00",
        "1970-01-01",
        "0",
    ],
)
def test_a_time_that_is_not_rfc_3339_is_refused(read: Any, time: str) -> None:
    with pytest.raises(Invalid) as raised:
        structured(read, time=time)
    assert [fault.path for fault in raised.value.faults] == [("time",)]


@BINDINGS
@pytest.mark.parametrize("data", ["x", 1, True, [], [{}]])
def test_a_record_is_an_object_or_null(read: Any, data: Any) -> None:
    with pytest.raises(Invalid) as raised:
        structured(read, data=data)
    assert [fault.path for fault in raised.value.faults] == [("data",)]
    assert faulty(read, orjson.dumps(data), JSON, BINARY) == [("data",)]
    assert structured(read, data=None).data is None
    assert structured(read, data=...).data is None


@BINDINGS
def test_the_record_of_a_payload_is_an_object_or_null(read: Any) -> None:
    payload = {"event": "record_created", "workspaceSlug": "acme", "recordSlug": "orders"}
    named = {**payload, "recordId": "r1"}
    assert faulty(read, orjson.dumps({**named, "data": "x"}), JSON) == [("data",)]
    assert faulty(read, orjson.dumps({**EVENT, "data": {**named, "data": 1}}), STRUCTURED) == [
        ("data", "data")
    ]
    bulk = {**payload, "event": "records_bulk_created", "data": [{"n": 1}]}
    assert read(orjson.dumps(bulk), JSON)[0].data == [{"n": 1}]


@BINDINGS
@pytest.mark.parametrize(
    "media",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/vnd.shop.order+json; charset="utf-8"',
        "text/json",
        "application/json; charset=us-ascii",
    ],
)
def test_data_is_json_of_any_media_type(read: Any, media: str) -> None:
    assert read(b'{"n":1}', media, BINARY)[0].data == {"n": 1}
    assert structured(read, datacontenttype=media).data == {"n": 1}


@BINDINGS
@pytest.mark.parametrize(
    "media",
    ["application/xml", "text/plain", "application/json; charset=punycode", "jsonish", "json"],
)
def test_data_of_another_media_type_or_charset_is_refused(read: Any, media: str) -> None:
    with pytest.raises(UnreadableMedia):
        read(b'{"n":1}', media, BINARY)
    with pytest.raises(Invalid) as raised:
        structured(read, datacontenttype=media)
    assert [fault.path for fault in raised.value.faults] == [("datacontenttype",)]


@BINDINGS
@pytest.mark.parametrize(
    "media",
    [
        "application/cloudevents",
        "application/cloudevents+avro",
        "application/cloudevents+xml",
        "application/cloudevents-other+json",
        f"{STRUCTURED}; charset=latin1",
        f"{BATCH}; charset=utf-16",
    ],
)
def test_an_event_format_that_is_not_read_is_refused(read: Any, media: str) -> None:
    with pytest.raises(UnreadableMedia):
        read(orjson.dumps(EVENT), media)


@BINDINGS
def test_an_object_with_a_specversion_is_an_event_under_any_json_media_type(read: Any) -> None:
    for media in (JSON, "application/json; charset=utf-8", STRUCTURED, STRUCTURED.upper()):
        assert read(orjson.dumps(EVENT), media) == [structured(read)]


@BINDINGS
def test_headers_of_attributes_make_an_event_binary_and_must_be_complete(read: Any) -> None:
    for missing in ("specversion", "id", "source", "type"):
        given = {name: value for name, value in BINARY.items() if name != missing}
        assert faulty(read, b"{}", JSON, given) == [(missing,)]
    assert read(orjson.dumps(EVENT), STRUCTURED, {"id": "other"}) == [structured(read)]


@BINDINGS
def test_the_content_type_is_the_only_datacontenttype_of_a_binary_event(read: Any) -> None:
    assert read(b"{}", JSON, {**BINARY, "datacontenttype": JSON})[0].data == {}
    assert faulty(read, b"{}", JSON, {**BINARY, "datacontenttype": "text/xml"}) == [
        ("datacontenttype",)
    ]
