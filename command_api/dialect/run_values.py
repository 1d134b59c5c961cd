"""The large values of runs in responses, the same for every dialect.

A response shows values in full as long as it fits into the limit of one response. Beyond that the
largest values are replaced: `{"$artifact": "<sha256>", "bytes": n}` can be fetched by its hash, and
`{"$omitted": true, "bytes": n}` replaces a value that is stored only with its run. Lists show only
small values. The models describe all three in OpenAPI documents.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Field

from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.artifact import Artifact, UnreadableValue, Values, artifacts_in
from baton.domain.json import Json, JsonObject
from baton.eventlog.run_values import size_of
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run

MAX_IN_LIST: Final = 4 * 1024
"""The largest value, in bytes of JSON, that a list shows."""
MAX_INPUTS: Final = 4 * 1024 * 1024
"""The bytes of steps' inputs that a response shows at most."""
_SHARES: Final = (4, 16)
"""The divisors of the limit for the values of a too large response: a value may appear 3 times."""

Render: TypeAlias = Callable[[int], Awaitable[object]]
"""Called with the bytes that steps' inputs may take; returns the body of the response."""


class _Replacement(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, serialize_by_alias=True)

    bytes: int = Field(description="Its size as JSON", ge=0)


class NamedValue(_Replacement):
    """Stands for a value that is too large for the response; GET /artifacts/{hash} returns it."""

    artifact: str = Field(
        alias="$artifact",
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of its canonical JSON (RFC 8785)",
    )


class OmittedValue(_Replacement):
    """Stands for a value that is too large for a list or the response."""

    omitted: Literal[True] = Field(alias="$omitted", json_schema_extra={"enum": [True]})


ShownValue: TypeAlias = NamedValue | OmittedValue | Json
"""Any JSON value, or its replacement."""
ShownObject: TypeAlias = NamedValue | OmittedValue | JsonObject
"""An object, or its replacement."""
ShownMembers: TypeAlias = OmittedValue | dict[str, ShownValue]
"""An object whose members are shown one by one, or its replacement."""


def named(artifact: Artifact) -> JsonObject:
    """Return the replacement of an artifact's value."""
    return {"$artifact": artifact.sha256, "bytes": artifact.bytes}


def omitted(size: int) -> JsonObject:
    """Return the replacement of a value of `size` bytes."""
    return {"$omitted": True, "bytes": size}


def in_list(value: Json) -> Json:
    """Return a value in the form for lists."""
    size = size_of(value) + sum(artifact.bytes for artifact in artifacts_in(value))
    return value if size <= MAX_IN_LIST else omitted(size)


async def load_values(context: RequestContext, artifacts: Collection[Artifact]) -> Values:
    """Return the values of artifacts for a response; an unreadable one is replaced by its name."""
    values = await context.services.values.load(context.tenant, artifacts)
    lost = {
        artifact for artifact in artifacts if isinstance(values[artifact.sha256], UnreadableValue)
    }
    return {**values, **{artifact.sha256: named(artifact) for artifact in lost}}


async def reply_with_run(
    context: RequestContext,
    run: Run,
    steps: Sequence[Step],
    render: Render,
    *,
    status: int = 200,
    position: int | None = None,
) -> Reply:
    """Reply with a run whose values are shown in full, or replaced if the response gets too large.

    Args:
        context: The request.
        run: The run; its values are replaced in place.
        steps: Its steps, likewise.
        render: Renders both; called again after more values were replaced.
        status: The status of the response.
        position: The position of the command's newest event.
    """
    limit = context.services.max_answer_bytes
    documents: list[Run | Step] = [run, *steps]
    locations = [location for document in documents for location in _value_locations(document)]
    await _load(context, locations, limit)
    inputs = min(MAX_INPUTS, limit // 2) if limit else MAX_INPUTS
    reply = context.reply(status, await render(inputs), position=position)
    for share in _SHARES:
        if not limit or len(reply.body) <= limit:
            return reply
        _replace_largest(locations, limit // share)
        reply = context.reply(status, await render(limit // share), position=position)
    if len(reply.body) > limit:
        _replace_largest(locations, 0)
        _drop_details(steps)
        reply = context.reply(status, await render(0), position=position)
    return reply


class _ValueLocation:
    """The location of a value in a document: `members[name]`."""

    __slots__ = ("artifact", "members", "name", "size")

    def __init__(self, members: dict[str, Any], name: str) -> None:
        self.members = members
        self.name = name
        value = members[name]
        self.artifact = value if isinstance(value, Artifact) else None
        self.size = 0 if self.artifact is None else self.artifact.bytes

    def replace(self) -> None:
        """Replace the value by its name."""
        shown = omitted(self.size) if self.artifact is None else named(self.artifact)
        self.members[self.name] = shown
        self.size = 0


def _value_locations(document: Run | Step) -> Iterator[_ValueLocation]:
    members = document.__dict__
    for name in ("input", "output"):
        if members.get(name) is not None:
            yield _ValueLocation(members, name)
    if document.context:
        document.context = dict(document.context)
        for name in document.context:
            yield _ValueLocation(document.context, name)


async def _load(context: RequestContext, locations: Sequence[_ValueLocation], limit: int) -> None:
    """Replace artifacts by their values; the largest ones stay named if not all fit."""
    with_artifacts = [location for location in locations if location.artifact is not None]
    if not with_artifacts:
        return
    if limit:
        _replace_largest(with_artifacts, limit)
    shown = [location for location in with_artifacts if location.size]
    artifacts = {location.artifact for location in shown if location.artifact is not None}
    values = await load_values(context, artifacts)
    for location in shown:
        if location.artifact is not None:
            location.members[location.name] = values[location.artifact.sha256]


def _replace_largest(locations: Sequence[_ValueLocation], target: int) -> None:
    """Name the largest values until the others take at most `target` bytes."""
    for location in locations:
        if location.artifact is None:
            location.size = size_of(location.members[location.name])
    left = sum(location.size for location in locations)
    for location in sorted(locations, key=lambda location: location.size, reverse=True):
        if left <= target or location.size <= len(orjson.dumps(omitted(location.size))):
            return
        left -= location.size
        location.replace()


def _drop_details(steps: Sequence[Step]) -> None:
    """Drop tracebacks and evaluations, the last parts that can make a response too large."""
    for step in steps:
        if step.error is not None:
            step.error = replace(step.error, stack=None)
        if step.decision is not None:
            step.decision = replace(step.decision, evaluations=())
