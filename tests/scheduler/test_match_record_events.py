"""Record events start each matching definition once, as of their position in the log."""

import asyncio
from random import Random

import pytest
from eventsourcing.persistence import StoredEvent

from baton.domain.actor import Actor
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.state import State
from baton.domain.definition.trigger import EventTrigger, ManualTrigger
from baton.domain.record.matching import MATCHED, match
from baton.domain.record.messages import RecordReceived, TriggersConsidered
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import ByRecord
from baton.domain.stream import stream_name
from baton.eventlog import feed
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.load import StreamState
from baton.scheduler.metrics import Counters
from baton.scheduler.records.match_record_events import (
    NAME,
    SAVE_EVERY_MS,
    RecordMatcher,
)
from baton.scheduler.records.matched_records import STREAMS_PER_APPEND
from baton.scheduler.records.triggers import MAX_NAMED_SKIPPED, Triggers
from tests.kit.definitions import body, create_definition
from tests.kit.eventually import eventually
from tests.scheduler.world import Unreliable, World

ON_ORDER = EventTrigger(event_type="record.created", structure="orders")
ON_ANY = EventTrigger(event_type="record.created")


def matcher_of(world: World, **members) -> RecordMatcher:
    return RecordMatcher(world.stores, clock=world.clock, **members)


async def match_all(world: World) -> RecordMatcher:
    """Handle the whole log as one batch."""
    matcher = matcher_of(world)
    await matcher.handle(await world.log())
    return matcher


async def test_a_record_event_starts_every_definition_with_a_matching_trigger(world):
    await world.define("a", ON_ORDER)
    await world.define("b", ON_ANY)
    await world.send("e1")

    await match_all(world)

    assert sorted(await world.started()) == ["a", "b"]


@pytest.mark.parametrize(
    "event", [{"event_type": "record.updated"}, {"slug": "invoices"}, {"tenant": "other"}]
)
async def test_another_type_structure_or_tenant_starts_no_run(world, event):
    await world.define("a", ON_ORDER)
    await world.send("e1", **event)

    await match_all(world)

    assert await world.started() == []


async def test_the_run_has_the_payload_and_the_record_event_that_started_it(world):
    await world.define("a", ON_ORDER)
    await world.send("e1", data={"total": 5})

    await match_all(world)

    [run] = await world.events(RunRequested)
    assert run.input == {
        "event": "record_created",
        "workspaceSlug": "acme",
        "recordSlug": "orders",
        "recordId": "rec-e1",
        "data": {"total": 5},
    }
    assert run.trigger == ByRecord(
        event_type="record.created", structure="orders", record_id="rec-e1", event_id="e1"
    )
    assert (run.actor, run.version) == (Actor("shop", "event"), 1)


async def test_an_event_that_is_matched_again_starts_no_further_run(world):
    await world.define("a", ON_ORDER)
    await world.define("b", EventTrigger(event_type="record.created", structure="invoices"))
    await world.send("e1")

    await match_all(world)
    before = await world.store.head()
    await match_all(world)

    assert await world.store.head() == before


async def test_the_same_event_id_from_two_sources_makes_two_events(world):
    await world.define("a", ON_ORDER)
    await world.send("1", source="shop")
    await world.send("1", source="till")

    await match_all(world)

    assert await world.started() == ["a", "a"]


async def test_the_reason_of_a_skipped_trigger_is_recorded_with_the_event(world):
    await world.define("fires", ON_ORDER)
    await world.define("paused", ON_ORDER, status="paused")
    await world.define("draft", ON_ANY, status="draft")
    await world.define("elsewhere", EventTrigger(event_type="record.created", structure="bills"))
    await world.define("unasked", EventTrigger(event_type="record.deleted"))
    stream = await world.send("e1")

    await match_all(world)

    [run] = await world.events(RunRequested)
    [considered] = await world.events(TriggersConsidered, stream=stream)
    assert considered.fired == (("fires", run.run_id),)
    assert dict(considered.skipped) == {
        "paused": "the definition is paused",
        "draft": "the definition is draft",
        "elsewhere": "the trigger is for structure 'bills'",
    }


async def test_no_skipped_triggers_are_recorded_if_every_trigger_fires(world):
    await world.define("a", ON_ORDER)
    await world.send("e1")

    await match_all(world)

    assert await world.events(TriggersConsidered) == []


