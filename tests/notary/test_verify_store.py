"""Verification of a store: any bit, row or order that is changed is found, and its place named."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from baton.backends.sqlite.artifacts import SqliteArtifacts
from baton.backends.sqlite.leaves.store import SqliteLeafStore
from baton.eventlog.notary.checks import folds
from baton.eventlog.notary.checks.shares import Share, Span, check_share, first_of
from baton.eventlog.notary.checks.store import Helpers, Requirements, verify_store
from baton.eventlog.notary.checks.verdict import Break, Verdict
from baton.eventlog.notary.merkle import leaf_hash, root_of
from baton.eventlog.notary.signed_head import TreeHead
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.ports.audit.leaf_store import LEAVES_PER_BLOCK
from tests.notary.mutations import mutations
from tests.notary.sealing import KEYS, opened, restore, seal, stored_history

EVENTS = stored_history(seed=5, commands=2_000)
POSITIONS = [one.position for one in EVENTS]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True, slots=True)
class Tampered:
    """A change of the database, and the positions that the verification may name first."""

    statements: Sequence[tuple[str, Sequence[Any]]]
    places: frozenset[int | None]


class Database:
    """A sealed store that tests tamper with; every change is undone."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        nothing = cast("Any", None)
        self.leaves = SqliteLeafStore(self.connection, nothing, nothing)
        self._artifacts = SqliteArtifacts(self.connection, nothing)

    def verify(
        self,
        demands: Requirements = Requirements(keys=KEYS),  # noqa: B008
        *,
        in_shares: bool = False,
    ) -> Verdict:
        helpers = Helpers(share=Share(0, 3), check=self._check_shares) if in_shares else None
        return asyncio.run(verify_store(self.leaves, self._artifacts, demands, helpers=helpers))

    async def _check_shares(self, span: Span) -> Break | None:
        found = [await check_share(self.leaves, Share(number, 3), span) for number in (1, 2)]
        return first_of(*found)

    def verdict_on(self, tampered: Tampered, *, in_shares: bool = False) -> Verdict:
        self.connection.execute("BEGIN")
        try:
            before = self.connection.total_changes
            for statement, values in tampered.statements:
                self.connection.execute(statement, values)
            if self.connection.total_changes == before:
                reject()  # the row exists already
            return self.verify(in_shares=in_shares)
        finally:
            self.connection.execute("ROLLBACK")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("sealed")
    asyncio.run(_seal(folder))
    database = Database(folder / "baton.db")
    yield database
    database.connection.close()


async def _seal(folder: Path) -> None:
    await restore("sqlite", folder, EVENTS)
    async with opened("sqlite", folder) as stores:
        await seal(stores.leaves)


def flipped(value: str | bytes, draw: Draw) -> str | bytes:
    """Return a text or bytes with one bit changed; a text stays ASCII."""
    data = bytearray(value.encode() if isinstance(value, str) else value)
    ascii_only = [at for at, byte in enumerate(data) if byte < 128]
    at = draw(st.sampled_from(ascii_only if isinstance(value, str) else range(len(data))))
    data[at] ^= 1 << draw(st.integers(0, 6 if isinstance(value, str) else 7))
    return data.decode() if isinstance(value, str) else bytes(data)


def change_an_event(database: Database, draw: Draw) -> Tampered:
    event = draw(st.sampled_from(EVENTS))
    column = draw(st.sampled_from(("originator_id", "topic", "state", "originator_version")))
    names = {"originator_id": event.stream, "topic": event.topic, "state": event.state}
    value = names.get(column, event.version)
    new = flipped(value, draw) if isinstance(value, str | bytes) else value ^ 1 << draw(BITS)
    statement = f"UPDATE OR IGNORE stored_events SET {column} = ? WHERE rowid = ?"
    return Tampered([(statement, (new, event.position))], frozenset((event.position,)))


BITS = st.integers(4, 20)


def remove_an_event(database: Database, draw: Draw) -> Tampered:
    index = draw(st.integers(0, len(EVENTS) - 1))
    following = POSITIONS[index + 1] if index + 1 < len(POSITIONS) else POSITIONS[index - 1]
    removed = ("DELETE FROM stored_events WHERE rowid = ?", (POSITIONS[index],))
    return Tampered([removed], frozenset((following,)))


def swap_two_events(database: Database, draw: Draw) -> Tampered:
    first, second = sorted(
        draw(st.lists(st.sampled_from(POSITIONS), min_size=2, max_size=2, unique=True))
    )
    move = "UPDATE stored_events SET rowid = ? WHERE rowid = ?"
    moves = [(move, (10**9, first)), (move, (first, second)), (move, (second, 10**9))]
    return Tampered(moves, frozenset((first,)))


def move_an_event(database: Database, draw: Draw) -> Tampered:
    holes = sorted(set(range(1, POSITIONS[-1])) - set(POSITIONS))
    old, new = draw(st.sampled_from(POSITIONS)), draw(st.sampled_from(holes))
    moved = ("UPDATE stored_events SET rowid = ? WHERE rowid = ?", (new, old))
    later = min((one for one in POSITIONS if one > old), default=new)
    return Tampered([moved], frozenset((min(new, later), min(new, old, later), new)))


