"""Events that hold artifacts: their stored form, and their lines in an export."""

import pytest

from baton.domain.artifact import Artifact
from baton.domain.run.messages.step_events import StepSucceeded
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.artifact_places import hashes_in
from baton.eventlog.events.codec import decode, encode, topic_of
from baton.eventlog.events.envelope import Stored, StoredArtifact
from baton.eventlog.events.ndjson import NdjsonReader, artifact_line, ndjson_line
from baton.protocols.canonical_json import canonical, digest

RAW = canonical({"text": "x" * 100_000})
ARTIFACT = Artifact(digest(RAW), len(RAW))


def succeeded(output: object, context: dict[str, object] | None = None) -> StepSucceeded:
    return StepSucceeded(
        step_id="a", visit=1, attempt=1, at=1, output=output, context=context, size=100_011
    )


def stored(event: StepSucceeded, tenant: str = "acme") -> Stored:
    return Stored(1, f"{tenant}/run/r", 1, topic_of(event), encode(event))


def test_an_event_with_artifacts_is_read_as_it_was_written() -> None:
    event = succeeded(ARTIFACT, {"small": 1, "report": ARTIFACT})

    raw = encode(event)
    read = decode(topic_of(event), raw)

    assert read == event
    assert encode(read) == raw
    assert hashes_in(raw) == [ARTIFACT.sha256] * 2


@pytest.mark.parametrize(
    "output",
    [
        {"$artifact": ARTIFACT.sha256, "bytes": 9},
        {"artifacts": [{"at": ["output"], "sha256": ARTIFACT.sha256, "bytes": 9}]},
    ],
)
def test_data_that_looks_like_an_artifact_stays_data(output: object) -> None:
    event = succeeded(output)

    read = decode(topic_of(event), encode(event))

    assert isinstance(read, StepSucceeded)
    assert read.output == output
    assert hashes_in(encode(event)) == []


@pytest.mark.parametrize("place", ['["nowhere"]', '["context","nobody"]', "[]", "1"])
def test_an_artifact_without_a_place_is_unreadable(place: str) -> None:
    raw = encode(succeeded(ARTIFACT)).replace(b'["output"]', place.encode())

    with pytest.raises(Unreadable, match="no place"):
        decode("run.StepSucceeded", raw)


def test_an_export_is_read_with_its_artifacts() -> None:
    reader = NdjsonReader()
    event = stored(succeeded(ARTIFACT))
    artifact = StoredArtifact("acme", ARTIFACT.sha256, RAW)

    assert reader.read(artifact_line(artifact)) == artifact
    assert reader.read(ndjson_line(event)) == event
    assert (reader.number, reader.events) == (2, 1)


def test_an_event_whose_artifact_is_missing_is_refused() -> None:
    reader = NdjsonReader()
    reader.read(artifact_line(StoredArtifact("other", ARTIFACT.sha256, RAW)))

    with pytest.raises(Unreadable, match=r"line 2: artifact .* is in no earlier line"):
        reader.read(ndjson_line(stored(succeeded(ARTIFACT))))


def test_an_artifact_with_another_hash_is_refused() -> None:
    damaged = artifact_line(StoredArtifact("acme", ARTIFACT.sha256, RAW)).replace(b"xx", b"xy", 1)

    with pytest.raises(Unreadable, match=r"line 1: the value of artifact .* has another hash"):
        NdjsonReader().read(damaged)
