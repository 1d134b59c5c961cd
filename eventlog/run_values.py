"""Stores the large values of runs as artifacts, and loads them where they are read.

A value is measured once, when it enters; small values cost nothing else. Views and events keep the
artifacts; functions, conditions and responses get the values.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Final, TypeVar

import orjson

from baton.domain.artifact import (
    MAX_INLINE_BYTES,
    Artifact,
    UnreadableValue,
    Values,
    ValuesNeeded,
)
from baton.domain.json import Json, JsonObject
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.outcome import Succeeded
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.artifact_hashes import required
from baton.eventlog.ports.artifacts import Artifacts
from baton.protocols.canonical_json import canonical, digest

T = TypeVar("T")

_log = logging.getLogger(__name__)

CACHE_BYTES: Final = 32 * 1024 * 1024
"""The bytes of values that an executor caches for later steps."""


class RunValues:
    """The large values of runs.

    Args:
        artifacts: Holds them.
        cache_bytes: Bytes of values to keep in memory; the least recently used are evicted first.
    """

    def __init__(self, artifacts: Artifacts, *, cache_bytes: int = 0) -> None:
        self._artifacts = artifacts
        self._cache_bytes = cache_bytes
        self._cached: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0

    async def store_request(self, request: RequestRun) -> RequestRun:
        """Return `request` with its size, and with large data as artifacts."""
        return await self.store_large(request) if measure(request) else request

    async def store_large(self, request: RequestRun) -> RequestRun:
        """Return a large request with its large data as artifacts; `measure` has set its size."""
        tenant = request.definition.tenant
        run_input = await self._store(tenant, request.input)
        context = await self._store_members(tenant, request.context)
        return replace(request, input=run_input, context=context)

    async def store_outcome(self, tenant: str, outcome: Succeeded) -> Succeeded:
        """Return `outcome` with large data as artifacts; its size must be known."""
        context = outcome.context
        return replace(
            outcome,
            output=await self._store(tenant, outcome.output),
            context=None if context is None else await self._store_members(tenant, context),
        )

    async def store_raw(self, tenant: str, raw: bytes) -> Artifact:
        """Store a value in canonical JSON, whatever its size, and return its artifact.

        It isn't cached, because no step reads it.
        """
        sha256 = digest(raw)
        await self._artifacts.put(tenant, sha256, raw)
        return Artifact(sha256, len(raw))

    async def load(self, tenant: str, artifacts: Iterable[Artifact]) -> Values:
        """Return the values of `artifacts`; an unreadable value becomes an `UnreadableValue`."""
        return {
            artifact.sha256: await self._parsed(tenant, artifact.sha256) for artifact in artifacts
        }

    async def raw(self, tenant: str, sha256: str) -> bytes:
        """Return the canonical JSON of a value; raises `Unreadable` if it is missing or damaged."""
        key = (tenant, sha256)
        cached = self._cached.get(key)
        if cached is not None:
            self._cached.move_to_end(key)
            return cached
        cached = required(tenant, sha256, await self.find(tenant, sha256))
        self._keep(key, cached)
        return cached

    async def find(self, tenant: str, sha256: str) -> bytes | None:
        """Return the canonical JSON of a value, None if `tenant` owns none with this hash."""
        return await self._artifacts.get(tenant, sha256)

    async def decided(self, tenant: str, decide: Callable[[Values], Awaitable[T]]) -> T:
        """Return the result of `decide`, which is called again with the values that it lacks."""
        values: Values = {}
        while True:
            try:
                return await decide(values)
            except ValuesNeeded as needed:
                values = {**values, **await self.load(tenant, needed.artifacts)}

    async def _parsed(self, tenant: str, sha256: str) -> Json:
        try:
            return orjson.loads(await self.raw(tenant, sha256))
        except Unreadable as error:
            _log.error("%s", error)
            return UnreadableValue(str(error))

    async def _store_members(self, tenant: str, members: JsonObject) -> JsonObject:
        return {name: await self._store(tenant, value) for name, value in members.items()}

    async def _store(self, tenant: str, value: Json) -> Json:
        """Return `value`, or its artifact if it is large."""
        if isinstance(value, Artifact) or size_of(value) <= MAX_INLINE_BYTES:
            return value
        # Measuring a large value would block the event loop for too long.
        raw = await asyncio.to_thread(canonical, value)
        key = (tenant, digest(raw))
        if key not in self._cached:
            await self._artifacts.put(*key, raw)
            self._keep(key, raw)
        return Artifact(key[1], len(raw))

    def _keep(self, key: tuple[str, str], raw: bytes) -> None:
        if len(raw) > self._cache_bytes or key in self._cached:
            return
        self._cached[key] = raw
        self._bytes += len(raw)
        while self._bytes > self._cache_bytes:
            _, evicted = self._cached.popitem(last=False)
            self._bytes -= len(evicted)


def measure(request: RequestRun) -> bool:
    """Set the size of a new request; return whether it is large.

    It is set in place, because a copy would cost more than measuring.
    """
    size = size_of(request.input) + (size_of(request.context) if request.context else 0)
    object.__setattr__(request, "size", size)
    return size > MAX_INLINE_BYTES


def size_of(value: Json) -> int:
    """Return the bytes of `value` as JSON, not counting the artifacts in it.

    Returns 0 for a value without a JSON form, which no store accepts.
    """
    try:
        return len(orjson.dumps(value, default=_size_of_artifact))
    except orjson.JSONEncodeError:
        return 0


def _size_of_artifact(value: object) -> object:
    """Write nothing for an artifact, whose size is counted separately."""
    if isinstance(value, Artifact):
        return orjson.Fragment(b"")
    raise TypeError
