"""The storm: every service twice, everything that can break breaking, and what came of it.

    python -m tests.faults.chaos --minutes 30 --seed 7 --json

One line tells how it goes, a table at its end which faults fired how often and what each checker
says. Exits 1 when any has a violation, and keeps the evidence then.
"""

import argparse
import asyncio
import json
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.faults.chaos_report import Report, document, told
from tests.faults.checks import Findings, settled
from tests.faults.distributed_checkers import hits
from tests.faults.environment import Environment, Servers, environment_on, servers
from tests.faults.event_log import Log, runs_of
from tests.faults.fault_catalog import OF_PROCESSES, OF_SERVERS, Fault, inject
from tests.servers.service import Verb

EACH: tuple[Verb, ...] = ("api", "executor", "projector", "scheduler")
SERVICES = (*EACH, *EACH)
RATE = 5.0
"""Runs asked for in a second, besides the ticks of a schedule."""
TELL_S = 5.0
FIRST_S = 3.0
PAUSES_S = (1.0, 5.0)


def main() -> int:
    """Run the storm; return what to exit with."""
    asked = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="baton-chaos-"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that Kafka goes and comes is known
    where = f"seed {asked.seed}, evidence in {folder}"
    _say(where)
    with servers() as own:
        try:
            report = asyncio.run(_storm(own, folder, asked))
        except BaseException as error:
            _say(f"\n{type(error).__name__}: {str(error)[:6_000]}\n{where}")
            raise
    _say(json.dumps(document(report)) if asked.json else told(report))
    if report.violations:
        _say(where)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="A storm of faults.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--rate", type=float, default=RATE, help="runs asked for in a second")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    return parser.parse_args()


async def _storm(own: Servers, folder: Path, asked: argparse.Namespace) -> Report:
    async with environment_on(own, folder, seed=asked.seed) as env:
        await env.start(*SERVICES)
        env.supervisor.start()
        until = time.monotonic() + 60 * asked.minutes
        telling = asyncio.create_task(_tell(env, until))
        asking = asyncio.create_task(env.load.run(rate=asked.rate))
        await asyncio.sleep(FIRST_S)
        await asyncio.gather(
            _strike_on(env, OF_PROCESSES, Random(f"{asked.seed} processes"), until),
            _strike_on(env, OF_SERVERS, Random(f"{asked.seed} servers"), until),
        )
        asking.cancel()
        stilled = time.monotonic()
        try:
            verdicts = await settled(env)
        except Exception:
            (folder / "stuck").write_text(await env.cluster.stuck())
            raise
        finally:
            log = await env.cluster.events()
            _keep(folder, log)
        recovered_s = time.monotonic() - stilled
        telling.cancel()
        await asyncio.gather(asking, telling, return_exceptions=True)
        return _report(env, asked, verdicts, log, recovered_s)


async def _strike_on(env: Environment, strikes: Sequence[Fault], rng: Random, until: float) -> None:
    """Fault in rounds, each fault once in a round, with pauses, until it is time to stop."""
    while True:
        for one in rng.sample(strikes, len(strikes)):
            if time.monotonic() > until:
                return
            await inject(env, one, rng)
            await asyncio.sleep(rng.uniform(*PAUSES_S))


async def _tell(env: Environment, until: float) -> None:
    """Say how it goes, on one line that is written over."""
    end = "\r" if sys.stdout.isatty() else "\n"
    while True:
        left = max(0, int(until - time.monotonic()))
        asked, answered = env.load.asked.total(), len(env.load.answered)
        answered += len(env.load.accepted) + len(env.load.of_kafka)
        line = (
            f"{left // 60:3}:{left % 60:02} left, {asked} runs asked for, {answered} answered, "
            f"{env.load.unanswered} asked again, {len(env.injected)} faults fired"
        )
        _say(f"{line:<100}", end)
        await asyncio.sleep(TELL_S if end == "\r" else 6 * TELL_S)


def _keep(folder: Path, log: Log) -> None:
    with (folder / "log.ndjson").open("w", encoding="utf-8") as file:
        for one in log:
            row = (one.position, one.stream, one.version, one.topic, one.data)
            file.write(json.dumps(row) + "\n")


def _report(
    env: Environment, asked: argparse.Namespace, verdicts: Findings, log: Log, recovered_s: float
) -> Report:
    epochs: dict[str, int] = {}
    for one in env.observations:
        epochs[one.name] = max(one.epoch, epochs.get(one.name, 0))
    return Report(
        seed=asked.seed,
        minutes=asked.minutes,
        runs=len(runs_of(log)),
        asked_again=env.load.unanswered,
        fired=Counter(one.name for one in env.injected),
        missed=Counter(env.missed),
        met=hits(log, env.injected),
        ended=env.supervisor.ended,
        verdicts=verdicts,
        epochs=epochs,
        recovered_s=recovered_s,
    )


if __name__ == "__main__":
    sys.exit(main())
