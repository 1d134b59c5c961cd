"""The rotation of the audit key: heads are signed by the keys of their time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.domain.actor import Actor
from baton.domain.audit_key.decisions import DECIDER
from baton.domain.audit_key.messages import RotateAuditKey
from baton.eventlog.clock import SystemClock
from baton.eventlog.loops.transact import transact
from baton.eventlog.notary.audit_keys import AuditKeys
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.notary.key_eras import KeyEras
from baton.eventlog.notary.key_rotation import STREAM, KeyRotation, Rotation, rotations_in
from baton.eventlog.notary.notary import Notary
from baton.eventlog.notary.signed_head import TreeHead
from baton.eventlog.notary.signed_note import BadNote, SigningKey, VerifierKey
from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import appended, write
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.notary.sealing import opened, seal

A, B, C = (SigningKey("baton", bytes([number]) * 32) for number in (1, 2, 3))
CLOCK = SystemClock()


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """Yield stores with a head by A."""
    async with opened("memory", tmp_path) as found:
        await appended(found, write("r1", 0, 1))
        await seal(found.leaves, A)
        yield found


async def rotate(stores: Stores, keys: str) -> None:
    """Do what a notary with `keys` does when it starts, and seal."""
    found = AuditKeys.parse(keys)
    await KeyRotation(stores.events, found, CLOCK).announce(await stores.leaves.head())
    await seal(stores.leaves, found.signing)


async def reason(stores: Stores, *keys: SigningKey) -> str | None:
    """Return the break that a verification with these keys finds."""
    given = tuple(one.verifier for one in keys)
    verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=given))
    return None if verdict.broken is None else verdict.broken.reason


async def test_either_key_verifies_heads_of_both(stores: Stores) -> None:
    await rotate(stores, f"{B.text} {A.text}")
    await rotate(stores, f"{B.text} {A.text}")
    await appended(stores, write("r1", 1, 2))
    await seal(stores.leaves, B)
    await rotate(stores, f"{C.text} {B.text}")
    (first, second) = await rotations_in(stores.leaves)

    assert (first.former, first.key, first.endorsed) == (A.verifier, B.verifier, True)
    assert (second.former, second.key, second.endorsed) == (B.verifier, C.verifier, True)
    for key in (A, B, C):
        assert await reason(stores, key) is None
    assert "is not signed by" in str(await reason(stores, SigningKey("baton", bytes(32))))


async def test_a_key_that_its_former_one_did_not_endorse_has_to_be_given(stores: Stores) -> None:
    await rotate(stores, f"{B.text} {A.verifier}")
    (rotation,) = await rotations_in(stores.leaves)

    assert not rotation.endorsed
    assert await reason(stores, B) is None
    assert str(await reason(stores, A)).endswith(f"is not signed by {A.verifier}")


async def test_a_writer_to_the_database_alone_can_not_rotate_the_key(stores: Stores) -> None:
    forged = RotateAuditKey(
        former=str(A.verifier),
        key=str(C.verifier),
        endorsement=C.sign(f"baton audit key\n{A.verifier}\n{C.verifier}\n").decode(),
        actor=Actor("notary", "system"),
        at=1,
    )
    await transact(stores.events, DECIDER, STREAM, forged)
    await seal(stores.leaves, A)
    await appended(stores, write("r1", 1, 2))
    await seal(stores.leaves, C)

    assert str(await reason(stores, A)).endswith(f"is not signed by {A.verifier}")


async def test_a_notary_with_another_key_records_the_rotation_before_it_seals(
    stores: Stores,
) -> None:
    keys = AuditKeys.parse(f"{B.text} {A.text}")
    rotation = KeyRotation(stores.events, keys, CLOCK)
    notary = Notary(stores.leaves, keys.signing, clock=CLOCK, rotation=rotation)
    async with in_background(notary.run()):
        await eventually(lambda: notary.position > 1)
        await notary.stop()
    (found,) = await rotations_in(stores.leaves)

    assert found.key == B.verifier
    assert await reason(stores, A) is None


async def test_without_a_rotation_no_event_is_made(stores: Stores) -> None:
    await rotate(stores, A.text)
    await rotate(stores, f"{A.text} {B.text}")

    assert await rotations_in(stores.leaves) == []


def head(position: int, key: SigningKey) -> bytes:
    at_head = TreeHead(origin="baton", size=position, root=bytes(32), position=position, at=1)
    return at_head.signed(key)


def rotation(position: int, former: SigningKey, key: SigningKey) -> Rotation:
    return Rotation(position=position, former=former.verifier, key=key.verifier, endorsed=True)


CHAIN = (rotation(10, A, B), rotation(20, B, C))


@pytest.mark.parametrize(
    ("signed", "refused"),
    [
        ([(5, A), (9, A), (10, A), (12, A), (13, B), (15, B), (20, B), (22, C)], None),
        ([(5, B)], 5),
        ([(5, A), (11, B), (12, A)], 12),
        ([(11, B), (21, A)], 21),
        ([(11, B), (21, C), (22, B)], 22),
        ([(5, C)], 5),
    ],
)
@pytest.mark.parametrize("given", [A, B, C])
def test_a_head_needs_the_key_of_its_time(
    signed: list[tuple[int, SigningKey]], refused: int | None, given: SigningKey
) -> None:
    eras = KeyEras((given.verifier,), CHAIN)
    for position, key in signed:
        if position == refused:
            with pytest.raises(BadNote):
                eras.open(head(position, key), position)
        else:
            assert eras.open(head(position, key), position).position == position


def test_keys_of_earlier_installations_stay_known() -> None:
    other: VerifierKey = SigningKey("baton", bytes(32)).verifier
    eras = KeyEras((C.verifier, other), CHAIN)
    known = SigningKey("baton", bytes(32))

    assert eras.open(head(3, known), 3).position == 3
    assert eras.open(head(5, A), 5).position == 5
    assert not eras.trusts_newest
