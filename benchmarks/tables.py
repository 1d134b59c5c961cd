"""Prints the results, one table per part."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.dbos_setting import Kind, Setting, Trial
from benchmarks.findings import Findings, Verdict, ratios, verdicts
from benchmarks.machine import Machine
from benchmarks.memory import growth

PLAIN_WIDTH = 120
_ROWS = 10


def show(findings: Findings) -> None:
    """Print all tables on stdout."""
    out = console()
    for title, table in _tables(findings):
        out.print(title, style="bold")
        out.print(table)
        out.print()


def console() -> Console:
    """Return a console on stdout; without a terminal it prints plain, wide text."""
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    return out


def table_of(*heads: str, right: tuple[int, ...] = ()) -> Table:
    """Return an empty table; columns whose index is in `right` are right-aligned."""
    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number in right else "left", overflow="fold")
    return table


def _tables(findings: Findings) -> Iterator[tuple[str, Table]]:
    yield f"Machine ({findings.plan} plan, {findings.machine.at})", machine_table(findings.machine)
    if findings.trials:
        yield "DBOS: the setting that serves best", trials_table(findings.trials, findings.chosen)
    if findings.throughput:
        title = "Throughput: medians; p50 and p99 are those of a run, through HTTP of a request"
        yield title, _throughput(findings)
    if findings.latency:
        yield (
            "A single run of 3 steps, from its start until it is seen completed",
            _latency(findings),
        )
    if findings.stored:
        yield "Cost of a step, by runs in the store", _stored(findings)
    if findings.memory:
        factor = growth(list(findings.memory))
        grew = f"Memory of the server: × {factor:.3f} from the middle fifth to the last"
        yield grew, _memory(findings)
    yield "What was to be reached", verdict_table(verdicts(findings))


def machine_table(machine: Machine) -> Table:
    """Return a table of machine and versions."""
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    table = table_of("", "")
    table.show_header = False
    for name, value in (
        ("system", machine.system),
        ("processor", f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB"),
        ("software", f"Python {machine.python}, SQLite {machine.sqlite}, {packages}"),
        ("durable write of 4 KiB", f"{machine.sync_ms} ms"),
        ("load before the run", f"{machine.load}"),
    ):
        table.add_row(name, value)
    return table


def trials_table(trials: Iterable[Trial], chosen: Mapping[Kind, Setting]) -> Table:
    """Return a table of the settings that were tried; the fastest is marked."""
    table = table_of("shape", "setting", "steps/s", "", right=(2,))
    for one in trials:
        sign = "chosen" if chosen.get(one.kind) == one.setting else ""
        table.add_row(one.kind, str(one.setting), f"{one.steps_per_s:,.0f}", sign)
    return table


def _throughput(findings: Findings) -> Table:
    heads = ("shape", "in flight", "subject", "steps/s", "runs/s", "p50 ms", "p99 ms", "engine ÷")
    table = table_of(*heads, right=(1, 3, 4, 5, 6, 7))
    factors = {(one.cell, one.against): f"{one.factor:,.1f} ×" for one in ratios(findings)}
    for one in findings.throughput:
        table.add_row(
            one.cell.shape,
            str(one.cell.in_flight),
            one.subject,
            f"{one.steps_per_s:,.0f}",
            f"{one.runs_per_s:,.1f}",
            f"{one.p50_ms:,.1f}",
            f"{one.p99_ms:,.1f}",
            factors.get((one.cell, one.subject), ""),
        )
    return table


def _latency(findings: Findings) -> Table:
    table = table_of("subject", "p50 ms", "p99 ms", right=(1, 2))
    for one in findings.latency:
        table.add_row(one.subject, f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}")
    return table


def _stored(findings: Findings) -> Table:
    table = table_of("stored runs", "µs", "µs of processor", "÷ first", right=(0, 1, 2, 3))
    first = findings.stored[0]
    for one in findings.stored:
        ratio = f"{one.wall_us / first.wall_us:.2f}"
        table.add_row(f"{one.stored:,}", f"{one.wall_us:.0f}", f"{one.cpu_us:.0f}", ratio)
    return table


def _memory(findings: Findings) -> Table:
    table = table_of("runs", "MiB", right=(0, 1))
    for one in findings.memory[:: max(1, len(findings.memory) // _ROWS)]:
        table.add_row(f"{one.runs:,}", f"{one.rss_mib:.0f}")
    return table


def verdict_table(found: Sequence[Verdict]) -> Table:
    """Return a table of targets and measured figures."""
    table = table_of("what", "wanted", "found", "", right=(1, 2))
    for one in found:
        sign = "≤" if one.at_most else "≥"
        reached = "[green]yes[/]" if one.met else "[red]no[/]"
        table.add_row(one.what, f"{sign} {one.wanted:,g}", f"{one.found:,.2f}", reached)
    return table
