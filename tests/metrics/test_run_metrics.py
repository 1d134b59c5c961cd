"""Metrics of runs and attempts, also if another process has counted the beginning of a run."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.projector.run_metrics.metrics import MAX_NAMES, OTHER, LabelValues, Metrics
from baton.projector.run_metrics.run_metrics import RunMetrics
from tests.backends.memory import open_stores
from tests.domain.random_runs import seeded_run
from tests.kit.definitions import TENANT, body, create_definition

ORDERS = (TENANT, "orders")
SEEDS = range(30)


async def stored(stores: Stores) -> Sequence[Recorded]:
    """Store a definition and random runs of it; return their events."""
    create = create_definition("d1", body(), slug="orders")
    made = DEFINITION.apply(create, DEFINITION.initial)[0]
    await stores.events.append([Write(stream=f"{TENANT}/definition/d1", expected=0, events=made)])
    found: list[Recorded] = []
    for seed in SEEDS:
        stream = stream_name(TENANT, "run", f"r{seed}")
        events = seeded_run(seed).history
        appended = await stores.events.append([Write(stream=stream, expected=0, events=events)])
        assert isinstance(appended, Appended)
        found += appended.recorded
    return found


async def counted(stores: Stores, events: Sequence[Recorded]) -> Metrics:
    metrics = RunMetrics(stores.events, stores.views, clock=SystemClock())
    await metrics.observe(events)
    return metrics.metrics


async def test_each_run_and_attempt_is_counted_once(tmp_path: Path) -> None:
    stores = await open_stores(tmp_path)
    events = await stored(stores)
    kinds = Counter(type(one.event).__name__ for one in events)

    metrics = await counted(stores, events)

    assert metrics.requested == {(*ORDERS, "manual"): len(SEEDS)}
    assert metrics.ended == {
        (*ORDERS, status): kinds[name]
        for status, name in (
            ("completed", "RunCompleted"),
            ("failed", "RunFailed"),
            ("cancelled", "RunCancelled"),
        )
    }
    assert sum(metrics.run_times[ORDERS].buckets) == sum(metrics.ended.values())
    outcomes = Counter({outcome: n for (_, outcome), n in metrics.attempts.items()})
    assert outcomes["succeeded"] == kinds["StepSucceeded"]
    assert outcomes["timed_out"] == kinds["StepTimedOut"]
    assert 0 < sum(outcomes.values()) <= kinds["StepStarted"]
    assert sum(metrics.attempt_times["f",].buckets) == sum(outcomes.values())
    assert sum(metrics.timer_lags.buckets)
    await stores.close()


async def test_a_process_that_begins_in_the_middle_counts_the_rest(tmp_path: Path) -> None:
    """Both together count what one would, and the second knows when runs and attempts began."""
    stores = await open_stores(tmp_path)
    events = await stored(stores)
    whole = await counted(stores, events)

    for cut in range(1, len(events), 97):
        first = await counted(stores, events[:cut])
        second = await counted(stores, events[cut:])

        assert first.ended + second.ended == whole.ended
        assert first.requested + second.requested == whole.requested
        assert first.attempts + second.attempts == whole.attempts
        both = first.run_times[ORDERS].sum + second.run_times[ORDERS].sum
        assert abs(both - whole.run_times[ORDERS].sum) < 1e-6
    await stores.close()


async def test_the_age_beyond_a_position_is_that_of_the_next_event(tmp_path: Path) -> None:
    stores = await open_stores(tmp_path)
    events = (await stored(stores))[:2]
    metrics = RunMetrics(stores.events, stores.views, clock=SystemClock())
    for one in events:
        await metrics.observe([one])

    before = SystemClock().now() - events[1].event.at
    age = metrics.age_beyond_ms(events[0].position)
    assert before <= age <= SystemClock().now() - events[1].event.at
    assert metrics.age_beyond_ms(events[1].position) == 0
    await stores.close()


def test_names_beyond_the_limit_share_a_label() -> None:
    names = LabelValues(OTHER)
    given = [f"f{number}" for number in range(MAX_NAMES + 5)]

    assert [names.bounded(one) for one in given] == [*given[:MAX_NAMES], *[OTHER] * 5]
    assert names.bounded("f0") == "f0"
