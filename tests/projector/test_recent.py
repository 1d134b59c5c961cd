"""What is kept at hand is bounded, and what isn't is read again."""

from projector.folding import Folding
from projector.recent import Entry, Recent
from projector.views import every_view
from tests.projector.folded import dump, fold, fold_into, prepared
from tests.projector.histories import events_of

EVENTS = events_of(seed=5, commands=300)


def test_what_was_put_last_is_kept_and_the_rest_let_go_of() -> None:
    kept = Recent(room=100)
    entries = [Entry(n) for n in range(50)]
    for number, entry in enumerate(entries):
        kept.put(("acme", str(number)), entry, 10)

    held = [n for n in range(50) if kept.get(("acme", str(n)))]
    assert held == list(range(50 - len(held), 50))
    assert 10 <= len(held) <= 22


def test_what_is_forgotten_is_not_found() -> None:
    kept = Recent()
    kept.put(("acme", "1"), Entry(1), 10)
    kept.forget(("acme", "1"))

    assert kept.get(("acme", "1")) is None


async def test_a_projector_that_keeps_nothing_at_hand_makes_the_same_rows() -> None:
    whole = await prepared()
    await fold_into(whole, [EVENTS])
    store = await prepared()
    folding = Folding(every_view(), position=0)
    for table in folding._tables.values():
        table._recent = Recent(room=0)
    for event in EVENTS:
        await fold(folding, store, [event])
        await store.commit(folding.take(), checkpoint=folding.position)
        folding.committed()

    assert await dump(store) == await dump(whole)