def change_a_block(database: Database, draw: Draw) -> Tampered:
    number, first, last, _leaves = draw(
        st.sampled_from(
            database.rows("SELECT block, first_position, last_position, leaves FROM leaf_blocks")
        )
    )
    column = draw(
        st.sampled_from(("leaves", "root", "first_position", "last_position", "max_at", "block"))
    )
    ((value,),) = database.rows(f"SELECT {column} FROM leaf_blocks WHERE block = ?", number)
    new = flipped(value, draw) if isinstance(value, bytes) else value ^ 1 << draw(st.integers(0, 9))
    statement = f"UPDATE OR REPLACE leaf_blocks SET {column} = ? WHERE block = ?"
    covered = [one for one in POSITIONS if first <= one <= last]
    if column == "block":  # the block that had the number before is replaced, too
        at = LEAVES_PER_BLOCK * cast("int", new)
        covered += POSITIONS[at : at + LEAVES_PER_BLOCK]
    return Tampered([(statement, (new, number))], frozenset((None, *covered)))


def remove_a_block(database: Database, draw: Draw) -> Tampered:
    numbers = [row[0] for row in database.rows("SELECT block FROM leaf_blocks")]
    removed = ("DELETE FROM leaf_blocks WHERE block = ?", (draw(st.sampled_from(numbers)),))
    return Tampered([removed], frozenset((None, *POSITIONS)))


def change_a_head(database: Database, draw: Draw) -> Tampered:
    ((size, position),) = database.rows("SELECT size, position FROM tree_heads")
    column = draw(st.sampled_from(("size", "position", "root", "at", "note")))
    ((value,),) = database.rows(f"SELECT {column} FROM tree_heads WHERE size = ?", size)
    new = flipped(value, draw) if isinstance(value, bytes) else value ^ 1 << draw(st.integers(0, 9))
    statement = f"UPDATE tree_heads SET {column} = ? WHERE size = ?"
    return Tampered([(statement, (new, size))], frozenset((None, position, cast("int", new))))


def remove_the_head(database: Database, draw: Draw) -> Tampered:
    return Tampered([("DELETE FROM tree_heads", ())], frozenset((None,)))


TAMPER = (
    change_an_event,
    change_an_event,
    remove_an_event,
    swap_two_events,
    move_an_event,
    change_a_block,
    remove_a_block,
    change_a_head,
    remove_the_head,
)


@settings(
    max_examples=mutations(50),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.sampled_from(TAMPER), st.data())
def test_any_change_of_a_store_is_found_and_its_place_named(
    database: Database, tamper: Callable[[Database, Draw], Tampered], data: st.DataObject
) -> None:
    tampered = tamper(database, data.draw)
    in_shares = data.draw(st.booleans())
    verdict = database.verdict_on(tampered, in_shares=in_shares)

    assert verdict.broken is not None, tampered
    assert verdict.broken.position in tampered.places, (verdict.broken, tampered)


@pytest.mark.parametrize("in_shares", [False, True])
def test_an_unchanged_store_is_intact(database: Database, *, in_shares: bool) -> None:
    verdict = database.verify(in_shares=in_shares)

    assert verdict.broken is None
    assert verdict.events == verdict.sealed == len(EVENTS) > 1_024
    assert verdict.streams == len({one.stream for one in EVENTS})
    assert verdict.head is not None
    assert verdict.head.position == POSITIONS[-1]


@pytest.mark.parametrize("at", [40, 41, 42, 43])
def test_a_break_that_another_process_finds_is_named(database: Database, at: int) -> None:
    event = EVENTS[at]
    unreadable = ("UPDATE stored_events SET state = X'7B' WHERE rowid = ?", (event.position,))
    later = ("UPDATE stored_events SET state = X'7B' WHERE rowid = ?", (EVENTS[60].position,))
    found = database.verdict_on(Tampered([unreadable, later], frozenset()), in_shares=True).broken

    assert found is not None
    assert found.position == event.position
    assert found.reason.startswith("can't be read")


def broken_by(database: Database, statement: str, *values: Any) -> Break:
    found = database.verdict_on(Tampered([(statement, values)], frozenset())).broken
    assert found is not None
    return found


def test_each_break_describes_its_damage(database: Database) -> None:
    event = EVENTS[40]
    place = f"{event.stream} version {event.version} at {event.position}: "
    changed = "UPDATE stored_events SET {} WHERE rowid = ?"
    at = event.position
    state = event.state[:-1] + b" }"

    assert str(broken_by(database, changed.format("state = ?"), state, at)) == (
        f"{place}its content differs from its leaf"
    )
    assert str(broken_by(database, changed.format("state = X'7B'"), at)).startswith(
        f"{place}can't be read"
    )
    assert str(broken_by(database, changed.format("state = '{}'"), at)) == (
        f"{place}it has columns of other types"
    )
    assert str(broken_by(database, changed.format("topic = 'run.Unknown'"), at)).startswith(place)
    assert "skips from version" in str(
        broken_by(database, changed.format("originator_version = 99"), at)
    )


