"""Plays seeds: `python -m tests.simulation.play 17 18` shows what becomes of them."""

import asyncio
import logging
import sys
from collections import Counter
from dataclasses import dataclass

from tests.faults.checkers import run_oracles
from tests.faults.event_log import Log, runs_of
from tests.simulation.verdict import complaints_of, whole_log
from tests.simulation.virtual_loop import Standstill, VirtualLoop
from tests.simulation.world import Stuck, World, begin, live


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a seed: `seen` counts the faults that struck, `log` is what is recorded."""

    seed: int
    complaints: list[str]
    seen: Counter[str]
    log: Log


def play(seed: int) -> Played:
    """Live through one world and judge it."""
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_play(seed))
    except Standstill:
        return Played(seed, ["standstill"], Counter(), [])


async def _play(seed: int) -> Played:
    world = await begin(seed)
    try:
        await live(world)
        complaints = await complaints_of(world)
    except Stuck:
        complaints = ["stuck"]
    finally:
        await world.close()
    log = await whole_log(world.stores.events)
    if complaints == ["stuck"]:
        complaints += [*world.complaints, *_left(log)]
    _count(world, log)
    return Played(seed, complaints, world.seen, log)


def _count(world: World, log: Log) -> None:
    """Add up what roles did under the faults."""
    seen = world.seen
    seen["performed again"] += sum(count - 1 for count in world.performed.values())
    seen["takeover"] += sum(one.data.get("cause") == "takeover" for one in log)
    seen["timed out"] += sum(one.name == "StepTimedOut" for one in log)
    seen["refused late"] += sum(one.counts.late_outcomes_refused for one in world.executors)
    seen["lost to another"] += sum(one.counts.runs_lost_to_another for one in world.executors)


def _left(log: Log) -> list[str]:
    """Show the runs that are not over."""
    histories = runs_of(log)
    return [
        f"{ident}: "
        + ", ".join(f"{one.name} {one.data.get('step_id', '')}" for one in histories[ident])
        for ident, life in run_oracles(log).items()
        if not life.over
    ]


def main() -> None:
    """Play the seeds that are named, or that many from 0 on behind `--seeds`."""
    arguments = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    seeds = range(int(arguments[1])) if arguments[0] == "--seeds" else map(int, arguments)
    total: Counter[str] = Counter()
    for seed in seeds:
        played = play(seed)
        total += played.seen
        if played.complaints or arguments[0] != "--seeds":
            _say(f"{seed}: {played.complaints}")
    _say(f"{dict(total)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
