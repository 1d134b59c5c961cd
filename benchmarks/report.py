"""Writes the results as one JSON document."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from benchmarks.findings import Findings, ratios, verdicts

FILE = "latest.json"


def write(findings: Findings, folder: Path) -> Path:
    """Write medians, ratios, targets and raw results; return the file."""
    results = {
        "medians": list(_medians(findings)),
        "ratios": ratios(findings),
        "verdicts": [{**asdict(one), "met": one.met} for one in verdicts(findings)],
        "findings": findings,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    return path


def _medians(findings: Findings) -> Iterator[dict[str, object]]:
    for part in ("throughput", "latency"):
        for one in getattr(findings, part):
            yield {
                "part": part,
                "subject": one.subject,
                **asdict(one.cell),
                "steps_per_s": one.steps_per_s,
                "runs_per_s": one.runs_per_s,
                "p50_ms": one.p50_ms,
                "p99_ms": one.p99_ms,
            }
