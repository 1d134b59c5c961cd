"""The report of a chaos run: how often each fault took effect, and the findings of each checker."""

from collections import Counter
from dataclasses import dataclass

from tests.faults.checks import Findings
from tests.faults.fault_catalog import PROCESS_FAULTS, SERVER_FAULTS

FAULT_NAMES = tuple(one.name for one in (*PROCESS_FAULTS, *SERVER_FAULTS))
SHOWN = 20
"""The most violations of one checker that the report prints."""
ENOUGH_MIN = 10.0
"""Length of a run, in minutes, in which every fault must hit unfinished runs."""


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a chaos run; `hit` counts the faults during which runs were unfinished."""

    seed: int
    minutes: float
    runs: int
    repeated_requests: int
    fired: Counter[str]
    missed: Counter[str]
    hit: Counter[str]
    ended: Counter[str]
    findings: Findings
    epochs: dict[str, int]
    recovered_s: float

    @property
    def violations(self) -> dict[str, list[str]]:
        """All violations, by the name of the checker."""
        found = {name: violations for name, violations in self.findings.items() if violations}
        without_hit = [
            one.name for one in (*PROCESS_FAULTS, *SERVER_FAULTS) if not self.hit[one.name]
        ]
        if without_hit and self.minutes >= ENOUGH_MIN:
            found["every fault hit unfinished runs"] = without_hit
        return found


def as_text(report: Report) -> str:
    """Return the report as a table of faults, a table of checkers and a summary."""
    lines = ["", f"{'fault':<34}{'fired':>7}{'hit runs':>10}{'did not fire':>14}"]
    for name in sorted(FAULT_NAMES):
        fired, hit, missed = report.fired[name], report.hit[name], report.missed[name]
        lines.append(f"{name:<34}{fired:>7}{hit:>10}{missed:>14}")
    lines += ["", f"{'checker':<34}violations"]
    for name, violations in report.findings.items():
        lines.append(f"{name:<34}{len(violations):>7}")
    lines += ["", "services that ended by themselves and were restarted:"]
    lines += [f"  {name}: {count} times" for name, count in sorted(report.ended.items())]
    lines += [
        "",
        *(
            f"{name}: {one}"
            for name, violations in report.violations.items()
            for one in violations[:SHOWN]
        ),
    ]
    count = sum(map(len, report.violations.values()))
    lines.append(
        f"{report.runs} runs in {report.minutes:g} min, {report.fired.total()} faults, "
        f"{report.repeated_requests} requests without an answer, lease epochs "
        f"{report.epochs}, all runs ended and checked {report.recovered_s:.1f} s after the last "
        f"fault: {count} violations (seed {report.seed})"
    )
    return "\n".join(lines)


def document(report: Report) -> dict[str, object]:
    """Return the report as a JSON object."""
    return {
        "seed": report.seed,
        "minutes": report.minutes,
        "runs": report.runs,
        "repeatedRequests": report.repeated_requests,
        "faults": {
            name: {"fired": count, "hitRuns": report.hit[name]}
            for name, count in sorted(report.fired.items())
        },
        "didNotFire": dict(report.missed),
        "endedByThemselves": dict(report.ended),
        "epochs": report.epochs,
        "recoveredS": round(report.recovered_s, 1),
        "findings": dict(report.findings),
        "violations": report.violations,
    }
