"""Writes the results of the distributed setting as one JSON document."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from benchmarks.distributed.findings import Findings, ratios, verdicts

FILE = "distributed.json"
_MEDIANS = ("steps_per_s", "runs_per_s", "p50_ms", "p99_ms")


def write(findings: Findings, folder: Path) -> Path:
    """Write medians, ratios, targets and raw results; return the file.

    It contains a summary of the observations under full load; charts show the samples.
    """
    results = {
        "medians": list(_medians(findings)),
        "ratios": ratios(findings),
        "verdicts": [{**asdict(one), "met": one.met} for one in verdicts(findings)],
        "observed": list(_observed(findings)),
        "scaled": findings.scaled,
        "trials": findings.trials,
        "chosen": findings.chosen,
        "machine": findings.machine,
        "versions": findings.versions,
        "plan": findings.plan,
        "throughput": findings.throughput,
        "latency": findings.latency,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    return path


def _medians(findings: Findings) -> Iterator[dict[str, object]]:
    for part in ("throughput", "latency"):
        for one in getattr(findings, part):
            medians = {name: one.median(name) for name in _MEDIANS}
            cell = asdict(one.cell)
            yield {"part": part, "subject": one.subject, **cell, **medians, "cpu_us": one.cpu_us()}


def _observed(findings: Findings) -> Iterator[dict[str, object]]:
    for one in findings.observations:
        yield {
            "steps_per_s": one.steps_per_s,
            "views_max_ms": max(lag.views_ms for lag in one.lags),
            "relay_max_ms": max(lag.relay_ms for lag in one.lags),
            "executor_max_ms": max((wait.waited_ms for wait in one.waits), default=0),
            "views_back_after_ms": one.back_after_ms("views"),
            "relay_back_after_ms": one.back_after_ms("relay"),
            "query_p50_ms": one.query_p50_ms,
            "query_p99_ms": one.query_p99_ms,
        }
