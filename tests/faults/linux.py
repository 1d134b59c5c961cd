"""What the system says of a process."""

from pathlib import Path


def exists(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


def is_stopped(pid: int) -> bool:
    """Whether it was paused by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