async def test_skipped_triggers_beyond_the_limit_are_counted(world):
    for number in range(MAX_NAMED_SKIPPED + 7):
        await world.define(f"d{number}", ON_ORDER, status="paused")
    await world.send("e1")

    await match_all(world)

    [considered] = await world.events(TriggersConsidered)
    assert len(considered.skipped) == MAX_NAMED_SKIPPED + 1
    assert considered.skipped[-1] == ("*", "and 7 more, not named here")


async def test_an_event_is_matched_against_the_definitions_at_its_position(world):
    await world.define("early", ON_ORDER)
    await world.define("deleted", ON_ORDER)
    await world.define("turned", ON_ORDER)
    await world.send("e1")
    await world.update("early", name="renamed")
    await world.delete("deleted")
    await world.update("turned", trigger=ManualTrigger())
    await world.define("late", ON_ORDER)

    await match_all(world)

    assert sorted(await world.started()) == ["deleted", "early", "turned"]
    assert {run.version for run in await world.events(RunRequested)} == {1}


async def test_a_view_ahead_of_the_log_follower_does_not_change_a_match(world):
    await world.define("changed", ON_ORDER)
    await world.define("same", ON_ANY)
    matcher = matcher_of(world)
    await matcher.handle(await world.log())
    await matcher.save()
    await world.send("e1")
    await world.update("changed", status="paused")
    await world.define("late", ON_ORDER)
    await world.project()

    restarted = matcher_of(world)
    task = asyncio.create_task(restarted.run())
    await eventually(lambda: _is(world.started(), 2), every_s=0)
    task.cancel()

    assert sorted(await world.started()) == ["changed", "same"]


async def test_a_view_that_lags_does_not_hide_a_definition(world):
    await world.project()
    await world.define("a", ON_ORDER)
    matcher = await match_all(world)
    await matcher.save()
    await world.send("e1")

    restarted = matcher_of(world)
    task = asyncio.create_task(restarted.run())
    await eventually(lambda: _is(world.started(), 1), every_s=0)
    task.cancel()


async def test_changes_of_definitions_take_effect_in_the_order_of_the_log(world):
    await world.define("a", ON_ORDER)
    await world.send("1")
    await world.update("a", status="paused")
    await world.send("2")
    await world.update("a", status="active", trigger=ON_ANY)
    await world.send("3", slug="bills")
    await world.update("a", trigger=ManualTrigger())
    await world.send("4")
    await world.update("a", trigger=ON_ORDER)
    await world.send("5")
    await world.delete("a")
    await world.send("6")

    await match_all(world)

    started = await world.events(RunRequested)
    assert [(run.trigger.event_id, run.version) for run in started] == [
        ("1", 1),
        ("3", 3),
        ("5", 5),
    ]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("fail_on", [1, 2, 3])
