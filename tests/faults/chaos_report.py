"""The report of a storm: which faults fired how often, and what each checker says."""

from collections import Counter
from dataclasses import dataclass

from tests.faults.checks import Findings
from tests.faults.fault_catalog import OF_PROCESSES, OF_SERVERS

SHOWN = 20
ENOUGH_MIN = 10.0
"""In so many minutes every fault has its turn."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a storm; `met` counts the faults that met runs under way."""

    seed: int
    minutes: float
    runs: int
    asked_again: int
    fired: Counter[str]
    missed: Counter[str]
    met: Counter[str]
    ended: Counter[str]
    verdicts: Findings
    epochs: dict[str, int]
    recovered_s: float

    @property
    def violations(self) -> dict[str, list[str]]:
        """What is wrong, by the checker that says so."""
        found = {name: said for name, said in self.verdicts.items() if said}
        unmet = [one.name for one in (*OF_PROCESSES, *OF_SERVERS) if not self.met[one.name]]
        if unmet and self.minutes >= ENOUGH_MIN:
            found["every fault met runs under way"] = unmet
        return found


def told(report: Report) -> str:
    lines = ["", f"{'fault':<34}{'fired':>7}{'met runs':>10}{'did not fire':>14}"]
    for name in sorted({one.name for one in (*OF_PROCESSES, *OF_SERVERS)}):
        fired, met, missed = report.fired[name], report.met[name], report.missed[name]
        lines.append(f"{name:<34}{fired:>7}{met:>10}{missed:>14}")
    lines += ["", f"{'checker':<34}violations"]
    for name, said in report.verdicts.items():
        lines.append(f"{name:<34}{len(said):>7}")
    lines += ["", "ended by themselves and were started again:"]
    lines += [f"  {name}: {count} times" for name, count in sorted(report.ended.items())]
    lines += [
        "",
        *(f"{name}: {one}" for name, said in report.violations.items() for one in said[:SHOWN]),
    ]
    violations = sum(map(len, report.violations.values()))
    lines.append(
        f"{report.runs} runs in {report.minutes:g} min, {report.fired.total()} faults, "
        f"{report.asked_again} requests without an answer, leases changed hands to epochs "
        f"{report.epochs}, everything over and judged {report.recovered_s:.1f} s after the last "
        f"fault: {violations} violations (seed {report.seed})"
    )
    return "\n".join(lines)


def document(report: Report) -> dict[str, object]:
    return {
        "seed": report.seed,
        "minutes": report.minutes,
        "runs": report.runs,
        "askedAgain": report.asked_again,
        "faults": {
            name: {"fired": count, "metRuns": report.met[name]}
            for name, count in sorted(report.fired.items())
        },
        "didNotFire": dict(report.missed),
        "endedByThemselves": dict(report.ended),
        "epochs": report.epochs,
        "recoveredS": round(report.recovered_s, 1),
        "verdicts": dict(report.verdicts),
        "violations": report.violations,
    }
