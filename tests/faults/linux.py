"""Reads the state of a process from /proc."""

from pathlib import Path


def exists(pid: int) -> bool:
    """Return whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


def is_stopped(pid: int) -> bool:
    """Return whether a signal has paused the process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
