"""A chaos report lists every fault; violations and faults without effect make it a failure."""

from collections import Counter
from dataclasses import replace

from tests.faults.chaos_report import Report, as_text, document
from tests.faults.fault_catalog import PROCESS_FAULTS, SERVER_FAULTS

FAULTS = [one.name for one in (*PROCESS_FAULTS, *SERVER_FAULTS)]
GOOD = Report(
    seed=7,
    minutes=30,
    runs=5_000,
    repeated_requests=12,
    fired=Counter(dict.fromkeys(FAULTS, 3)),
    missed=Counter(),
    hit=Counter(dict.fromkeys(FAULTS, 2)),
    ended=Counter(),
    findings={"versions count up": []},
    epochs={"relay": 4},
    recovered_s=3.0,
)


def test_a_good_report_has_no_violation_and_lists_every_fault() -> None:
    text = as_text(GOOD)

    assert GOOD.violations == {}
    assert all(name in text for name in FAULTS)
    assert "0 violations (seed 7)" in text
    assert document(GOOD)["violations"] == {}


def test_a_finding_of_a_checker_is_a_violation() -> None:
    bad = replace(GOOD, findings={"versions count up": ["r1 has versions [1, 3]"]})

    assert bad.violations == {"versions count up": ["r1 has versions [1, 3]"]}
    assert "versions count up: r1 has versions [1, 3]" in as_text(bad)


def test_a_fault_that_hit_no_run_in_a_long_report_is_a_violation() -> None:
    hit = GOOD.hit - Counter({FAULTS[0]: 2})

    assert replace(GOOD, hit=hit).violations == {"every fault hit unfinished runs": [FAULTS[0]]}
    assert replace(GOOD, hit=hit, minutes=2).violations == {}
