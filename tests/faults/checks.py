"""What became of it all: every checker over log, topic, side_effects and history, by its name."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tests.faults import checkers
from tests.faults import distributed_checkers as shared
from tests.faults.environment import Environment
from tests.faults.event_log import Log, runs_of
from tests.faults.history import Operation
from tests.faults.side_effect_log import Entry, read_side_effects

SETTLE_S = 60.0
BOUND_S = 90.0
"""Every accepted run is over this long after faults have stopped."""
LAG_S = 30.0
"""Then the relay and the projector have so long to come to the end of the log."""

Findings: TypeAlias = Mapping[str, list[str]]
"""The violations of each checker."""


async def settled(env: Environment) -> Findings:
    """Let everything come to its end without faults, stop it, and evaluate_claim it."""
    env.heal()
    await env.supervisor.all_up(within_s=SETTLE_S)
    await env.load.settle(within_s=SETTLE_S, wiped=env.wiped)
    events = sum(map(len, env.load.events.values()))
    await env.cluster.started_by_events(events, bound_s=BOUND_S)
    counted = await _counted_at_rest(env)
    left = await env.cluster.idle_in_transaction()
    await env.supervisor.stop()
    exits = await env.cluster.stop()
    return {
        **await judged(env),
        "views show every run": _shown(await env.cluster.events(), counted),
        "views equal a rebuild": await _rebuilt(env),
        "services stop in order": [f"{name}: {code}" for name, code in exits.items() if code],
        "no transaction is left open": [f"{left} are"] if left else [],
    }


async def _counted_at_rest(env: Environment) -> Mapping[str, int]:
    """Count the runs once nothing happens any more: a last tick may have been under way."""
    while True:
        await env.cluster.quiesced(bound_s=BOUND_S)
        head = await env.cluster.caught_up(bound_s=LAG_S)
        counted = {status: await env.driver.count(status) for status in ("completed", "failed")}
        if await env.cluster.under_way() == (0, head):
            return counted


async def judged(env: Environment) -> Findings:
    """Judge what is there."""
    log, published = await env.cluster.events(), await env.cluster.published()
    side_effects = read_side_effects(env.cluster.side_effect_log)
    load = env.load
    operations = list(load.answered.values())
    of_commands = _of(log, load.definitions["three-steps"], load.definitions["of-every-kind"])
    by_name: dict[str, Callable[[], list[str]]] = {
        "positions rise": lambda: checkers.positions_rise(log),
        "versions count up": lambda: checkers.versions_count_up(log),
        "runs live lawfully": lambda: checkers.runs_live_lawfully(log),
        "outcomes are recorded once": lambda: checkers.outcomes_are_recorded_once(log),
        "needs come first": lambda: checkers.needs_come_first(log, load.needs),
        "every run completed": lambda: checkers.runs_end(log),
        "every step succeeded once": lambda: checkers.every_step_succeeded(log, load.needs),
        "acknowledged is logged": lambda: checkers.acknowledged_is_logged(log, operations),
        "nothing unasked for": lambda: _unasked(of_commands, operations),
        "answers stay the same": lambda: load.changed,
        "nothing was refused": lambda: load.refused,
        "functions ran what is recorded": lambda: _performed(log, side_effects),
        "outputs are of their attempt": lambda: checkers.outputs_are_of_their_attempt(log),
        "events start their run once": lambda: shared.events_start_their_run_once(log, load.events),
        "ticks are dealt with once": lambda: shared.ticks_are_dealt_with_once(log, load.intervals),
        "ticks have their run": lambda: shared.ticks_have_their_run(log),
        "no tick is early": lambda: shared.no_tick_is_early(log),
        "everything is published": lambda: shared.published_is_complete(log, published),
        "published is logged": lambda: shared.published_is_logged(log, published),
        "published in order": lambda: shared.published_in_order(published, from_any=env.wiped),
        "keys keep to their partition": lambda: shared.keys_keep_to_their_partition(published),
        "epochs rise": lambda: shared.epochs_rise(env.observations),
    }
    return {name: check() for name, check in by_name.items()}


def violations(verdicts: Findings) -> list[str]:
    """Return all of them in one list."""
    return [f"{name}: {one}" for name, found in verdicts.items() for one in found[:5]]


def _of(log: Log, *definitions: str) -> Log:
    """Return the events of these definitions' runs."""
    return [
        event
        for events in runs_of(log).values()
        if events[0].data["definition_id"] in definitions
        for event in events
    ]


def _unasked(log: Log, operations: list[Operation]) -> list[str]:
    """Everything was answered in the end, so what was not acknowledged must not be there."""
    return checkers.refused_left_nothing(log, operations)


def _performed(log: Log, side_effects: list[Entry]) -> list[str]:
    """An attempt whose executor lost touch may be begun by another one too; once in the log."""
    return checkers.side_effects_agree(log, set(side_effects))


def _shown(log: Log, counted: Mapping[str, int]) -> list[str]:
    runs = len(runs_of(log))
    return [] if counted == {"completed": runs, "failed": 0} else [f"{counted} of {runs}"]


async def _rebuilt(env: Environment) -> list[str]:
    said = await env.cluster.baton("replay")
    return [] if said.exit_code == 0 else [f"{said.out}{said.err}"]
