"""Recorded histories of earlier releases can be read, folded and written again."""

import importlib
from itertools import groupby
from pathlib import Path

import orjson
import pytest

from baton.domain.decider import Decider
from baton.eventlog.events.codec import decode, encode, event_classes, topic_of
from tests.replay.histories import HISTORIES, lines

RELEASES = sorted(
    Path(__file__).parent.glob("*.ndjson"), key=lambda path: [int(n) for n in path.stem.split(".")]
)
Line = tuple[str, int, str, bytes]


def recorded(release: Path) -> list[Line]:
    found = []
    for line in release.read_bytes().splitlines():
        stream, version, topic, _ = orjson.loads(line)
        found.append((stream, version, topic, line[line.index(b"{") : -1]))
    return found


def decider_of(kind: str) -> Decider[object, object, object]:
    decider = importlib.import_module(f"baton.domain.{kind}.decisions").DECIDER
    assert isinstance(decider, Decider)
    return decider


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_every_event_of_a_release_can_be_read(release: Path) -> None:
    for _, _, topic, data in recorded(release):
        event = decode(topic, data)
        assert decode(topic_of(event), encode(event)) == event


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_every_history_of_a_release_can_be_folded(release: Path) -> None:
    for stream, found in groupby(recorded(release), key=lambda line: line[0]):
        decider = decider_of(stream.split("/")[1])
        first, *others = [decode(topic, data) for _, _, topic, data in found]
        state = decider.fold([first])
        assert state != decider.initial
        assert decider.fold(others, state) == decider.fold([first, *others])


def test_the_newest_recording_is_what_this_release_writes() -> None:
    newest = {line[:3]: line[3] for line in recorded(RELEASES[-1])}
    today = {
        (stream, version, topic_of(event)): event
        for stream, events in HISTORIES.items()
        for version, event in enumerate(events, 1)
    }

    assert {place: decode(place[2], data) for place, data in newest.items()} == today
    assert RELEASES[-1].read_bytes().splitlines() == lines(), (
        "python -m tests.replay.histories > tests/replay/<this version>.ndjson"
    )


def test_every_event_class_is_recorded() -> None:
    topics = {line[2] for line in recorded(RELEASES[-1])}

    assert topics == set(event_classes())
