"""The document cache is bounded, and other documents are read from the store."""

from baton.eventlog.events.codec import decode_document
from baton.projector.batch import Batch
from baton.projector.document_cache import DocumentCache, Entry
from baton.projector.views import every_view
from tests.projector.histories import events_of
from tests.projector.projection import dump, empty_store, fold, fold_into

EVENTS = events_of(seed=5, commands=300)


def test_the_newest_entries_are_kept_within_the_capacity() -> None:
    kept = DocumentCache(capacity_bytes=100)
    entries = [Entry(n) for n in range(50)]
    for number, entry in enumerate(entries):
        kept.put(("acme", str(number)), entry, 10)

    held = [n for n in range(50) if kept.get(("acme", str(n)))]
    assert held == list(range(50 - len(held), 50))
    assert 10 <= len(held) <= 22


def test_a_discarded_entry_is_not_found() -> None:
    kept = DocumentCache()
    kept.put(("acme", "1"), Entry(1), 10)
    kept.discard(("acme", "1"))

    assert kept.get(("acme", "1")) is None


async def test_a_projector_without_a_cache_writes_the_same_rows() -> None:
    whole = await empty_store()
    await fold_into(whole, [EVENTS])
    store = await empty_store()
    batch = Batch(every_view(), position=0)
    for table in batch._tables.values():
        table._cache = DocumentCache(capacity_bytes=0)
    for event in EVENTS:
        await fold(batch, store, [event])
        await store.commit(batch.take_changes(), checkpoint=batch.position)
        batch.mark_committed()

    assert await dump(store) == await dump(whole)


async def test_a_document_in_a_commit_in_progress_is_not_read_from_the_store() -> None:
    store = await empty_store()
    batch = Batch(every_view(), position=0)
    for table in batch._tables.values():
        table._cache = DocumentCache(capacity_bytes=0)
    for event in EVENTS:
        changes, position = batch.take_changes(), batch.position
        await fold(batch, store, [event])
        await store.commit(changes, checkpoint=position)
        batch.mark_committed()
    await store.commit(batch.take_changes(), checkpoint=batch.position)

    whole = await empty_store()
    await fold_into(whole, [EVENTS])
    assert await dump(store) == await dump(whole)


async def test_a_final_document_is_not_kept_in_memory_once_written() -> None:
    store = await empty_store()
    await fold_into(store, [EVENTS])
    batch = Batch(every_view(), position=0)
    for start in range(0, len(EVENTS), 10):
        await fold(batch, store, EVENTS[start : start + 10])
        batch.take_changes()
        batch.mark_committed()

    for table in batch._tables.values():
        rows = await store.scan(table.documents.name, limit=10_000)
        documents = {
            (row.tenant, row.key): decode_document(table.documents.document, row.document)
            for row in rows
        }
        at_hand = {key for key in documents if table.in_memory(key)}
        unsettled = {key for key, one in documents.items() if not table.documents.is_final(one)}
        assert at_hand == unsettled
        assert not table.supplied
