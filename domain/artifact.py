"""Artifacts: large JSON values of runs, which are stored once and named by their content's hash.

An `Artifact` replaces its value as the input of a run, the output of a step or a value in the
context. It is a class of its own, so that no user data can be mistaken for it. The value behind a
hash never changes, so a decision that reads it stays deterministic.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from baton.domain.json import Json

MAX_INLINE_BYTES: Final = 64 * 1024
"""The largest value, in bytes of JSON, that an event holds itself."""
ARTIFACT_UNREADABLE: Final = "ARTIFACT_UNREADABLE"
"""The code of a step that fails because a value it reads is missing or damaged."""


class Artifact:
    """The name of a stored value: its SHA-256, and its size in bytes of canonical JSON."""

    __slots__ = ("bytes", "sha256")

    def __init__(self, sha256: str, size: int) -> None:
        self.sha256 = sha256
        self.bytes = size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Artifact):
            return NotImplemented
        return (self.sha256, self.bytes) == (other.sha256, other.bytes)

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"Artifact({self.sha256!r}, {self.bytes})"


class UnreadableValue:
    """Stands for the value of an artifact that is missing or damaged; `reason` says which."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Values: TypeAlias = Mapping[str, Json]
"""Values of artifacts by their SHA-256; an `UnreadableValue` stands for a missing or damaged value.
"""

NO_VALUES: Final[Values] = {}


class ValuesNeeded(Exception):
    """A condition reads artifacts whose values didn't come with the command.

    Nothing was decided. The caller loads the values and sends the command again with them.
    """

    def __init__(self, artifacts: frozenset[Artifact]) -> None:
        super().__init__(", ".join(sorted(artifact.sha256 for artifact in artifacts)))
        self.artifacts = artifacts


def artifacts_in(value: Json) -> Iterator[Artifact]:
    """Yield the artifacts in the data of a run, which are at most two levels of objects deep."""
    if isinstance(value, Artifact):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            if isinstance(member, Artifact):
                yield member
            elif isinstance(member, dict) and isinstance(member.get("output"), Artifact):
                yield member["output"]


def with_values(value: Json, values: Values) -> Json:
    """Return `value` with each artifact whose value is in `values` replaced by that value."""
    if isinstance(value, Artifact):
        return values.get(value.sha256, value)
    if isinstance(value, dict) and any(True for _ in artifacts_in(value)):
        return {name: _member(member, values) for name, member in value.items()}
    return value


def _member(member: Json, values: Values) -> Json:
    if isinstance(member, dict) and isinstance(member.get("output"), Artifact):
        return {**member, "output": with_values(member["output"], values)}
    return with_values(member, values) if isinstance(member, Artifact) else member
