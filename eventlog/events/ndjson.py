"""Events and artifacts as lines of JSON, which an export writes and an import reads.

A line is `{"position":…,"stream":…,"version":…,"type":…,"data":…}`, in this order. `data` is the
stored event byte for byte, so that the same event gives the same line in every store. The line of
an artifact, `{"artifact":…,"tenant":…,"value":…}`, comes before the first event of its tenant that
refers to it; `value` is its canonical JSON.
"""

from typing import Any, Final, NoReturn

import orjson

from baton.domain.json import JsonObject
from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.artifact_places import hashes_in
from baton.eventlog.events.codec import decode, event_classes
from baton.eventlog.events.envelope import Stored, StoredArtifact
from baton.eventlog.events.upcasts import UPCASTS
from baton.protocols.canonical_json import canonical, digest

MEMBERS: Final = ("position", "stream", "version", "type", "data")
ARTIFACT_MEMBERS: Final = ("artifact", "tenant", "value")
_MAX: Final = 2**63 - 1


def ndjson_line(event: Stored) -> bytes:
    """Return the line of an event, with its newline; raises `Unreadable` for a damaged event."""
    try:
        decode(event.topic, event.state)
    except Unreadable as error:
        place = f"{event.stream} version {event.version} (position {event.position})"
        raise Unreadable(f"{place}: {error}") from error
    # JSON strings hold no raw newline, so a newline can only be whitespace between tokens.
    return _head(event) + event.state.replace(b"\n", b" ") + b"}\n"


def artifact_line(artifact: StoredArtifact) -> bytes:
    """Return the line of an artifact, with its newline."""
    return _artifact_head(artifact.sha256, artifact.tenant) + artifact.raw + b"}\n"


class NdjsonReader:
    """Reads lines in order and checks that versions and positions continue from line to line.

    `number` counts the lines read, `events` the lines of events; `position` is the last event's
    position.
    """

    def __init__(self) -> None:
        self.number = 0
        self.events = 0
        self.position = 0
        self._artifacts: set[tuple[str, str]] = set()
        self._versions: dict[str, int] = {}

    @property
    def streams(self) -> int:
        """The number of streams whose events were read."""
        return len(self._versions)

    @property
    def tenants(self) -> set[str]:
        """The tenants whose events were read."""
        return {stream_parts(name).tenant for name in self._versions}

    def read(self, line: bytes) -> Stored | StoredArtifact:
        """Return the event or artifact of the next line; raises `Unreadable` with its number."""
        event = self.parse(line)
        if isinstance(event, StoredArtifact):
            return event
        self._check_order(event)
        self.require_artifacts(event)
        try:
            decode(event.topic, event.state)
        except Unreadable as error:
            self._refuse(str(error))
        self.events += 1
        self.position = event.position
        self._versions[event.stream] = event.version
        return event

    def parse(self, line: bytes) -> Stored | StoredArtifact:
        """Return the event or artifact of the next line undecoded; only artifacts are checked.

        Raises `Unreadable` with the line's number.
        """
        self.number += 1
        line = line.rstrip(b"\r\n")
        members = self._parsed(line)
        return (
            self._artifact(line, members) if "artifact" in members else self._event(line, members)
        )

    def _parsed(self, line: bytes) -> JsonObject:
        try:
            members = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._refuse(f"not JSON ({error})")
        return members if isinstance(members, dict) else {}

    def _artifact(self, line: bytes, members: JsonObject) -> StoredArtifact:
        sha256, tenant = members["artifact"], members.get("tenant")
        if sorted(members) != sorted(ARTIFACT_MEMBERS) or not isinstance(tenant, str):
            self._refuse(f"not an object with {', '.join(ARTIFACT_MEMBERS)}")
        head = _artifact_head(str(sha256), tenant)
        raw = line[len(head) : -1] if line.startswith(head) else canonical(members["value"])
        if digest(raw) != sha256:
            self._refuse(f"the value of artifact {sha256} has another hash")
        self._artifacts.add((tenant, str(sha256)))
        return StoredArtifact(tenant, str(sha256), raw)

    def require_artifacts(self, event: Stored) -> None:
        """Raise `Unreadable` if an artifact of the event is in no earlier line."""
        tenant = event.stream.partition("/")[0]
        for sha256 in hashes_in(event.state):
            if (tenant, sha256) not in self._artifacts:
                self._refuse(f"artifact {sha256} is in no earlier line")

    def _event(self, line: bytes, members: dict[str, Any]) -> Stored:
        if sorted(members) != sorted(MEMBERS):
            self._refuse(f"not an object with {', '.join(MEMBERS)}")
        position, stream, version, topic, data = (members[name] for name in MEMBERS)
        if not (_is_ordinal(position) and _is_ordinal(version)):
            self._refuse("position and version must be integers from 1")
        if not (isinstance(stream, str) and isinstance(topic, str) and isinstance(data, dict)):
            self._refuse("stream and type must be strings, and data an object")
        event = Stored(position, stream, version, topic, b"")
        head = _head(event)
        state = line[len(head) : -1] if line.startswith(head) else orjson.dumps(data)
        return event._replace(state=state)

    def _check_order(self, event: Stored) -> None:
        """Refuse an event that doesn't belong to its stream or doesn't follow its predecessors."""
        if not _is_event_of(event.stream, event.topic):
            self._refuse(f"{event.topic} in {event.stream} isn't an event type of this release")
        known = self._versions.get(event.stream, 0)
        if event.version <= known:
            self._refuse(f"version {event.version} of {event.stream} is repeated")
        if event.version > known + 1:
            self._refuse(f"{event.stream} skips from version {known} to {event.version}")
        if event.position <= self.position:
            self._refuse(f"position {event.position} comes after {self.position}")

    def _refuse(self, reason: str) -> NoReturn:
        raise Unreadable(f"line {self.number}: {reason}")


def _artifact_head(sha256: str, tenant: str) -> bytes:
    return b'{"artifact":%s,"tenant":%s,"value":' % (orjson.dumps(sha256), orjson.dumps(tenant))


def _head(event: Stored) -> bytes:
    stream, topic = orjson.dumps(event.stream), orjson.dumps(event.topic)
    return b'{"position":%d,"stream":%s,"version":%d,"type":%s,"data":' % (
        event.position,
        stream,
        event.version,
        topic,
    )


def _is_ordinal(value: object) -> bool:
    return type(value) is int and 1 <= value <= _MAX


def _is_event_of(stream: str, topic: str) -> bool:
    """Return whether the stream's name is valid and the topic belongs to its kind."""
    if stream.count("/") < 2 or "\0" in stream:  # noqa: PLR2004 - tenant/kind/id
        return False
    tenant, kind, ident = stream_parts(stream)
    is_known = topic in event_classes() or topic in UPCASTS
    return bool(tenant and ident) and is_known and topic.startswith(f"{kind}.")
