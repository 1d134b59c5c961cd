"""Runs two of each service under load and all faults, then runs every checker.

    python -m tests.faults.chaos --minutes 30 --seed 7 --json

Prints the progress on one line, then tables of the faults that took effect and of the findings of
each checker. Exits with 1 if there is any violation, and then keeps the folder with the evidence.
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

from tests.faults.chaos_report import Report, as_text, document
from tests.faults.checks import Findings, settle_and_check
from tests.faults.distributed_checkers import count_hits
from tests.faults.environment import Environment, Servers, environment_on, servers
from tests.faults.event_log import Log, runs_of
from tests.faults.fault_catalog import PROCESS_FAULTS, SERVER_FAULTS, Fault, inject
from tests.servers.service import Verb

EACH: tuple[Verb, ...] = ("api", "executor", "projector", "scheduler")
SERVICES = (*EACH, *EACH)
RATE = 5.0
"""Runs requested per second, besides the ticks of a schedule."""
PRINT_EVERY_S = 5.0
FIRST_S = 3.0
PAUSES_S = (1.0, 5.0)


def main() -> int:
    """Inject faults, check the outcome and return the exit code."""
    arguments = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="baton-chaos-"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the faults end Kafka on purpose
    where = f"seed {arguments.seed}, evidence in {folder}"
    _print(where)
    with servers() as started:
        try:
            report = asyncio.run(_run(started, folder, arguments))
        except BaseException as error:
            _print(f"\n{type(error).__name__}: {str(error)[:6_000]}\n{where}")
            raise
    _print(json.dumps(document(report)) if arguments.json else as_text(report))
    if report.violations:
        _print(where)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _print(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Injects faults and checks runs.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--rate", type=float, default=RATE, help="runs requested per second")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    return parser.parse_args()


async def _run(started: Servers, folder: Path, arguments: argparse.Namespace) -> Report:
    async with environment_on(started, folder, seed=arguments.seed) as env:
        await env.start(*SERVICES)
        env.supervisor.start()
        until = time.monotonic() + 60 * arguments.minutes
        printing = asyncio.create_task(_print_progress(env, until))
        load = asyncio.create_task(env.load.run(rate=arguments.rate))
        await asyncio.sleep(FIRST_S)
        await asyncio.gather(
            _inject_faults(env, PROCESS_FAULTS, Random(f"{arguments.seed} processes"), until),
            _inject_faults(env, SERVER_FAULTS, Random(f"{arguments.seed} servers"), until),
        )
        load.cancel()
        faults_ended = time.monotonic()
        try:
            findings = await settle_and_check(env)
        except Exception:
            (folder / "unfinished").write_text(await env.cluster.describe_unfinished_runs())
            raise
        finally:
            log = await env.cluster.events()
            _save_log(folder, log)
        recovered_s = time.monotonic() - faults_ended
        printing.cancel()
        await asyncio.gather(load, printing, return_exceptions=True)
        return _report(env, arguments, findings, log, recovered_s)


async def _inject_faults(
    env: Environment, faults: Sequence[Fault], rng: Random, until: float
) -> None:
    """Inject faults in rounds of each fault once, until `until` (of time.monotonic)."""
    while True:
        for one in rng.sample(faults, len(faults)):
            if time.monotonic() > until:
                return
            await inject(env, one, rng)
            await asyncio.sleep(rng.uniform(*PAUSES_S))


async def _print_progress(env: Environment, until: float) -> None:
    """Print the progress, on one line that is overwritten in a terminal."""
    end = "\r" if sys.stdout.isatty() else "\n"
    while True:
        left = max(0, int(until - time.monotonic()))
        requested, answered = env.load.requested.total(), len(env.load.answered)
        answered += len(env.load.accepted_events) + len(env.load.sent_to_kafka)
        line = (
            f"{left // 60:3}:{left % 60:02} left, {requested} runs requested, {answered} answered, "
            f"{env.load.unanswered} requests repeated, {len(env.injected)} faults took effect"
        )
        _print(f"{line:<100}", end)
        await asyncio.sleep(PRINT_EVERY_S if end == "\r" else 6 * PRINT_EVERY_S)


def _save_log(folder: Path, log: Log) -> None:
    with (folder / "log.ndjson").open("w", encoding="utf-8") as file:
        for one in log:
            row = (one.position, one.stream, one.version, one.topic, one.data)
            file.write(json.dumps(row) + "\n")


def _report(
    env: Environment,
    arguments: argparse.Namespace,
    findings: Findings,
    log: Log,
    recovered_s: float,
) -> Report:
    epochs: dict[str, int] = {}
    for one in env.observations:
        epochs[one.name] = max(one.epoch, epochs.get(one.name, 0))
    return Report(
        seed=arguments.seed,
        minutes=arguments.minutes,
        runs=len(runs_of(log)),
        repeated_requests=env.load.unanswered,
        fired=Counter(one.name for one in env.injected),
        missed=Counter(env.missed),
        hit=count_hits(log, env.injected),
        ended=env.supervisor.ended,
        findings=findings,
        epochs=epochs,
        recovered_s=recovered_s,
    )


if __name__ == "__main__":
    sys.exit(main())
