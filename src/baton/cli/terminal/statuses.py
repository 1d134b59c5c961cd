"""The words for how a run or a step stands, and their colours."""

FINAL = ("completed", "failed", "cancelled")
STATUSES = ("pending", "running", "waiting", *FINAL)
"""Of a run."""

COLOURS = {
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
