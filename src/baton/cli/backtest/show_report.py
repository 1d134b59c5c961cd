"""Prints the report of a backtest: the counts, a table of the groups, and the runs."""

from typing import TYPE_CHECKING

from baton.cli.terminal.output import print_line, print_note
from baton.cli.terminal.tables import Column, print_table

if TYPE_CHECKING:
    from baton.command_api.own.backtests.render_report import Subjects
    from baton.domain.backtest.report import Report
    from baton.domain.definition.messages import Body
    from baton.domain.definition.state import State as Definition

_WORDS = {
    "same": "the same",
    "differs": "differ",
    "unknown": "unknown",
    "notComparable": "not comparable",
    "error": "failed to replay",
}


def subjects(changed: "Body", recorded: "Definition") -> "Subjects":
    """Return the definitions that a report names."""
    from baton.command_api.own.backtests.render_report import Subjects

    return Subjects(
        name=changed.name,
        steps=len(changed.graph.steps),
        against_id=recorded.definition_id,
        against_slug=recorded.slug,
    )


def print_report(report: "Report", seconds: float) -> None:
    """Print the result of a backtest, which took `seconds`."""
    rows = [
        (
            members.count,
            group.step_id,
            group.was,
            group.would_be,
            ", ".join(members.examples[:3]),
        )
        for group, members in sorted(report.groups.items(), key=lambda entry: -entry[1].count)
    ]
    if rows:
        print_table(
            (
                Column(name="RUNS", align_right=True),
                Column(name="STEP"),
                Column(name="WAS", kind="short"),
                Column(name="WOULD BE", kind="short", min_width=14),
                Column(name="SUCH AS", kind="wrapped", min_width=21, drop_order=1),
            ),
            rows,
        )
    counts = ", ".join(
        f"{count:,} {_WORDS[verdict]}" for verdict, count in report.counts.items() if count
    )
    rate = f"{report.runs / seconds:,.0f} a second" if seconds else ""
    print_line(f"{report.runs:,} runs" + (f": {counts}" if counts else ""))
    if report.counts["unknown"]:
        print_note("--map NEW=OLD or --stub FILE supply outcomes for steps that have none")
    print_note(f"{seconds:.1f} s, {rate}; --json lists each run that would differ")
