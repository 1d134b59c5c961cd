"""Bulks: each run gets one outcome per round, a report counts once, and a stop is settled."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given as for_any
from hypothesis import strategies as st

from baton.domain.artifact import Artifact
from baton.domain.bulk.chunks import RUNS_PER_CHUNK, place_of, split
from baton.domain.bulk.decisions import DECIDER, MAX_ITEMS, MAX_RUNS
from baton.domain.bulk.messages import (
    BulkCompleted,
    BulkProgressed,
    BulkRequested,
    BulkRetried,
    BulkStopped,
    BulkStopRequested,
    Item,
    Outcome,
    ReportItems,
    RequestBulk,
    RetryBulk,
    StopBulk,
)
from baton.domain.bulk.state import State, Tally
from baton.domain.json import JsonObject
from tests.domain.specification import given
from tests.kit.actors import ANN, BOB

CHUNKS: JsonObject = {"0": Artifact("a" * 64, 40)}
REQUEST = RequestBulk(
    tenant="acme",
    bulk_id="b1",
    action="cancel",
    args={"reason": "enough"},
    filter={"status": ["failed"]},
    chunks=CHUNKS,
    count=3,
    position=7,
    per_second=2,
    actor=ANN,
    at=10,
)
REQUESTED = BulkRequested(
    tenant="acme",
    bulk_id="b1",
    action="cancel",
    args={"reason": "enough"},
    filter={"status": ["failed"]},
    chunks=CHUNKS,
    count=3,
    position=7,
    per_second=2,
    actor=ANN,
    at=10,
)
DONE: list[Outcome] = ["done"] * MAX_ITEMS
STOP, STOPPING = StopBulk(actor=BOB, at=30), BulkStopRequested(actor=BOB, at=30)
RETRY = RetryBulk(chunks=CHUNKS, count=1, actor=BOB, at=40)
RETRIED = BulkRetried(chunks=CHUNKS, count=1, actor=BOB, at=40)


def items(*outcomes: Outcome) -> tuple[Item, ...]:
    return tuple(Item(run_id=f"r{at}", outcome=one) for at, one in enumerate(outcomes))


def report(first: int, *outcomes: Outcome, turn: int = 1) -> ReportItems:
    through = first + len(outcomes)
    return ReportItems(round=turn, first=first, through=through, items=items(*outcomes), at=20)


def progressed(through: int, *outcomes: Outcome, turn: int = 1) -> BulkProgressed:
    return BulkProgressed(round=turn, through=through, items=items(*outcomes), at=20)


def test_a_bulk_is_requested_once() -> None:
    given(DECIDER).when(REQUEST).then(REQUESTED).when(REQUEST).then_nothing()


def test_a_bulk_without_runs_completes_at_once() -> None:
    empty = replace(REQUEST, count=0, chunks={})

    given(DECIDER).when(empty).then_ends_with(BulkCompleted(at=10))


def test_a_bulk_of_too_many_runs_or_with_a_rate_out_of_range_is_refused() -> None:
    wrong = replace(REQUEST, count=MAX_RUNS + 1, per_second=0)

    refused = given(DECIDER).when(wrong).then_refused("validation_error")
    named = given(DECIDER).when(replace(wrong, filter=None)).then_refused("validation_error")

    assert [fault.place for fault in refused.faults] == ["filter", "perSecond"]
    assert [fault.place for fault in named.faults] == ["ids", "perSecond"]


def test_reports_complete_a_bulk_and_count_once() -> None:
    running = given(DECIDER, REQUESTED).when(report(0, "done", "refused"))

    after = running.then(progressed(2, "done", "refused"))
    after.when(report(0, "done", "refused")).then_nothing()
    ended = after.when(report(2, "failed")).then(progressed(3, "failed"), BulkCompleted(at=20))
    ended.when(report(3, "done")).then_nothing()

    assert ended.state.tally == Tally(done=1, refused=1, failed=1)
    assert (ended.state.status, ended.state.active) == ("completed", False)


def test_reports_out_of_order_or_beyond_the_end_decide_nothing() -> None:
    bulk = given(DECIDER, REQUESTED)

    bulk.when(report(1, "done")).then_nothing()
    bulk.when(report(0)).then_nothing()
    bulk.when(report(0, "done", "done", "done", "done")).then_nothing()
    bulk.when(report(0, "done", turn=2)).then_nothing()


def test_a_report_of_more_items_than_an_event_may_have_is_refused() -> None:
    many = given(DECIDER, replace(REQUESTED, count=MAX_ITEMS + 1))

    many.when(report(0, *DONE, "done")).then_refused("validation_error")
    many.when(report(0, *DONE)).then_ends_with(progressed(MAX_ITEMS, *DONE))


def test_a_stopped_bulk_records_what_was_under_way() -> None:
    stopping = given(DECIDER, REQUESTED).when(STOP).then(STOPPING)
    stopping.when(STOP).then_nothing()

    stopped = stopping.when(report(0, "done")).then(progressed(1, "done"), BulkStopped(at=20))

    stopped.when(STOP).then_nothing()
    stopped.when(report(1, "done")).then_nothing()
    assert stopped.state.status == "stopped"
    stopping.when(report(0)).then(BulkStopped(at=20))


def test_a_settled_stop_may_name_fewer_runs_than_were_under_way() -> None:
    stopping = given(DECIDER, REQUESTED, STOPPING)
    found = replace(report(0, "done"), through=3)

    stopping.when(found).then(progressed(3, "done"), BulkStopped(at=20))


def test_only_a_running_bulk_is_stopped() -> None:
    completed = given(DECIDER, REQUESTED, BulkCompleted(at=20))

    completed.when(STOP).then_refused("conflict", reason="bulk_ended")
    given(DECIDER).when(STOP).then_refused("not_found")


def test_failed_runs_are_tried_again_and_replace_their_outcome() -> None:
    ended = given(DECIDER, REQUESTED, progressed(3, "done", "failed", "refused"))
    ended = ended.after(replace(STOP, at=21), report(3))

    again = ended.when(RETRY).then(RETRIED)
    again.when(report(0, "done")).then_nothing()  # of the first round
    done = again.when(report(0, "done", turn=2)).then(
        progressed(1, "done", turn=2), BulkCompleted(at=20)
    )

    assert again.state.tally == Tally(done=1, failed=1, refused=1)
    assert done.state.tally == Tally(done=2, refused=1)
    assert (done.state.total, done.state.round) == (3, 2)


def test_a_bulk_is_retried_after_its_end_and_for_all_of_its_failed_runs() -> None:
    running = given(DECIDER, REQUESTED)
    well = given(DECIDER, REQUESTED, progressed(3, "done", "done", "refused"), BulkCompleted(at=20))
    failed = given(
        DECIDER, REQUESTED, progressed(3, "failed", "failed", "failed"), BulkCompleted(at=20)
    )

    running.when(RETRY).then_refused("conflict", reason="bulk_unfinished")
    well.when(RETRY).then_refused("conflict", reason="bulk_without_failures")
    failed.when(RETRY).then_refused("conflict", reason="contention")


OUTCOMES = st.sampled_from(("done", "unchanged", "refused", "failed"))


@for_any(st.lists(OUTCOMES, min_size=1, max_size=30), st.data())
def test_any_batches_give_each_run_one_outcome(
    outcomes: Sequence[Outcome], data: st.DataObject
) -> None:
    bulk = given(DECIDER, replace(REQUESTED, count=len(outcomes)))
    state: State = bulk.state
    while state.active:
        size = data.draw(st.integers(1, 7))
        one = report(state.next, *outcomes[state.next : state.next + size])
        bulk = bulk.after(one, one)  # as from two leaders
        state = bulk.state

    expected = {name: outcomes.count(name) for name in ("done", "unchanged", "refused", "failed")}
    assert state.tally == Tally(**expected)
    assert state.tally.treated == state.total == len(outcomes)
    if expected["failed"]:
        retry = replace(RETRY, count=expected["failed"])
        again = report(0, *DONE[: expected["failed"]], turn=2)
        state = bulk.after(retry, again).state
        assert (state.tally.failed, state.tally.treated) == (0, len(outcomes))
        assert state.status == "completed"


def test_chunks_hold_the_runs_in_order() -> None:
    ids = [str(number) for number in range(2 * RUNS_PER_CHUNK + 1)]

    chunks = dict(split(ids))

    assert [len(chunk) for chunk in chunks.values()] == [RUNS_PER_CHUNK, RUNS_PER_CHUNK, 1]
    for index in (0, RUNS_PER_CHUNK - 1, RUNS_PER_CHUNK, 2 * RUNS_PER_CHUNK):
        name, place = place_of(index)
        assert chunks[name][place] == ids[index]
