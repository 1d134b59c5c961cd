"""The report of a backtest as JSON, the same over HTTP and from the command line."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.rendering import without_none
from baton.command_api.own.runs.render_step import render_case
from baton.domain.backtest.comparison import Comparison, Difference
from baton.domain.backtest.report import Report
from baton.domain.frozen import frozen
from baton.domain.json import JsonObject


class Change(BaseModel):
    """A text as recorded, and as it would be."""

    was: str
    wouldBe: str  # noqa: N815 - the names of the JSON


class Paths(BaseModel):
    """The steps of a run in the order in which they began, as it was and as it would be."""

    was: list[str]
    wouldBe: list[str]  # noqa: N815


class FirstDifference(BaseModel):
    """The first visit whose result differs; without a step, the runs differ in their ends alone.

    A result is `succeeded`, `failed: CODE`, `skipped`, `elapsed`, `reached`, `not run`, `open` or
    `waiting` (without an end), for a decision the step that it chose or `end`. `evaluations` are
    those of the decision as it would be.
    """

    stepId: str | None = None  # noqa: N815
    visit: int | None = None
    was: str
    wouldBe: str  # noqa: N815
    evaluations: list[JsonObject] | None = None


class Item(BaseModel):
    """A run that would differ; `reason` says why it isn't comparable, or what failed."""

    id: str
    verdict: str
    first: FirstDifference | None = None
    path: Paths | None = None
    outcome: Change | None = None
    reason: str | None = None


class Group(BaseModel):
    """A difference that runs share, with the first of them; `was` is missing without a result."""

    stepId: str | None = None  # noqa: N815
    was: str | None = None
    wouldBe: str  # noqa: N815
    count: int
    examples: list[str]


class Tried(BaseModel):
    """The changed definition."""

    name: str
    steps: int


class Against(BaseModel):
    """The definition whose runs were recorded."""

    id: str
    slug: str


class BacktestReport(BaseModel):
    """The result of a backtest: runs by their verdict, groups of differences, and single runs.

    `items` are the first runs that would differ; `omitted` counts those that aren't listed.
    """

    definition: Tried
    against: Against
    engine: str
    runs: int
    same: int
    differs: int
    unknown: int
    notComparable: int  # noqa: N815
    error: int
    groups: list[Group]
    items: list[Item]
    omitted: int


@frozen
class Subjects:
    """The definitions that a report names: the changed one, and that of the recorded runs."""

    name: str
    steps: int
    against_id: str
    against_slug: str


REPORT_EXAMPLE: Final[JsonObject] = {
    "definition": {"name": "Order processing", "steps": 5},
    "against": {"id": "d3c0u1h6gtk2q1v9m4q0", "slug": "order-processing"},
    "engine": "baton 0.1.0",
    "runs": 30_000,
    "same": 29_999,
    "differs": 1,
    "unknown": 0,
    "notComparable": 0,
    "error": 0,
    "groups": [
        {
            "stepId": "check",
            "was": "fulfill",
            "wouldBe": "reject",
            "count": 1,
            "examples": ["d3c0u8h6gtk2q1v9m4tg"],
        }
    ],
    "items": [
        {
            "id": "d3c0u8h6gtk2q1v9m4tg",
            "verdict": "differs",
            "first": {
                "stepId": "check",
                "visit": 1,
                "was": "fulfill",
                "wouldBe": "reject",
                "evaluations": [],
            },
            "path": {
                "was": ["validate", "check", "fulfill"],
                "wouldBe": ["validate", "check", "reject"],
            },
            "outcome": {"was": "completed", "wouldBe": "unknown after reject"},
        }
    ],
    "omitted": 0,
}
ENGINE: Final = f"baton {version('baton-orchestrator')}"


def render_report(
    report: Report, of: Subjects, items: Iterable[Comparison] | None = None
) -> JsonObject:
    """Return a report as JSON; `items` are the runs to list, None for all that it holds."""
    groups = sorted(report.groups.items(), key=lambda entry: -entry[1].count)
    return {
        "definition": {"name": of.name, "steps": of.steps},
        "against": {"id": of.against_id, "slug": of.against_slug},
        "engine": ENGINE,
        "runs": report.runs,
        **{str(verdict): count for verdict, count in report.counts.items()},
        "groups": [
            {
                "stepId": group.step_id,
                "was": group.was,
                "wouldBe": group.would_be,
                "count": members.count,
                "examples": list(members.examples),
            }
            for group, members in groups
        ],
        "items": [_item(comparison) for comparison in (report.items if items is None else items)],
        "omitted": report.omitted,
    }


def _item(comparison: Comparison) -> JsonObject:
    replayed = comparison.outcome != ("", "")
    return without_none(
        {
            "id": comparison.run_id,
            "verdict": comparison.verdict,
            "first": None if comparison.first is None else _first(comparison.first),
            "path": _pair(*map(list, comparison.path)) if replayed else None,
            "outcome": _pair(*comparison.outcome) if replayed else None,
            "reason": comparison.reason,
        }
    )


def _first(first: Difference) -> JsonObject:
    cases = None if first.decision is None else first.decision.evaluations
    return without_none(
        {
            "stepId": first.step_id,
            "visit": first.visit,
            **_pair(first.was, first.would_be),
            "evaluations": None if cases is None else [render_case(case) for case in cases],
        }
    )


def _pair(was: object, would_be: object) -> JsonObject:
    return {"was": was, "wouldBe": would_be}
