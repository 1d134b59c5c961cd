"""Simulates seeds: `python -m tests.simulation.simulate 17 18` prints their violations."""

import asyncio
import logging
import sys
from collections import Counter
from dataclasses import dataclass

from tests.faults.checkers import run_oracles
from tests.faults.event_log import Log, runs_of
from tests.simulation.checks import violations_of, whole_log
from tests.simulation.simulation import NotIdle, Simulation
from tests.simulation.virtual_loop import Deadlock, VirtualLoop
from tests.simulation.workload import draw_simulation, run_to_the_end


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The result of a seed: the violations, the counts of occurred faults, and all events."""

    seed: int
    violations: list[str]
    fault_counts: Counter[str]
    log: Log


def simulate(seed: int) -> SimulationResult:
    """Run and check one simulation on virtual time."""
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_simulate(seed))
    except Deadlock:
        return SimulationResult(seed, ["deadlock"], Counter(), [])


async def _simulate(seed: int) -> SimulationResult:
    simulation = await draw_simulation(seed)
    try:
        await run_to_the_end(simulation)
        violations = await violations_of(simulation)
    except NotIdle:
        violations = ["not idle"]
    finally:
        await simulation.close()
    log = await whole_log(simulation.stores.events)
    if violations == ["not idle"]:
        violations += [*simulation.violations, *_unfinished_runs(log)]
    _add_counts(simulation, log)
    return SimulationResult(seed, violations, simulation.fault_counts, log)


def _add_counts(simulation: Simulation, log: Log) -> None:
    """Count the effects of the faults on the roles."""
    counts = simulation.fault_counts
    counts["performed again"] += sum(count - 1 for count in simulation.performed.values())
    counts["takeover"] += sum(one.data.get("cause") == "takeover" for one in log)
    counts["timed out"] += sum(one.name == "StepTimedOut" for one in log)
    counts["refused late"] += sum(one.counts.late_outcomes_refused for one in simulation.executors)
    counts["lost to another"] += sum(
        one.counts.runs_lost_to_another for one in simulation.executors
    )


def _unfinished_runs(log: Log) -> list[str]:
    """Return the events of every run that hasn't ended."""
    histories = runs_of(log)
    return [
        f"{ident}: "
        + ", ".join(f"{one.name} {one.data.get('step_id', '')}" for one in histories[ident])
        for ident, run in run_oracles(log).items()
        if not run.ended
    ]


def main() -> None:
    """Simulate the given seeds, or with `--seeds N` the first N."""
    arguments = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    seeds = range(int(arguments[1])) if arguments[0] == "--seeds" else map(int, arguments)
    total: Counter[str] = Counter()
    for seed in seeds:
        result = simulate(seed)
        total += result.fault_counts
        if result.violations or arguments[0] != "--seeds":
            _print(f"{seed}: {result.violations}")
    _print(f"{dict(total)}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
