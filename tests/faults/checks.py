"""Runs every checker over the log, the topic, the side-effect log and the history."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tests.faults import checkers
from tests.faults import distributed_checkers as distributed
from tests.faults.environment import Environment
from tests.faults.event_log import Log, runs_of
from tests.faults.side_effect_log import read_side_effects
from tests.kit.eventually import eventually

SETTLE_S = 60.0
BOUND_S = 90.0
"""After the last fault, every accepted run ends within this time."""
LAG_S = 30.0
"""After the last run, the relay and the projector reach the end of the log within this time."""

Findings: TypeAlias = Mapping[str, list[str]]
"""The violations that each checker found, by the checker's name."""


async def settle_and_check(env: Environment) -> Findings:
    """End all faults, let every run end, stop the services, and run every checker."""
    env.heal()
    await env.supervisor.wait_until_all_ready(within_s=SETTLE_S)
    await env.load.settle(within_s=SETTLE_S, wiped=env.wiped)
    events = sum(map(len, env.load.events.values()))
    await env.cluster.wait_until_started_by_events(events, bound_s=BOUND_S)
    counts, head = await _final_counts(env)
    open_transactions = await env.cluster.idle_in_transaction()
    await env.supervisor.stop()
    exit_codes = await env.cluster.stop()
    return {
        **await check_all(env, head),
        "views show every run": _check_counts(_begun(await env.cluster.events(), head), counts),
        "views equal a rebuild": await _check_rebuild(env),
        "services stop cleanly": [f"{name}: {code}" for name, code in exit_codes.items() if code],
        "no transaction stays open": [f"{open_transactions} are"] if open_transactions else [],
    }


async def _final_counts(env: Environment) -> tuple[Mapping[str, int], int]:
    """Count the runs by status once nothing changes; return the counts and the log's head then.

    A tick may start a run meanwhile, or after it.
    """
    counts: dict[str, int] = {}
    head = 0

    async def are_final() -> bool:
        nonlocal head
        await env.cluster.wait_until_all_ended(bound_s=BOUND_S)
        head = await env.cluster.wait_until_caught_up(bound_s=LAG_S)
        for status in ("completed", "failed"):
            counts[status] = await env.driver.count(status)
        return await env.cluster.unfinished() == (0, head)

    await eventually(are_final, within_s=BOUND_S)
    return counts, head


async def check_all(env: Environment, head: int) -> Findings:
    """Run every checker on the state as it is now.

    Runs that were requested behind `head` may have met the stop of the services: they needn't have
    ended, nor be published.
    """
    log, published = await env.cluster.events(), await env.cluster.published()
    begun = _begun(log, head)
    # A set: an executor that lost its lease and its successor may both run an attempt.
    side_effects = set(read_side_effects(env.cluster.side_effect_log))
    load = env.load
    operations = list(load.answered.values())
    started = _runs_of(log, load.definitions["three-steps"], load.definitions["of-every-kind"])
    by_name: dict[str, Callable[[], list[str]]] = {
        "positions increase": lambda: checkers.positions_increase(log),
        "versions count up": lambda: checkers.versions_count_up(log),
        "runs follow the rules": lambda: checkers.runs_follow_the_rules(log),
        "outcomes are recorded once": lambda: checkers.outcomes_are_recorded_once(log),
        "needs are done first": lambda: checkers.needs_are_done_first(log, load.needs),
        "every run completed": lambda: checkers.runs_ended(begun),
        "every step succeeded once": lambda: checkers.every_step_succeeded(begun, load.needs),
        "acknowledged runs are logged": lambda: checkers.acknowledged_runs_are_logged(
            log, operations
        ),
        "no unknown runs": lambda: checkers.no_unknown_runs(started, operations),
        "answers stay the same": lambda: load.changed,
        "no request was refused": lambda: load.refused,
        "side effects match the log": lambda: checkers.side_effects_match(log, side_effects),
        "outputs match their attempt": lambda: checkers.outputs_match_their_attempt(log),
        "events start their run once": lambda: distributed.events_start_their_run_once(
            log, load.events
        ),
        "every tick is handled once": lambda: distributed.every_tick_is_handled_once(
            log, load.intervals
        ),
        "every fired tick has one run": lambda: distributed.every_fired_tick_has_one_run(log),
        "no tick is early": lambda: distributed.no_tick_is_early(log),
        "every event is published": lambda: distributed.published_is_complete(begun, published),
        "published events are logged": lambda: distributed.published_is_logged(log, published),
        "published in order": lambda: distributed.published_in_order(published, from_any=env.wiped),
        "each stream has one partition": lambda: distributed.each_stream_has_one_partition(
            published
        ),
        "epochs never decrease": lambda: distributed.epochs_never_decrease(env.observations),
    }
    return {name: check() for name, check in by_name.items()}


def violations(findings: Findings) -> list[str]:
    """Return the first violations of each checker in one list."""
    return [f"{name}: {one}" for name, found in findings.items() for one in found[:5]]


def _runs_of(log: Log, *definitions: str) -> Log:
    """Return the events of the runs of these definitions."""
    return [
        event
        for events in runs_of(log).values()
        if events[0].data["definition_id"] in definitions
        for event in events
    ]


def _begun(log: Log, head: int) -> Log:
    """Return the events of runs that were requested up to `head`."""
    return [
        event for events in runs_of(log).values() if events[0].position <= head for event in events
    ]


def _check_counts(log: Log, counts: Mapping[str, int]) -> list[str]:
    runs = len(runs_of(log))
    return [] if counts == {"completed": runs, "failed": 0} else [f"{counts} of {runs}"]


async def _check_rebuild(env: Environment) -> list[str]:
    ended = await env.cluster.baton("replay")
    return [] if ended.exit_code == 0 else [f"{ended.out}{ended.err}"]
