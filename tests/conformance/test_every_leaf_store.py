"""Every leaf store: leaf blocks, tree heads, and the leaves of events by their place."""

from hashlib import sha256

from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.merkle import root_of
from baton.eventlog.ports.audit.leaf_store import (
    LEAVES_PER_BLOCK,
    LeafBlock,
    PlacedLeaf,
    SealedHead,
)
from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import OpenedStores, appended, write


def leaf(index: int) -> bytes:
    return sha256(str(index).encode()).digest()


def block(number: int, *indexes: int, first: int, last: int) -> LeafBlock:
    leaves = [leaf(index) for index in indexes]
    return LeafBlock(number, first, last, 10 * last, root_of(leaves), b"".join(leaves))


def head(size: int, position: int) -> SealedHead:
    return SealedHead(size, position, leaf(size), 10 * position, b"note\n")


async def test_an_empty_store_has_no_tree(stores: Stores) -> None:
    leaves = stores.leaves

    assert await leaves.head() is None
    assert await leaves.newest() == 0
    assert await leaves.roots() == []
    assert await leaves.blocks(first=0, limit=9) == []
    assert await leaves.block_at(5) is None
    assert await leaves.stream("acme/run/r1") == []
    assert await leaves.leaves_of([("acme/run/r1", 1)]) == {}


async def test_events_are_read_as_they_are_stored(stores: Stores) -> None:
    made = await appended(stores, write("r1", 0, 1, 2), write("r2", 0, 3))
    expected = [
        Stored(one.position, one.stream, one.version, topic_of(one.event), encode(one.event))
        for one in made.recorded
    ]

    assert await stores.leaves.events(after=0, limit=9) == expected
    assert await stores.leaves.events(after=expected[0].position, limit=1) == expected[1:2]
    assert await stores.leaves.stream("acme/run/r1") == expected[:2]
    assert await stores.leaves.newest() == expected[-1].position


async def test_blocks_grow_and_never_shrink(stores: Stores) -> None:
    short, long = block(0, 0, 1, first=1, last=3), block(0, 0, 1, 2, first=1, last=4)
    for one in (short, long, short):
        await stores.leaves.seal([one], head(len(one.hashes), one.last_position))

    assert await stores.leaves.blocks(first=0, limit=9) == [long]
    assert await stores.leaves.roots() == [long.root]
    assert long.hashes == [leaf(0), leaf(1), leaf(2)]


async def test_a_block_is_found_by_a_position_in_it_or_behind_it(stores: Stores) -> None:
    blocks = [block(0, 0, first=2, last=3), block(1, 1, first=7, last=9)]
    await stores.leaves.seal(blocks, head(2, 9))
    found = [await stores.leaves.block_at(position) for position in (1, 2, 6, 7, 99)]

    assert found == [None, blocks[0], blocks[0], blocks[1], blocks[1]]
    assert await stores.leaves.blocks(first=1, limit=1) == blocks[1:]
    assert await stores.leaves.roots() == [one.root for one in blocks]


async def test_heads_stay_until_one_is_stored_instead(stores: Stores) -> None:
    leaves = stores.leaves
    for size in (3, 5):
        await leaves.seal([], head(size, size))
    await leaves.seal([], head(5, 999))
    await leaves.seal([], head(8, 8), instead_of=5)

    assert await leaves.head() == head(8, 8)
    assert await leaves.head(3) == head(3, 3)
    assert await leaves.head(5) is None
    assert await leaves.heads(after=0, limit=9) == [head(3, 3), head(8, 8)]
    assert await leaves.heads(after=3, limit=9) == [head(8, 8)]
    assert await leaves.heads(after=0, limit=1) == [head(3, 3)]


async def test_a_leaf_is_found_by_stream_and_version(stores: Stores) -> None:
    made = (await appended(stores, write("r1", 0, 1, 2), write("r2", 0, 3, 4))).recorded
    first, last = made[0].position, made[2].position
    await stores.leaves.seal([block(0, 0, 1, 2, first=first, last=last)], head(3, last))
    found = await stores.leaves.leaves_of(
        [("acme/run/r1", 2), ("acme/run/r2", 1), ("acme/run/no", 1)]
    )

    assert found == {
        "acme/run/r1": PlacedLeaf(1, leaf(1)),
        "acme/run/r2": PlacedLeaf(2, leaf(2)),
    }
    assert await stores.leaves.leaves_of([("acme/run/r2", 2)]) == {}, "it has no leaf yet"


async def test_a_leaf_of_a_later_block_has_its_index_in_the_tree(stores: Stores) -> None:
    made = (await appended(stores, write("r1", 0, *range(LEAVES_PER_BLOCK + 2)))).recorded
    full, rest = made[:LEAVES_PER_BLOCK], made[LEAVES_PER_BLOCK:]
    blocks = [
        block(0, *range(len(full)), first=full[0].position, last=full[-1].position),
        block(1, 7, 8, first=rest[0].position, last=rest[-1].position),
    ]
    await stores.leaves.seal(blocks, head(len(made), rest[-1].position))
    found = await stores.leaves.leaves_of([("acme/run/r1", len(made))])

    assert found == {"acme/run/r1": PlacedLeaf(LEAVES_PER_BLOCK + 1, leaf(8))}


async def test_a_name_that_no_store_can_hold_has_no_events(stores: Stores) -> None:
    assert await stores.leaves.stream("no\0thing") == []


async def test_a_tree_survives_a_restart(durable: OpenedStores) -> None:
    await durable.stores.leaves.seal([block(0, 0, first=1, last=1)], head(1, 1))
    stores = await durable.reopen()

    assert await stores.leaves.head() == head(1, 1)
    assert await stores.leaves.blocks(first=0, limit=9) == [block(0, 0, first=1, last=1)]