async def test_a_failure_at_any_append_loses_and_repeats_no_run(world, fail_on, written):
    await world.define("a", ON_ORDER)
    await world.define("b", ON_ORDER, status="paused")
    for number in range(STREAMS_PER_APPEND):
        await world.send(f"before-{number}")
    await world.update("b", status="active")
    for number in range(STREAMS_PER_APPEND // 2):
        await world.send(f"after-{number}")
    log = await world.log()
    broken = world.on(Unreliable(world.store, fail_on=fail_on, written=written))
    matcher = matcher_of(broken)
    await matcher.handle(log[:1])

    with pytest.raises(Unavailable):
        await matcher.handle(log)
    await matcher.handle(log)

    started = sorted(await world.started())
    assert started == ["a"] * (STREAMS_PER_APPEND + STREAMS_PER_APPEND // 2) + ["b"] * (
        STREAMS_PER_APPEND // 2
    )
    assert len(await world.events(TriggersConsidered)) == STREAMS_PER_APPEND


async def test_two_concurrent_matchers_start_each_run_once(world):
    await world.define("a", ON_ORDER)
    await world.define("b", ON_ORDER, status="draft")
    for number in range(50):
        await world.send(str(number))

    await asyncio.gather(match_all(world), match_all(world))

    assert await world.started() == ["a"] * 50
    assert len(await world.events(TriggersConsidered)) == 50


async def test_the_checkpoint_is_saved_once_a_second(world):
    await world.define("a", ON_ORDER)
    matcher = matcher_of(world)
    await matcher.handle(await world.log())
    first = await world.stores.checkpoints.load(NAME)
    await world.send("e1")
    await matcher.handle(await world.log())

    assert first == 1
    assert await world.stores.checkpoints.load(NAME) == first

    await world.clock.advance(SAVE_EVERY_MS)
    await world.send("e2")
    log = await world.log()
    await matcher.handle(log)

    assert await world.stores.checkpoints.load(NAME) == log[-1].position


async def test_an_event_whose_run_cannot_be_written_does_not_block_others(world):
    data: object = "deep"
    for _ in range(253):  # a run holds it one level deeper, which is one too many
        data = [data]
    await world.define("a", ON_ORDER)
    stream = await world.send("deep", data=data)
    await world.send("flat")

    await match_all(world)

    [run] = await world.events(RunRequested)
    assert run.trigger.event_id == "flat"
    [considered] = await world.events(TriggersConsidered, stream=stream)
    assert considered.skipped[0][0] == "a"


async def test_matches_are_counted(world):
    await world.define("a", ON_ORDER)
    await world.define("b", ON_ORDER, status="paused")
    await world.send("e1")
    counters = Counters()
    matcher = matcher_of(world, counters=counters)

    await matcher.handle(await world.log())

    assert (counters.records_considered, counters.runs_requested) == (1, 1)
    assert counters.triggers_skipped == 1


async def _is(found, size):
    return len(await found) == size


async def test_the_scheduler_starts_and_skips_the_runs_of_the_matcher(world):
    """10,000 random pairs of a definition and an event."""
    random = Random(7)
    kinds, structures = ("record.created", "record.updated"), ("orders", "bills", None)
    statuses = ("active", "active", "paused", "draft")
    triggers, definitions = Triggers(world.store), {}
    for number in range(100):
        trigger = EventTrigger(event_type=random.choice(kinds), structure=random.choice(structures))
        content = body(trigger=trigger, status=random.choice(statuses), name=f"d{number}")
        made = DEFINITION.fold(DEFINITION.decide(create_definition(f"d{number}", content), State()))
        definitions[f"d{number}"] = content
        triggers.put(stream_name("acme", "definition", f"d{number}"), StreamState(made, 1))

    for number in range(100):
        event = RecordReceived(
            event_id=str(number),
            source="shop",
            type=random.choice(kinds),
            tenant="acme",
            structure=random.choice(("orders", "bills")),
            record_id="1",
            data=None,
            time=1,
            at=1,
        )
        decided = triggers.match("acme", event)
        said = {of: match(one, event.type, event.structure) for of, one in definitions.items()}
        others = {of for of, one in said.items() if getattr(one, "field", "type") != "type"}

        assert {one.definition_id for one in decided.fire} == {
            of for of, one in said.items() if one is MATCHED
        }
        assert {of for of, _ in decided.skipped} == others


async def test_each_event_trigger_of_a_definition_starts_it_once_for_each_event(world):
    paid = EventTrigger(event_type="order.paid")
    await world.define("a", ON_ORDER, more_triggers=(paid, ON_ANY))
    await world.send("e1")
    await world.send("e2", event_type="order.paid", slug="")
    await world.send("e3", event_type="order.lost", slug="")

    await match_all(world)

    assert await world.started() == ["a", "a"]


async def test_a_definition_follows_its_event_triggers_as_they_change(world):
    paid = EventTrigger(event_type="order.paid")
    await world.define("a", ON_ORDER, more_triggers=(paid,))
    await world.update("a", trigger=paid, more_triggers=())
    await world.send("e1")
    await world.send("e2", event_type="order.paid", slug="")
    await world.update("a", trigger=ON_ANY, more_triggers=(ON_ORDER,))
    await world.send("e3", event_type="order.paid", slug="")

    await match_all(world)

    assert await world.started() == ["a"]


async def test_events_of_other_classes_are_not_decoded_to_catch_up(world, monkeypatch):
    monkeypatch.setattr(feed, "RECENT_BYTES", 1)
    await world.define("a", ON_ORDER)
    unreadable = StoredEvent("acme/run/r1", 1, "run.EventOfALaterRelease", b"{}")
    world.store.recorder.insert_events([unreadable])
    await world.send("e1")
    counters = Counters()
    matching = asyncio.create_task(matcher_of(world, counters=counters).run())

    await eventually(lambda: counters.runs_requested == 1)
    matching.cancel()
