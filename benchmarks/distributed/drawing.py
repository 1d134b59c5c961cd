"""Draws the charts of the distributed setting, one file each."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from benchmarks.distributed.findings import DBOS, HTTP, Figure, Findings, engine
from benchmarks.distributed.lag import LIMIT_MS, Observation, worst_by_moment
from benchmarks.drawing import empty, named, saved
from benchmarks.plan import Cell

COLOURS = {engine(1): "#1b6ca8", engine(2): "#12466e", HTTP: "#6fb1dd", DBOS: "#d1793a"}
_BAR = 0.2
_DRAWN = (Cell("3-step", 50), Cell("3-step", 500))
_FOLLOWERS = {"relay": "#d1793a", "executor": "#5a9e6f", "projector": "#1b6ca8"}
_PROCESSOR = ("#12466e", "#1b6ca8", "#6fb1dd", "#5a9e6f", "#a8cf9f", "#d1793a", "#ecc19f")


def draw(findings: Findings, folder: Path) -> list[Path]:
    """Draw the charts and return their files."""
    return saved({f"distributed-{name}": one for name, one in _pictures(findings)}, folder)


def _pictures(findings: Findings) -> Iterator[tuple[str, Picture]]:
    yield "throughput", _throughput(findings)
    yield "processor", _processor(findings.throughput)
    if findings.scaled:
        yield "scaling", _scaling(findings)
    if findings.observations:
        yield "lag", _lag(findings.observations[-1])


def _throughput(findings: Findings) -> Picture:
    picture, axes = empty("Steps a second on PostgreSQL and Kafka (logarithmic)", width=10)
    cells = list(dict.fromkeys(one.cell for one in findings.throughput))
    for number, (subject, colour) in enumerate(COLOURS.items()):
        figures = [one for one in findings.throughput if one.subject == subject]
        places = [cells.index(one.cell) + (number - 1.5) * _BAR for one in figures]
        heights = [one.median("steps_per_s") for one in figures]
        bars = axes.bar(places, heights, _BAR, color=colour, label=subject)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=6, rotation=90, padding=2)
    axes.set_yscale("log")
    axes.margins(y=0.15)
    axes.set_ylim(bottom=10)
    axes.set_xticks(range(len(cells)), [named(cell) for cell in cells])
    _legend(axes, columns=4)
    return picture


def _processor(figures: Sequence[Figure]) -> Picture:
    """Draw processor time of 3-step runs; other shapes would need another scale."""
    picture, axes = empty("Processor, µs a run of 3 steps, by kind of process", width=10)
    shown = [one for one in figures if one.subject != DBOS and one.cell in _DRAWN]
    kinds = list(dict.fromkeys(kind for one in shown for kind in one.cpu_us()))
    bottoms = [0.0] * len(shown)
    for kind, colour in zip(kinds, _PROCESSOR, strict=False):
        heights = [one.cpu_us().get(kind, 0.0) for one in shown]
        axes.bar(range(len(shown)), heights, 0.6, bottom=bottoms, color=colour, label=kind)
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    names = [f"{one.subject}\n{one.cell.in_flight} in flight" for one in shown]
    axes.set_xticks(range(len(shown)), names, fontsize=7)
    _legend(axes, columns=len(kinds))
    return picture


def _scaling(findings: Findings) -> Picture:
    picture, axes = empty("Steps a second by executors: 3 steps, 500 in flight")
    for partitions in sorted({one.layout.partitions for one in findings.scaled}):
        found = [one for one in findings.scaled if one.layout.partitions == partitions]
        found.sort(key=lambda one: one.layout.executors)
        executors = [one.layout.executors for one in found]
        label = f"{partitions} partition{'s' * (partitions > 1)}"
        axes.plot(executors, [one.steps_per_s for one in found], "o-", label=label)
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({one.layout.executors for one in findings.scaled}))
    axes.set_xlabel("executors")
    axes.legend(frameon=False)
    return picture


def _lag(seen: Observation) -> Picture:
    picture, axes = empty("Behind the log under full load (ms)", width=10)
    seconds = [one.at_ms / 1_000 for one in seen.lags]
    axes.plot(
        seconds,
        [one.relay_ms for one in seen.lags],
        color=_FOLLOWERS["relay"],
        linewidth=0.8,
        label="relay: what isn't published",
    )
    waits = worst_by_moment(seen.waits)
    axes.plot(
        [one.at_ms / 1_000 for one in waits],
        [one.waited_ms for one in waits],
        color=_FOLLOWERS["executor"],
        linewidth=0.8,
        label="executor: until a run is started",
    )
    axes.plot(
        seconds,
        [one.views_ms for one in seen.lags],
        color=_FOLLOWERS["projector"],
        linewidth=0.8,
        label="projector: what isn't in the views",
    )
    axes.axhline(LIMIT_MS, color="black", linewidth=0.5, linestyle=":")
    axes.axvline(seen.ended_ms / 1_000, color="black", linewidth=0.5, linestyle="--")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds; the load ends at the dashed line")
    _legend(axes, columns=3)
    return picture


def _legend(axes: Axes, *, columns: int) -> None:
    axes.legend(ncols=columns, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15))
