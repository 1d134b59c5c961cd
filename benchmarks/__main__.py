"""`python -m benchmarks`: measures, shows progress on stderr, prints tables, writes charts."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import (
    access,
    as_of,
    backtests,
    drawing,
    graphql,
    large,
    latency,
    memory,
    notary,
    profiling,
    rebuild,
    report,
    stored_runs,
    streams,
    tables,
    tenants,
    throughput,
    webhooks,
)
from benchmarks.distributed import session as distributed
from benchmarks.findings import Findings
from benchmarks.machine import facts
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.processes import MeasurementFailed
from benchmarks.session import Session
from benchmarks.subjects import Dbos

RESULTS = Path(__file__).parent / "results"
PARTS: tuple[str, ...] = ("throughput", "latency", "stored", "memory")
DISTRIBUTED = "distributed"
LARGE = "large"
ACCESS = "access"
STREAMS = "streams"
TENANTS = "tenants"
WEBHOOKS = "webhooks"
GRAPHQL = "graphql"
NOTARY = "notary"
BACKTEST = "backtest"
AS_OF = "as_of"
REBUILD = "rebuild"
_INTERRUPTED = 130
_NEED_DBOS = {"throughput", "latency"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurements that the arguments name; return the exit code, 1 if one failed."""
    asked = _arguments().parse_args(arguments)
    parts: tuple[str, ...] = tuple(asked.only or PARTS)
    try:
        if DISTRIBUTED in parts:
            return _distributed(asked, parts)
        if REBUILD in parts:
            rebuild.show(asked.folder, asked.runs)
            return 0
        for part, show in (
            (LARGE, large.show),
            (ACCESS, access.show),
            (STREAMS, streams.show),
            (TENANTS, tenants.show),
            (WEBHOOKS, webhooks.show),
            (GRAPHQL, graphql.show),
            (NOTARY, notary.show),
            (BACKTEST, backtests.show),
            (AS_OF, partial(as_of.show, runs=asked.runs)),
        ):
            if part in parts:
                show(asked.folder)
                return 0
        if asked.profile:
            profiling.show(asked.folder)
            return 0
        findings = _measured(QUICK if asked.quick else FULL, parts, asked.folder)
    except MeasurementFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    tables.show(findings)
    written = [report.write(findings, asked.results), *drawing.draw(findings, asked.results)]
    sys.stderr.write("".join(f"{path}\n" for path in written))
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter measurements: under 3 minutes"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=(
            *PARTS,
            LARGE,
            ACCESS,
            STREAMS,
            TENANTS,
            WEBHOOKS,
            GRAPHQL,
            NOTARY,
            BACKTEST,
            AS_OF,
            REBUILD,
            DISTRIBUTED,
        ),
        help="may be repeated",
    )
    parser.add_argument(
        "--profile", action="store_true", help="profile Baton by package and function"
    )
    parser.add_argument(
        "--runs", type=int, default=as_of.RUNS, help=f"stored runs of {AS_OF} and {REBUILD}"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for JSON and charts")
    parser.add_argument(
        "--folder", type=Path, help="folder for temporary data (its disk is measured)"
    )
    return parser


def _distributed(asked: argparse.Namespace, parts: Sequence[str]) -> int:
    """Measure the distributed setting, which has its own servers, tables and charts."""
    if len(parts) > 1:
        raise MeasurementFailed(f"{DISTRIBUTED} is measured by itself: name no other part")
    if asked.profile:
        distributed.profile(asked.folder)
        return 0
    with _progress() as progress:
        written = distributed.measure(
            progress, base=asked.folder, results=asked.results, quick=asked.quick
        )
    sys.stderr.write("".join(f"{path}\n" for path in written))
    return 0


def _measured(plan: Plan, parts: Sequence[str], base: Path | None) -> Findings:
    machine = facts(base)
    with _progress() as progress:
        task = progress.add_task("", total=_turns(plan, parts))
        session = Session(plan=plan, base=base, progress=progress, task=task)
        trials = throughput.try_settings(session) if _NEED_DBOS & set(parts) else []
        dbos = throughput.tuned(trials) if trials else Dbos()
        return Findings(
            plan=plan.name,
            machine=machine,
            trials=trials,
            chosen=dict(dbos.settings),
            throughput=throughput.measure(session, dbos) if "throughput" in parts else (),
            latency=latency.measure(session, dbos) if "latency" in parts else (),
            stored=stored_runs.measure(session) if "stored" in parts else (),
            memory=memory.measure(session) if "memory" in parts else (),
        )


def _turns(plan: Plan, parts: Sequence[str]) -> int:
    turns = {
        "throughput": throughput.turns(plan),
        "latency": latency.turns(plan),
        "stored": stored_runs.turns(plan),
        "memory": memory.TURNS,
    }
    tries = throughput.tries(plan) if _NEED_DBOS & set(parts) else 0
    return tries + sum(turns[part] for part in parts)


def _progress() -> Progress:
    return Progress(
        MofNCompleteColumn(),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )


if __name__ == "__main__":
    sys.exit(main())
