"""Tells what was found: tables for people, one JSON document for programs."""

from collections.abc import Iterator
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.findings import Findings, ratios, verdicts
from benchmarks.memory import growth

FILE = "latest.json"
_PLAIN_WIDTH = 120


def write(findings: Findings, folder: Path) -> Path:
    """Write the document, and return where it is."""
    medians = [
        {
            "subject": one.subject,
            "shape": one.cell.shape,
            "in_flight": one.cell.in_flight,
            "steps_per_s": one.steps_per_s,
            "runs_per_s": one.runs_per_s,
            "p50_ms": one.p50_ms,
            "p99_ms": one.p99_ms,
        }
        for one in (*findings.throughput, *findings.latency)
    ]
    told = {"findings": findings, "medians": medians, "ratios": ratios(findings)}
    reached = [
        {"what": one.what, "wanted": one.wanted, "found": one.found, "met": one.met}
        for one in verdicts(findings)
    ]
    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({**told, "verdicts": reached}, option=orjson.OPT_INDENT_2))
    return path


def show(findings: Findings) -> None:
    """Print all tables."""
    console = Console()
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    for table in _tables(findings):
        console.print(table)
        console.print()


def _tables(findings: Findings) -> Iterator[Table]:
    yield _machine(findings)
    if findings.trials:
        yield _trials(findings)
    if findings.throughput:
        yield _throughput(findings)
    if findings.latency:
        yield _latency(findings)
    if findings.stored:
        yield _stored(findings)
    if findings.memory:
        yield _memory(findings)
    yield _verdicts(findings)


def _machine(findings: Findings) -> Table:
    machine = findings.machine
    table = _table(f"Machine ({findings.plan} plan, {machine.at})", "", "")
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    for name, value in (
        ("system", machine.system),
        ("processor", f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB"),
        ("software", f"Python {machine.python}, SQLite {machine.sqlite}, {packages}"),
        ("durable write of 4 KiB", f"{machine.sync_ms} ms"),
        ("load before the run", f"{machine.load}"),
    ):
        table.add_row(name, value)
    return table


def _trials(findings: Findings) -> Table:
    table = _table("DBOS: which setting serves best", "shape", "setting", "steps/s", "")
    for one in findings.trials:
        chosen = "chosen" if findings.chosen.get(one.kind) == one.setting else ""
        table.add_row(one.kind, str(one.setting), f"{one.steps_per_s:,.0f}", chosen)
    return table


def _throughput(findings: Findings) -> Table:
    title = "Throughput (medians; p50 and p99 of a run, through HTTP of a request)"
    heads = ("shape", "in flight", "subject", "steps/s", "runs/s", "p50 ms", "p99 ms", "engine ÷")
    table = _table(title, *heads, right=(1, 3, 4, 5, 6, 7))
    factors = {(one.cell, one.against): f"{one.factor:,.0f} ×" for one in ratios(findings)}
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
    table = _table(
        "A single run of 3 steps, start to seen completed",
        "subject",
        "p50 ms",
        "p99 ms",
        right=(1, 2),
    )
    for one in findings.latency:
        table.add_row(one.subject, f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}")
    return table


def _stored(findings: Findings) -> Table:
    table = _table(
        "Cost of a step", "stored runs", "µs", "µs of processor", "÷ first", right=(0, 1, 2, 3)
    )
    first = findings.stored[0]
    for one in findings.stored:
        ratio = f"{one.wall_us / first.wall_us:.2f}"
        table.add_row(f"{one.stored:,}", f"{one.wall_us:.0f}", f"{one.cpu_us:.0f}", ratio)
    return table


def _memory(findings: Findings) -> Table:
    samples = list(findings.memory)
    table = _table("Memory of the server", "runs", "MiB", right=(0, 1))
    for one in samples[:: max(1, len(samples) // 10)]:
        table.add_row(f"{one.runs:,}", f"{one.rss_mib:.0f}")
    table.caption = f"second half: × {growth(samples):.3f}"
    return table


def _verdicts(findings: Findings) -> Table:
    table = _table("What was to be reached", "what", "wanted", "found", "", right=(1, 2))
    for one in verdicts(findings):
        sign = "≤" if one.at_most else "≥"
        reached = "[green]yes[/]" if one.met else "[red]no[/]"
        table.add_row(one.what, f"{sign} {one.wanted:,g}", f"{one.found:,.2f}", reached)
    return table


def _table(title: str, *heads: str, right: tuple[int, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number in right else "left")
    return table
