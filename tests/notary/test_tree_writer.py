"""The writer of the tree: always the same leaves, and a broken tree is not extended."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from baton.eventlog.clock import SystemClock
from baton.eventlog.failpoints import CRASHED
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.notary import derivation, tree_writer
from baton.eventlog.notary.anchors import FileAnchor
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.notary.event_time import time_of
from baton.eventlog.notary.leaf import NO_LEAF, LastLeaves, leaf_of
from baton.eventlog.notary.merkle import root_of
from baton.eventlog.notary.notary import Notary
from baton.eventlog.notary.signed_head import open_head
from baton.eventlog.notary.tree_writer import resume_tree
from baton.eventlog.ports.audit.leaf_store import TreeBroken
from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import appended, write
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.notary.sealing import KEY, KEYS, all_blocks, opened, restore, seal, stored_history

EVENTS = stored_history(seed=11, commands=1_100)
ROOT = Path(__file__).parents[2]


def expected_leaves() -> Iterator[bytes]:
    """Yield the leaves of `EVENTS`, straight from the definition."""
    last: dict[str, bytes] = {}
    for event in EVENTS:
        last[event.stream] = leaf_of(event, last.get(event.stream, NO_LEAF))
        yield last[event.stream]


LEAVES = list(expected_leaves())


@pytest.fixture(params=["sqlite", "postgres"])
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    await restore(request.param, tmp_path, EVENTS)
    return str(request.param)


async def test_backends_sign_the_same_head_for_the_same_events(
    backend: str, tmp_path: Path
) -> None:
    async with opened(backend, tmp_path) as stores:
        await seal(stores.leaves)
        head = await stores.leaves.head()
        blocks = await all_blocks(stores.leaves)
        verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=KEYS))

    assert head is not None
    assert len(EVENTS) > 1_024, "one block isn't enough"
    assert [leaf for block in blocks for leaf in block.hashes] == LEAVES
    assert head.root == root_of(LEAVES)
    signed = open_head(head.note, KEYS)
    assert (signed.size, signed.position) == (len(EVENTS), EVENTS[-1].position)
    assert signed.at == max(time_of(event.state) for event in EVENTS)
    assert verdict.broken is None
    assert (verdict.events, verdict.sealed, verdict.complete) == (len(EVENTS), len(EVENTS), True)


async def test_a_writer_that_resumes_and_remembers_little_makes_the_same_leaves(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivation, "CHUNK", 60)
    monkeypatch.setattr(tree_writer, "EVENTS_PER_SEAL", 380)
    monkeypatch.setattr(derivation, "LastLeaves", lambda: LastLeaves(100))
    sealed = 1
    while sealed:
        async with opened(backend, tmp_path) as stores:
            sealed = await (await resume_tree(stores.leaves, KEY)).seal()
    async with opened(backend, tmp_path) as stores:
        blocks = await all_blocks(stores.leaves)
        verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=KEYS))

    assert [leaf for block in blocks for leaf in block.hashes] == LEAVES
    assert verdict.broken is None
    assert verdict.heads > 1


@pytest.mark.parametrize("failpoint", ["before-seal", "after-seal"])
async def test_a_crash_while_sealing_changes_no_leaf(failpoint: str, tmp_path: Path) -> None:
    await restore("sqlite", tmp_path, EVENTS)
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    for nth in (1, 2):
        crashing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.notary.crash_while_sealing", str(tmp_path)),
            env={**os.environ, "PYTHONPATH": paths, "BATON_FAILPOINT": f"{failpoint}:{nth}"},
            cwd=ROOT,
        )
        assert await crashing.wait() == CRASHED
    async with opened("sqlite", tmp_path) as stores:
        await seal(stores.leaves)
        blocks = await all_blocks(stores.leaves)
        verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=KEYS))

    assert [leaf for block in blocks for leaf in block.hashes] == LEAVES
    assert verdict.broken is None


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with opened("memory", tmp_path) as found:
        yield found


async def test_a_tree_that_was_not_signed_is_not_extended(stores: Stores) -> None:
    await appended(stores, write("r1", 0, 1, 2))
    await seal(stores.leaves)
    (block,) = await all_blocks(stores.leaves)
    head = await stores.leaves.head()
    assert head is not None
    longer = block._replace(leaves=block.leaves + NO_LEAF)
    await stores.leaves.seal([longer], head)

    with pytest.raises(TreeBroken, match="don't lead to the head of 2"):
        await resume_tree(stores.leaves, KEY)


async def test_leaves_without_a_head_are_not_extended(stores: Stores) -> None:
    await appended(stores, write("r1", 0, 1))
    await seal(stores.leaves)
    head = await stores.leaves.head()
    assert head is not None
    await stores.leaves.seal([], head, instead_of=head.size)

    with pytest.raises(TreeBroken, match="without a signed head"):
        await resume_tree(stores.leaves, KEY)


async def test_of_the_heads_of_a_minute_one_stays(stores: Stores) -> None:
    writer = await resume_tree(stores.leaves, KEY)
    for version, at in enumerate((0, 10, 20, 70_000, 80_000)):
        await appended(stores, write("r1", version, at))
        await writer.seal()

    heads = await stores.leaves.heads(after=0, limit=9)
    assert [head.size for head in heads] == [1, 4, 5]


async def test_the_notary_seals_arriving_events_and_the_last_ones_at_its_stop(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.eventlog.notary.notary.PACE_MS", 5)
    anchor = FileAnchor(tmp_path / "heads")
    notary = Notary(stores.leaves, KEY, clock=SystemClock(), anchors=[anchor])
    async with in_background(notary.run()):
        await appended(stores, write("r1", 0, 1))
        await eventually(lambda: notary.position == 1)
        await appended(stores, write("r1", 1, 2))
        await notary.stop()
        head = await stores.leaves.head()

    assert notary.sealed == 2
    assert head is not None
    assert head.position == 2
    assert (tmp_path / "heads").read_bytes().endswith(head.note)


async def test_one_notary_works_at_a_time(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baton.eventlog.notary.notary.PACE_MS", 5)
    monkeypatch.setattr("baton.eventlog.loops.leader_election.CANDIDATE_MS", 5)
    clock = SystemClock()
    first, second = (
        Notary(
            stores.leaves,
            KEY,
            clock=clock,
            leader=Leader(stores.leases, "notary", holder=name, clock=clock),
        )
        for name in ("a", "b")
    )
    async with in_background(first.run(), second.run()):
        await eventually(lambda: first.working or second.working)
        leading, waiting = (first, second) if first.working else (second, first)
        await appended(stores, write("r1", 0, 1))
        await eventually(lambda: leading.position == 1)
        assert not waiting.working
        await leading.stop()
        await appended(stores, write("r1", 1, 2))
        await eventually(lambda: waiting.position == 2)
        await waiting.stop()


async def test_a_notary_with_a_broken_tree_logs_the_break_and_waits(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    await appended(stores, write("r1", 0, 1))
    await seal(stores.leaves)
    head = await stores.leaves.head()
    assert head is not None
    await stores.leaves.seal([], head._replace(size=2))
    notary = Notary(stores.leaves, KEY, clock=SystemClock())
    async with in_background(notary.run()):
        await eventually(lambda: notary.broken is not None)
        await notary.stop()

    assert "baton audit verify" in caplog.text


@pytest.mark.parametrize(
    ("state", "at"),
    [
        (b'{"at":5}', 5),
        (b'{"at":1799999999999}', 1_799_999_999_999),
        (b'{"input":{"at":1799999999999},"at":5}', 5),
        (b'{"at":1799999999999.5}', 0),
        (b'{"input":{"at":9},"at":5}', 5),
        (b'{"at":"5"}', 0),
        (b'{"at":99999999999999999}', 0),
        (b"{}", 0),
        (b"[1]", 0),
        (b"{", 0),
    ],
)
def test_the_time_of_an_event_is_its_own(state: bytes, at: int) -> None:
    assert time_of(state) == at
