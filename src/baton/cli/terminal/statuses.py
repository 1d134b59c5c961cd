"""The statuses of runs and steps, and their colors."""

FINAL = ("completed", "failed", "cancelled")
STATUSES = ("pending", "running", "waiting", "paused", *FINAL)
"""The statuses of a run."""

COLORS = {
    "completed": "green",
    "succeeded": "green",
    "active": "green",
    "failed": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "waiting": "magenta",
    "running": "cyan",
    "pending": "dim",
    "skipped": "dim",
}