def test_the_event_behind_a_missing_one_is_named(database: Database) -> None:
    index = next(
        at
        for at, (one, following) in enumerate(itertools.pairwise(EVENTS))
        if one.stream != following.stream and at > 10
    )
    found = broken_by(database, "DELETE FROM stored_events WHERE rowid = ?", POSITIONS[index])

    assert found.position == POSITIONS[index + 1]
    assert found.reason == "an event before it is missing"


def test_events_cut_off_the_end_are_counted(database: Database) -> None:
    found = broken_by(database, "DELETE FROM stored_events WHERE rowid > ?", POSITIONS[-4])

    assert str(found) == f"position {POSITIONS[-4]}: 3 events are missing after it"


def test_a_log_cut_with_its_tree_is_found_by_a_head_that_was_kept(database: Database) -> None:
    kept = database.verify().head
    assert kept is not None
    shorter = [
        ("DELETE FROM stored_events WHERE rowid > ?", (POSITIONS[700],)),
        ("DELETE FROM leaf_blocks", ()),
        ("DELETE FROM tree_heads", ()),
    ]
    database.connection.execute("BEGIN")
    for statement, values in shorter:
        database.connection.execute(statement, values)
    alone, beside = database.verify(), database.verify(Requirements(keys=KEYS, since=kept))
    database.connection.execute("ROLLBACK")

    assert alone.broken is None, "nothing on the machine shows it"
    assert alone.sealed == 0
    assert str(beside.broken) == (
        f"the log has 701 events, and the head that was given has {len(EVENTS)}"
    )


@pytest.mark.parametrize("size", [1, 700, 1_024, len(EVENTS)])
async def test_the_log_begins_with_each_older_head(database: Database, size: int) -> None:
    leaves = [
        leaf for block in await database.leaves.blocks(first=0, limit=9) for leaf in block.hashes
    ]
    head = older_head(leaves[:size])
    verdicts = [
        await verify_store(database.leaves, cast("Any", None), Requirements(keys=KEYS, since=since))
        for since in (head, older_head([*leaves[: size - 1], leaf_hash(b"")]))
    ]

    assert verdicts[0].broken is None
    assert str(verdicts[1].broken) == (
        f"the log doesn't begin with the head of {size} that was given"
    )


def older_head(leaves: list[bytes]) -> TreeHead:
    return TreeHead(origin="baton", size=len(leaves), root=root_of(leaves), position=1, at=1)


def test_heads_by_another_key_are_refused(database: Database) -> None:
    other = SigningKey("baton", bytes(32)).verifier
    found = database.verify(Requirements(keys=(other,))).broken

    assert found is not None
    assert found.reason == f"the head of {len(EVENTS)} is not signed by {other}"
    assert database.verify(Requirements()).broken is None, "without a key signatures aren't checked"


def test_a_verification_may_begin_later(database: Database) -> None:
    first = POSITIONS[1_100]
    verdict = database.verify(Requirements(keys=KEYS, first=first))
    early = Tampered(
        [("UPDATE stored_events SET topic = 'x' WHERE rowid = ?", (POSITIONS[5],))], frozenset()
    )

    assert verdict.broken is None
    assert verdict.events == verdict.sealed == len(EVENTS) - 1_024
    assert not verdict.complete
    assert database.verdict_on(early).broken is not None


def test_streams_whose_states_were_dropped_are_folded_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "OPEN_STREAMS", 3)
    folded: list[str] = []
    apply = folds.Folds.apply

    def counted(self: folds.Folds, decider: Any, stream: str, *event: Any) -> str | None:
        folded.append(stream)
        return apply(self, decider, stream, *event)

    monkeypatch.setattr(folds.Folds, "apply", counted)

    assert database.verify().broken is None
    assert len(folded) > len(EVENTS)


async def test_an_artifact_that_is_missing_is_named(tmp_path: Path) -> None:
    events = stored_history(seed=3, commands=300, artifacts=True)
    (naming, *_) = [one for one in events if one.state.startswith(b'{"artifacts":[')]
    await restore("sqlite", tmp_path, events)
    async with opened("sqlite", tmp_path) as stores:
        await seal(stores.leaves)
        verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=KEYS))

    assert verdict.broken is not None
    assert verdict.broken.position == naming.position
    assert "is missing" in verdict.broken.reason


async def test_a_store_without_a_tree_is_checked_for_order_alone(tmp_path: Path) -> None:
    await restore("sqlite", tmp_path, EVENTS)
    async with opened("sqlite", tmp_path) as stores:
        verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=KEYS))

    assert verdict.broken is None
    assert (verdict.events, verdict.sealed, verdict.head) == (len(EVENTS), 0, None)
