"""Artifacts in the stored form of an event or a view's document.

Where a record holds an artifact, its JSON has null, and a first member lists the artifacts:
`{"artifacts":[{"at":["context","report"],"sha256":"…","bytes":70000}],…}`. No record class begins
with a field of that name, so user data can't be mistaken for the list.
"""

import re
from collections.abc import Iterator
from typing import Final

import orjson

from baton.domain.artifact import Artifact
from baton.domain.json import JsonObject

ARTIFACTS: Final = "artifacts"
ARTIFACTS_FIRST: Final = b'{"artifacts":['
"""The beginning of a record that holds artifacts."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def take_artifacts(record: object) -> JsonObject | None:
    """Return the members of `record` with its artifacts listed first, None without artifacts."""
    members: JsonObject = dict(getattr(record, "__dict__", {}))
    places = list(_places(members))
    if not places:
        return None
    for path, _ in places:
        _put(members, path, None)
    listed = [
        {"at": path, "sha256": artifact.sha256, "bytes": artifact.bytes}
        for path, artifact in places
    ]
    return {ARTIFACTS: listed, **members}


def hashes_in(state: bytes) -> list[str]:
    """Return the hashes of the artifacts that a stored record holds, in order."""
    if not state.startswith(ARTIFACTS_FIRST):
        return []
    return [entry["sha256"] for entry in orjson.loads(state)[ARTIFACTS]]


def put_artifacts(record: object, listed: object) -> None:
    """Put the listed artifacts into a decoded record; raises KeyError, TypeError, ValueError."""
    if not isinstance(listed, list):
        raise TypeError(ARTIFACTS)
    members = record.__dict__
    for entry in listed:
        artifact = Artifact(entry["sha256"], entry["bytes"])
        if type(artifact.bytes) is not int or _SHA256.fullmatch(artifact.sha256) is None:
            raise ValueError(artifact)
        _put(members, entry["at"], artifact)


def _places(members: JsonObject) -> Iterator[tuple[list[str], Artifact]]:
    for name, member in members.items():
        if isinstance(member, Artifact):
            yield [name], member
        elif isinstance(member, dict):
            for key, value in member.items():
                if isinstance(value, Artifact):
                    yield [name, key], value


def _put(members: JsonObject, path: list[str], value: object) -> None:
    """Replace the member at `path`, in a copy of the object that holds it; raises KeyError."""
    name, *rest = path
    before = members[name]
    if not rest:
        members[name] = value
    elif isinstance(before, dict) and rest[0] in before:
        members[name] = {**before, rest[0]: value}
    else:
        raise KeyError(path)
