"""The report of a storm names every fault, and is bad when any checker or any fault says so."""

from collections import Counter
from dataclasses import replace

from tests.faults.chaos_report import Report, document, told
from tests.faults.fault_catalog import OF_PROCESSES, OF_SERVERS

FAULTS = [one.name for one in (*OF_PROCESSES, *OF_SERVERS)]
GOOD = Report(
    seed=7,
    minutes=30,
    runs=5_000,
    asked_again=12,
    fired=Counter(dict.fromkeys(FAULTS, 3)),
    missed=Counter(),
    met=Counter(dict.fromkeys(FAULTS, 2)),
    ended=Counter(),
    verdicts={"versions count up": []},
    epochs={"relay": 4},
    recovered_s=3.0,
)


def test_a_good_storm_has_no_complaint_and_names_every_fault() -> None:
    text = told(GOOD)

    assert GOOD.violations == {}
    assert all(name in text for name in FAULTS)
    assert "0 violations (seed 7)" in text
    assert document(GOOD)["violations"] == {}


def test_what_a_checker_says_is_a_complaint() -> None:
    bad = replace(GOOD, verdicts={"versions count up": ["r1 has versions [1, 3]"]})

    assert bad.violations == {"versions count up": ["r1 has versions [1, 3]"]}
    assert "versions count up: r1 has versions [1, 3]" in told(bad)


def test_a_fault_that_met_no_run_in_a_long_storm_is_a_complaint() -> None:
    met = GOOD.met - Counter({FAULTS[0]: 2})

    assert replace(GOOD, met=met).violations == {"every fault met runs under way": [FAULTS[0]]}
    assert replace(GOOD, met=met, minutes=2).violations == {}
