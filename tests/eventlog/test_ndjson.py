"""Events as lines of JSON: read as they were written, or refused with the number of the line."""

import orjson
import pytest

from baton.eventlog.errors import Unreadable
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.events.ndjson import NdjsonReader, ndjson_line
from tests.projector.histories import events_of

EVENTS = [
    Stored(one.position, one.stream, one.version, topic_of(one.event), encode(one.event))
    for one in events_of(seed=3, commands=400)
]
STARTED = Stored(7, "acme/run/r1", 1, "run.RunStarted", b'{"at":1}')
LINE = (
    b'{"position":7,"stream":"acme/run/r1","version":1,"type":"run.RunStarted","data":{"at":1}}\n'
)


def test_a_line_has_the_position_stream_version_type_and_data() -> None:
    assert ndjson_line(STARTED) == LINE
    assert NdjsonReader().read(LINE) == STARTED


def test_written_lines_are_read_as_the_same_events() -> None:
    lines = NdjsonReader()

    assert [lines.read(ndjson_line(event)) for event in EVENTS] == EVENTS
    assert lines.number == len(EVENTS)
    assert lines.streams == len({event.stream for event in EVENTS})
    assert lines.position == EVENTS[-1].position


def test_the_stored_bytes_of_an_event_are_written_unchanged_but_for_newlines() -> None:
    spaced = STARTED._replace(state=b'{ "at" : 1 }')
    broken = STARTED._replace(state=b'{\n"at": 1}')

    assert NdjsonReader().read(ndjson_line(spaced)) == spaced
    assert ndjson_line(broken).count(b"\n") == 1
    assert NdjsonReader().read(ndjson_line(broken)) == STARTED._replace(state=b'{ "at": 1}')


def test_members_may_have_any_order_and_spaces_between_them() -> None:
    loose = b' {"data" : {"at" : 1}, "version":1, "type":"run.RunStarted", "position":7,'
    loose += b' "stream":"acme\\/run\\/r1"} \r\n'

    assert NdjsonReader().read(loose) == STARTED


def test_a_damaged_event_is_not_written() -> None:
    with pytest.raises(Unreadable, match=r"acme/run/r1 version 1 \(position 7\)"):
        ndjson_line(STARTED._replace(state=b'{"at":'))
    with pytest.raises(Unreadable, match=r"run\.RunFlown isn't an event type of this release"):
        ndjson_line(STARTED._replace(topic="run.RunFlown"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (LINE, b"\n", "not JSON"),
        (LINE, b"[]", "not an object with position, stream, version, type, data"),
        (LINE, b"null", "not an object with position, stream, version, type, data"),
        (b"}}\n", b"}\n", "not JSON"),
        (b"run/r1", b"run/\xff", "not JSON"),
        (b'"position":7,', b"", "not an object with position, stream, version, type, data"),
        (b'"position":7,', b'"position":7,"more":1,', "not an object with position,"),
        (b'"position":7', b'"position":0', "position and version must be integers from 1"),
        (b'"position":7', b'"position":7.0', "position and version must be integers from 1"),
        (b'"position":7', b'"position":true', "position and version must be integers from 1"),
        (b'"position":7', b'"position":"7"', "position and version must be integers from 1"),
        (b'"position":7', b'"position":9223372036854775808', "must be integers from 1"),
        (b'"position":7', b'"position":5', "position 5 comes after 6"),
        (b'"position":7', b'"position":6', "position 6 comes after 6"),
        (b'"version":1', b'"version":0', "position and version must be integers from 1"),
        (b'"version":1', b'"version":2', "acme/run/r1 skips from version 0 to 2"),
        (b"acme/run/r1", b"acme/run/r0", "version 1 of acme/run/r0 is repeated"),
        (b'"acme/run/r1"', b"1", "stream and type must be strings, and data an object"),
        (b"acme/run/r1", b"acme/claim/r1", "run.RunStarted in acme/claim/r1 isn't an event"),
        (b"acme/run/r1", b"run/r1", "run.RunStarted in run/r1 isn't an event"),
        (b"acme/run/r1", b"/run/r1", "run.RunStarted in /run/r1 isn't an event"),
        (b"acme/run/r1", b"acme/run/", "run.RunStarted in acme/run/ isn't an event"),
        (b"acme/run/r1", b"acme/run/\\u0000", "isn't an event type of this release"),
        (b'"run.RunStarted"', b"null", "stream and type must be strings, and data an object"),
        (b"run.RunStarted", b"run.RunFlown", "run.RunFlown in acme/run/r1 isn't an event"),
        (b'{"at":1}', b'"at"', "stream and type must be strings, and data an object"),
        (b'{"at":1}', b'{"at":"1"}', "RunStarted: "),
        (b'{"at":1}', b'{"then":1}', "RunStarted: "),
        (b'{"at":1}', b'{"at":1},"data":{"at":1}', "RunStarted: "),
    ],
)
def test_a_line_without_an_event_or_out_of_order_is_refused_with_its_number(
    old: bytes, new: bytes, reason: str
) -> None:
    lines = NdjsonReader()
    before = STARTED._replace(position=6, stream="acme/run/r0")
    lines.read(ndjson_line(before))
    damaged = LINE.replace(old, new, 1)

    with pytest.raises(Unreadable, match="line 2: ") as refused:
        lines.read(damaged)

    assert reason in str(refused.value)
    assert damaged != LINE


def test_any_text_is_read_as_it_was_stored() -> None:
    data = orjson.dumps(
        {
            "at": 1,
            "reason": 'é\U0001f600 "quoted" \\ \n\x7f',
            "actor": {"subject": "ann", "method": "token"},
        }
    )
    event = Stored(1, "acme/run/größe", 1, "run.RunCancelled", data)

    assert NdjsonReader().read(ndjson_line(event)) == event
