"""Graphs as dialects of tasks see them: what a task depends on, and its newest visit in a run."""

from baton.command_api.dialect.task_graphs.dependencies import can_express, predecessors
from baton.command_api.dialect.task_graphs.visits import newest_visits

__all__ = ("can_express", "newest_visits", "predecessors")
