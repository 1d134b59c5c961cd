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


async def test_a_repeated_put_changes_nothing(stores: Stores, raw: bytes, sha256: str) -> None:
    await asyncio.gather(*(stores.artifacts.put("acme", sha256, raw) for _ in range(10)))
    await stores.artifacts.release("acme", sha256)

    assert await stores.artifacts.get("acme", sha256) is None


async def test_a_value_lasts_until_its_last_owner_releases_it(
    stores: Stores, raw: bytes, sha256: str
) -> None:
    await stores.artifacts.put("acme", sha256, raw)
    await stores.artifacts.put("other", sha256, raw)
    await stores.artifacts.release("acme", sha256)

    assert await stores.artifacts.get("acme", sha256) is None
    assert await stores.artifacts.get("other", sha256) == raw
    await stores.artifacts.release("other", sha256)
    assert await stores.artifacts.get("other", sha256) is None


async def test_the_release_of_what_a_tenant_does_not_own_changes_nothing(
    stores: Stores, raw: bytes, sha256: str
) -> None:
    await stores.artifacts.put("acme", sha256, raw)
    await stores.artifacts.release("other", sha256)

    assert await stores.artifacts.get("acme", sha256) == raw


async def test_bytes_with_another_hash_are_refused(stores: Stores, raw: bytes, sha256: str) -> None:
    with pytest.raises(Unwritable, match=sha256):
        await stores.artifacts.put("acme", sha256, raw + b" ")

    assert await stores.artifacts.get("acme", sha256) is None


async def test_puts_and_releases_of_two_tenants_race_without_losing_a_value(
    stores: Stores, raw: bytes, sha256: str
) -> None:
    for _ in range(10):
        await stores.artifacts.put("acme", sha256, raw)
        await asyncio.gather(
            stores.artifacts.release("acme", sha256), stores.artifacts.put("other", sha256, raw)
        )
        assert await stores.artifacts.get("other", sha256) == raw
        await stores.artifacts.release("other", sha256)


async def test_a_value_survives_a_restart(durable: OpenedStores, raw: bytes, sha256: str) -> None:
    await durable.stores.artifacts.put("acme", sha256, raw)

    assert await (await durable.reopen()).artifacts.get("acme", sha256) == raw
