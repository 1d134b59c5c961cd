"""Every store of artifacts."""

import asyncio
from uuid import uuid4

import pytest

from baton.eventlog.errors import Unwritable
from baton.eventlog.ports.backend import Stores
from baton.protocols.canonical_json import canonical, digest
from tests.conformance.deployments import OpenedStores


@pytest.fixture
def raw() -> bytes:
    """Return a value that no other test stores."""
    return canonical({"id": str(uuid4()), "text": "x" * 100_000})


@pytest.fixture
def sha256(raw: bytes) -> str:
    return digest(raw)


async def test_a_value_is_found_by_its_hash(stores: Stores, raw: bytes, sha256: str) -> None:
    await stores.artifacts.put("acme", sha256, raw)

    assert await stores.artifacts.get("acme", sha256) == raw
    assert await stores.artifacts.get("acme", digest(b"{}")) is None


async def test_a_value_is_found_only_by_the_tenants_that_stored_it(
    stores: Stores, raw: bytes, sha256: str
) -> None:
    await stores.artifacts.put("acme", sha256, raw)
    assert await stores.artifacts.get("other", sha256) is None

    await stores.artifacts.put("other", sha256, raw)
    assert await stores.artifacts.get("other", sha256) == raw


async def test_puts_of_one_value_by_many_writers_are_one_value(
    stores: Stores, raw: bytes, sha256: str
) -> None:
    tenants = ("acme", "other") * 5
    await asyncio.gather(*(stores.artifacts.put(one, sha256, raw) for one in tenants))

    assert await stores.artifacts.get("acme", sha256) == raw
    assert await stores.artifacts.get("other", sha256) == raw


async def test_bytes_with_another_hash_are_refused(stores: Stores, raw: bytes, sha256: str) -> None:
    with pytest.raises(Unwritable, match=sha256):
        await stores.artifacts.put("acme", sha256, raw + b" ")

    assert await stores.artifacts.get("acme", sha256) is None


async def test_a_value_survives_a_restart(durable: OpenedStores, raw: bytes, sha256: str) -> None:
    await durable.stores.artifacts.put("acme", sha256, raw)

    assert await (await durable.reopen()).artifacts.get("acme", sha256) == raw
