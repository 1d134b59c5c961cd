"""The reader agrees with the `cloudevents` SDK on generated events, except where a clause differs.

Each event goes through both in structured and binary mode, over HTTP and Kafka. `CLAUSES` names
every difference: the document's clause, and which of the two follows it.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cloudevents.core.bindings import http as sdk_http
from cloudevents.core.bindings import kafka as sdk_kafka
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baton.domain.errors import Invalid
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.modes import STRUCTURED
from tests.protocols.cloudevents_over import over_http_as_sent, over_kafka

Attributes = dict[str, Any]
REQUIRED = ("specversion", "id", "source", "type")


@dataclass(frozen=True)
class Read:
    """An event as both readers read it."""

    id: str
    source: str
    type: str
    subject: str
    data: object
    time: int | None


def by_sdk(event: Any) -> Read:
    data, time = event.get_data(), event.get_attributes().get("time")
    return Read(
        id=event.get_id(),
        source=event.get_source(),
        type=event.get_type(),
        subject=event.get_subject(),
        data=json.loads(data) if isinstance(data, bytes) else data,
        time=None if time is None else (time - datetime(1970, 1, 1, tzinfo=UTC)) // MS,
    )


MS = timedelta(milliseconds=1)


def by_baton(record: ReceiveRecord) -> Read:
    return Read(
        id=record.event_id,
        source=record.source,
        type=record.type,
        subject=f"{record.structure}/{record.record_id}",
        data=record.data,
        time=record.time,
    )


Reading = Callable[[], Read]


def structured(event: Attributes) -> tuple[Reading, Reading]:
    raw = json.dumps(event).encode()
    message = sdk_http.HTTPMessage({"content-type": STRUCTURED}, raw)
    return (
        lambda: by_baton(over_kafka(raw, STRUCTURED)[0]),
        lambda: by_sdk(sdk_http.from_http_event(message)),
    )


def headers_of(event: Attributes) -> tuple[dict[str, str], bytes, str | None]:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in event.items()
        if value is not None and name not in ("data", "data_base64", "datacontenttype")
    }
    data = event.get("data")
    return texts, b"" if data is None else json.dumps(data).encode(), event.get("datacontenttype")


def binary_over_http(event: Attributes) -> tuple[Reading, Reading]:
    texts, body, media = headers_of(event)
    sent = {name: quote(text, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~") for name, text in texts.items()}
    return as_sent(sent, body, media)


def as_sent(sent: Mapping[str, str], body: bytes, media: str | None) -> tuple[Reading, Reading]:
    named = {} if media is None else {"content-type": media}
    message = sdk_http.HTTPMessage({**{f"ce-{n}": v for n, v in sent.items()}, **named}, body)
    return (
        lambda: by_baton(over_http_as_sent(body, media, sent)[0]),
        lambda: by_sdk(sdk_http.from_http_event(message)),
    )


def binary_over_kafka(event: Attributes) -> tuple[Reading, Reading]:
    texts, body, media = headers_of(event)
    named = {} if media is None else {"content-type": media.encode()}
    headers = {**{f"ce_{name}": text.encode() for name, text in texts.items()}, **named}
    message = sdk_kafka.KafkaMessage(headers=headers, key=None, value=body)
    return (
        lambda: by_baton(over_kafka(body, media, texts)[0]),
        lambda: by_sdk(sdk_kafka.from_kafka_event(message)),
    )


MODES = pytest.mark.parametrize("mode", [structured, binary_over_http, binary_over_kafka])


def outcome(reading: Reading) -> Read | None:
    """Return an event as a reader reads it; None if it refuses the event."""
    try:
        return reading()
    except Invalid:
        return None
    except Exception:  # noqa: BLE001 - see the comment
        # The SDK raises errors of its own, of its parsers and of missing checks (`AttributeError`).
        return None


PLAIN_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20)
SEGMENT = ANY_TEXT.filter(lambda text: "/" not in text)
TIMES = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2_000_000)).map(
    lambda since: (datetime(1970, 1, 1, tzinfo=UTC) + since).isoformat().replace("+00:00", "Z")
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=4).filter(lambda one: "event" not in one)
EVENTS = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0"),
        "id": ANY_TEXT,
        "source": st.sampled_from(["/shop", "urn:shop:1", "https://shop.example/a?b=c", "shop"]),
        "type": st.sampled_from(["record.created", "record.deleted"]),
        "subject": st.builds(lambda slug, ident: f"{slug}/{ident}", SEGMENT, ANY_TEXT),
        "workspaceslug": st.just("acme"),
        "time": TIMES,
        "datacontenttype": st.sampled_from(["application/json", "application/json; charset=utf-8"]),
    },
    optional={
        "data": RECORDS,
        "extension": st.text('abc%" é', max_size=5),
    },
)


@MODES
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(event=EVENTS)
def test_events_by_the_book_are_read_alike(mode: Any, event: Attributes) -> None:
    ours, theirs = (outcome(reading) for reading in mode(event))
    assert ours is not None
    assert ours == theirs


FAULTS: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.sampled_from(REQUIRED), st.sampled_from([..., "", None])),
    st.tuples(st.sampled_from(("id", "source", "type", "subject")), st.sampled_from([7, True, []])),
    st.tuples(st.sampled_from(["My", "my-ext", "ä", "a_b"]), st.just("x")),
    st.tuples(st.just("time"), st.sampled_from(["x", "2025-01-15T10:00:00", "2025-13-01"])),
    st.tuples(st.just("subject"), st.just("")),
    st.tuples(st.just("specversion"), st.sampled_from(["0.3", "2.0", "1"])),
)


@MODES
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(event=EVENTS, fault=FAULTS)
def test_no_event_that_the_sdk_refuses_is_taken(
    mode: Any, event: Attributes, fault: tuple[str, Any]
) -> None:
    name, value = fault
    faulty = {**event, name: value}
    if value is ...:
        del faulty[name]
    if mode is not structured and not isinstance(value, str):
        return  # a header is text
    ours, theirs = (outcome(reading) for reading in mode(faulty))
    if theirs is None:
        assert ours is None
    else:
        assert explained(faulty, ours, theirs), (faulty, ours, theirs)


def explained(event: Attributes, ours: Read | None, theirs: Read) -> bool:
    """Whether the SDK took a faulty event because it adds what is missing, or checks less."""
    missing = [name for name in REQUIRED if name not in event]
    return ours == theirs or (ours is None and (bool(missing) or event["specversion"] == "0.3"))


BASE: Attributes = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/shop",
    "type": "record.created",
    "subject": "orders/r1",
    "workspaceslug": "acme",
    "time": "2025-01-15T10:00:00Z",
    "datacontenttype": "application/json",
    "data": {"n": 1},
}
HEADERS = {name: BASE[name] for name in BASE if name not in ("data", "datacontenttype")}
TAKES, REFUSES = True, False


def changed(**changes: Any) -> tuple[Reading, Reading]:
    kept = {name: value for name, value in {**BASE, **changes}.items() if value is not ...}
    return structured(kept)


def header(**changes: Any) -> tuple[Reading, Reading]:
    kept = {name: value for name, value in {**HEADERS, **changes}.items() if value is not ...}
    return as_sent(kept, b'{"n": 1}', "application/json")


CLAUSES: dict[str, tuple[tuple[Reading, Reading], bool]] = {
    # clause: (event, whether Baton takes it where the SDK decides otherwise or reads other text)
    "spec 3.1 id is required; the SDK makes one": (changed(id=...), REFUSES),
    "spec 3.1 specversion is required; the SDK adds it": (changed(specversion=...), REFUSES),
    "spec 3.1 specversion 1.0 is the one that is read; the SDK reads 0.3, too": (
        changed(specversion="0.3"),
        REFUSES,
    ),
    "spec 2 String: no control characters": (changed(id="a\nb"), REFUSES),
    "spec 2 String: no noncharacters": (changed(id="\ufdd0"), REFUSES),
    "spec 2 Integer: 32 bits": (changed(extension=2**31), REFUSES),
    "spec 2 types: no arrays": (changed(extension=["x"]), REFUSES),
    "spec 3.1 source is a URI reference (RFC 3986)": (changed(source="a b"), REFUSES),
    "spec 3.1 dataschema is an absolute URI": (changed(dataschema="/relative"), REFUSES),
    "RFC 3339 5.6: no week dates": (changed(time="2025-W03-3T10:00:00Z"), REFUSES),
    "RFC 3339 5.6: no basic form": (changed(time="20250115T100000Z"), REFUSES),
    "RFC 3339 5.6: seconds are required": (changed(time="2025-01-15T10:00Z"), REFUSES),
    "RFC 3339 5.7: a leap second": (changed(time="2016-12-31T23:59:60Z"), TAKES),
    "JSON format 2.2: null is an attribute that isn't set": (changed(datacontenttype=None), TAKES),
    "JSON format 2.2: null for time": (changed(time=None), TAKES),
    "JSON format 3.1.1: base64 as RFC 4648 has it": (
        changed(data=..., data_base64="e30=\n"),
        REFUSES,
    ),
    "HTTP 3.1.3.2: a quoted string is unquoted": (header(subject='"orders/r1"'), TAKES),
    "HTTP 3.1.3.2: an escape in a quoted string": (header(subject=r'"orders/\"r1\""'), TAKES),
    "HTTP 3.1.3.2: percent-decoding to UTF-8 only": (header(id="e-%FF"), REFUSES),
    "HTTP 3.1.3.2: a % is encoded": (header(id="100%"), REFUSES),
    "HTTP 3.1.3.2: a quotation mark is encoded": (header(id='a"b'), REFUSES),
}


@pytest.mark.parametrize("clause", CLAUSES)
def test_where_the_readers_differ_a_clause_says_so(clause: str) -> None:
    readings, takes = CLAUSES[clause]
    ours, theirs = (outcome(reading) for reading in readings)
    assert (ours is not None) is takes
    assert ours != theirs


def test_both_readers_decode_base64_alike() -> None:
    for value in ({}, {"n": "é"}):
        encoded = base64.b64encode(json.dumps(value).encode()).decode()
        ours, theirs = (outcome(reading) for reading in changed(data=..., data_base64=encoded))
        assert ours is not None
        assert ours == theirs
