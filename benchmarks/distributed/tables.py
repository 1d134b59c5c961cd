"""Prints the results of the distributed setting as tables."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from benchmarks.distributed.findings import Figure, Findings, ratios, verdicts
from benchmarks.tables import console, machine_table, table_of, trials_table, verdict_table


def show(findings: Findings) -> None:
    """Print all tables on stdout."""
    out = console()
    for title, table in _tables(findings):
        out.print(title, style="bold")
        out.print(table)
        out.print()


def _tables(findings: Findings) -> Iterator[tuple[str, Table]]:
    title = f"Machine ({findings.plan} plan, {findings.machine.at})"
    yield title, _machine(findings)
    title = "DBOS on PostgreSQL: the setting that serves best"
    yield title, trials_table(findings.trials, findings.chosen)
    title = "Throughput: medians; p50 and p99 are those of a run, through HTTP of a request"
    yield title, _throughput(findings)
    yield "Processor, µs a run, by kind of process", _cpu(findings.throughput)
    yield "A single run of 3 steps, from its start until it is seen completed", _latency(findings)
    yield "Throughput by partitions and executors: 3 steps, 500 in flight", _scaled(findings)
    yield "Under full load: 3 steps, 500 in flight", _observed(findings)
    yield "What was to be reached", verdict_table(verdicts(findings))


def _machine(findings: Findings) -> Table:
    table = machine_table(findings.machine)
    versions = (f"{name} {version}" for name, version in findings.versions.items())
    table.add_row("servers", ", ".join(versions))
    return table


def _throughput(findings: Findings) -> Table:
    heads = ("shape", "in flight", "subject", "steps/s", "runs/s", "p50 ms", "p99 ms", "÷ DBOS")
    table = table_of(*heads, right=(1, 3, 4, 5, 6, 7))
    factors = {(one.against, one.cell): f"{one.factor:,.1f} ×" for one in ratios(findings)}
    for one in sorted(findings.throughput, key=_place):
        table.add_row(
            one.cell.shape,
            str(one.cell.in_flight),
            one.subject,
            f"{one.median('steps_per_s'):,.0f}",
            f"{one.median('runs_per_s'):,.1f}",
            f"{one.median('p50_ms'):,.1f}",
            f"{one.median('p99_ms'):,.1f}",
            factors.get((one.subject, one.cell), ""),
        )
    return table


def _place(figure: Figure) -> tuple[int, str, int]:
    shapes = ("3-step", "10-step")
    shape = figure.cell.shape
    return shapes.index(shape) if shape in shapes else len(shapes), shape, figure.cell.in_flight


def _cpu(figures: Sequence[Figure]) -> Table:
    results = [one for one in figures if "executor" in one.cpu_us()]
    kinds = list(dict.fromkeys(kind for one in results for kind in one.cpu_us()))
    heads = ("shape", "in flight", "subject", *kinds, "all")
    table = table_of(*heads, right=(1, *range(3, len(heads))))
    for one in sorted(results, key=_place):
        cpu = one.cpu_us()
        figures_of = [f"{cpu.get(kind, 0.0):,.0f}" for kind in kinds]
        place = (one.cell.shape, str(one.cell.in_flight), one.subject)
        table.add_row(*place, *figures_of, f"{sum(cpu.values()):,.0f}")
    return table


def _latency(findings: Findings) -> Table:
    table = table_of("subject", "p50 ms", "p99 ms", right=(1, 2))
    for one in findings.latency:
        p50, p99 = one.median("p50_ms"), one.median("p99_ms")
        table.add_row(one.subject, f"{p50:.1f}", f"{p99:.1f}")
    return table


def _scaled(findings: Findings) -> Table:
    table = table_of("partitions", "executors", "steps/s", right=(0, 1, 2))
    for one in findings.scaled:
        layout = one.layout
        steps = f"{one.steps_per_s:,.0f}"
        table.add_row(str(layout.partitions), str(layout.executors), steps)
    return table


def _observed(findings: Findings) -> Table:
    heads = ("repeat", "steps/s", "views, max ms", "relay, max ms", "executor, max ms")
    table = table_of(*heads, "queries, p50 ms", "p99 ms", right=tuple(range(7)))
    for number, one in enumerate(findings.observations, 1):
        table.add_row(
            str(number),
            f"{one.steps_per_s:,.0f}",
            str(max(lag.views_ms for lag in one.lags)),
            str(max(lag.relay_ms for lag in one.lags)),
            str(max((wait.waited_ms for wait in one.waits), default=0)),
            f"{one.query_p50_ms:.1f}",
            f"{one.query_p99_ms:.1f}",
        )
    return table
