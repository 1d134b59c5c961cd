"""Draws charts of throughput, latency, cost per step and memory, one file each."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from benchmarks.findings import Findings
from benchmarks.plan import Cell
from benchmarks.subjects import DBOS, DBOS_UNTUNED, ENGINE, HTTP

COLOURS = {ENGINE: "#1b6ca8", HTTP: "#6fb1dd", DBOS: "#d1793a", DBOS_UNTUNED: "#ecc19f"}
_BAR = 0.2


def draw(findings: Findings, folder: Path) -> list[Path]:
    """Draw the charts and return their files."""
    return saved(dict(_pictures(findings)), folder)


def saved(pictures: Mapping[str, Picture], folder: Path) -> list[Path]:
    """Write charts under their names and return the files."""
    # The same figures make the same file: ids that don't change, and text that stays text.
    mpl.rcParams.update({"svg.hashsalt": "baton", "svg.fonttype": "none", "font.size": 9})
    drawn = []
    for name, picture in pictures.items():
        path = folder / f"{name}.svg"
        picture.savefig(path, metadata={"Date": None})
        drawn.append(path)
    return drawn


def _pictures(findings: Findings) -> Iterator[tuple[str, Picture]]:
    if findings.throughput:
        yield "throughput", _throughput(findings)
    if findings.latency:
        yield "latency", _latency(findings)
    if findings.stored:
        yield "cost-per-step", _stored(findings)
    if findings.memory:
        yield "memory", _memory(findings)


def empty(title: str, width: float = 6.4) -> tuple[Picture, Axes]:
    """Return an empty chart with a title."""
    picture = Picture(figsize=(width, 3.6), layout="constrained")
    axes = picture.subplots()
    axes.set_title(title, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.4)
    axes.set_axisbelow(True)
    return picture, axes


def _throughput(findings: Findings) -> Picture:
    picture, axes = empty("Steps a second (logarithmic)", width=10)
    cells = list(dict.fromkeys(one.cell for one in findings.throughput))
    for number, (subject, colour) in enumerate(COLOURS.items()):
        figures = [one for one in findings.throughput if one.subject == subject]
        places = [cells.index(one.cell) + (number - 1.5) * _BAR for one in figures]
        bars = axes.bar(
            places, [one.steps_per_s for one in figures], _BAR, color=colour, label=subject
        )
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=6, rotation=90, padding=2)
    axes.set_yscale("log")
    axes.margins(y=0.15)
    axes.set_ylim(bottom=10)
    axes.set_xticks(range(len(cells)), [named(cell) for cell in cells])
    axes.legend(ncols=4, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15))
    return picture


def named(cell: Cell) -> str:
    """Return the label of a cell."""
    return f"{cell.shape}\n{cell.in_flight} in flight"


def _latency(findings: Findings) -> Picture:
    picture, axes = empty("A single run of 3 steps, start to seen completed (ms)")
    for number, quantile in enumerate(("p50", "p99")):
        values = [getattr(one, f"{quantile}_ms") for one in findings.latency]
        places = [place + (number - 0.5) * _BAR * 2 for place in range(len(values))]
        colours = [COLOURS[one.subject] for one in findings.latency]
        bars = axes.bar(places, values, _BAR * 1.8, color=colours, alpha=1 - 0.4 * number)
        axes.bar_label(bars, fmt=f"{quantile} {{:.1f}}")
    axes.set_xticks(range(len(findings.latency)), [one.subject for one in findings.latency])
    return picture


def _stored(findings: Findings) -> Picture:
    picture, axes = empty("Cost of a step, by stored runs (µs)")
    stored = [one.stored for one in findings.stored]
    colour = COLOURS[ENGINE]
    wall = [one.wall_us for one in findings.stored]
    axes.plot(stored, wall, "o-", color=colour, label="time")
    processor = [one.cpu_us for one in findings.stored]
    axes.plot(stored, processor, "o--", color=colour, label="processor")
    axes.set_xscale("log")
    axes.set_xticks(stored, [f"{number:,}" for number in stored], minor=False)
    axes.set_ylim(0, 1.2 * max(wall + processor))
    axes.legend(frameon=False, loc="lower left")
    return picture


def _memory(findings: Findings) -> Picture:
    picture, axes = empty("Resident memory of the server, by runs started (MiB)")
    runs = [one.runs for one in findings.memory]
    axes.plot(runs, [one.rss_mib for one in findings.memory], color=COLOURS[HTTP])
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    return picture
