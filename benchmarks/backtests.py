"""Backtests: a definition with a flipped comparison on 100,000 recorded runs.

The runs are made by the rules of live runs and stored as 50 runs at once would store them. Then the
changed definition is tried on all of them, in one process and with two that replay.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.processes import MeasurementFailed, run_module

RUNS: Final = 100_000
TARGET_S: Final = 60


def show(base: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=base) as folder:
        made = run_module("backtest_process", Path(folder), "fill", RUNS)
        sys.stdout.write(f"{made['runs']:,} runs, {made['events']:,} events\n")
        for jobs in (1, 2):
            found = run_module("backtest_process", Path(folder), "backtest", jobs)
            if found["differs"] != made["differs"] or found["runs"] != made["runs"]:
                raise MeasurementFailed(f"{found} were found, and there are {made}")
            _print(jobs, found)


def _print(jobs: int, found: dict[str, float]) -> None:
    seconds = found["choosing_s"] + found["replaying_s"]
    verdict = "" if seconds < TARGET_S else f", over the target of {TARGET_S} s"
    sys.stdout.write(
        f"--jobs {jobs}: {seconds:5.1f} s ({found['choosing_s']:.1f} s to choose the runs,"
        f" {found['replaying_s']:.1f} s to replay them), {found['runs'] / seconds:,.0f} runs a"
        f" second, {found['differs']:,.0f} differ; its process took {found['cpu_s']:.1f} s of a"
        f" processor and {found['rss_mib']:.0f} MiB{verdict}\n"
    )
