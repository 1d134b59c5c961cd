"""Processor time by kind of process (Linux)."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

Pids = Mapping[str, tuple[int, ...]]
"""Processes by what they do; children count for their parents."""

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Pids) -> dict[str, float]:
    """Return processor seconds of each kind of process since its start; empty without /proc."""
    table = dict(_processes())
    children: dict[int, list[int]] = {}
    for pid, (parent, _, _) in table.items():
        children.setdefault(parent, []).append(pid)
    return {
        kind: sum(_with_children(root, table, children) for root in roots)
        for kind, roots in pids.items()
    }


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return the difference of two samples in seconds."""
    return {kind: seconds - before.get(kind, 0.0) for kind, seconds in after.items()}


def _with_children(
    root: int, table: Mapping[int, tuple[int, float, float]], children: Mapping[int, list[int]]
) -> float:
    """Add up each living process, and for the root also its children that have ended."""
    if root not in table:
        return 0.0
    total, waiting = table[root][2], [root]
    while waiting:
        pid = waiting.pop()
        total += table[pid][1]
        waiting += children.get(pid, ())
    return total


def _processes() -> Iterator[tuple[int, tuple[int, float, float]]]:
    """Yield (pid, (parent, own seconds, seconds of its ended children))."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has ended
        fields = text.rpartition(")")[2].split()
        user, system, children_user, children_system = (int(one) for one in fields[11:15])
        own, ended = (user + system) / _TICKS, (children_user + children_system) / _TICKS
        yield int(path.parent.name), (int(fields[1]), own, ended)
