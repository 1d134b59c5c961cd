"""Graphs as dialects with tasks show them: dependencies of tasks, and newest visits in a run."""

from baton.command_api.dialect.task_graphs.dependencies import can_express, predecessors
from baton.command_api.dialect.task_graphs.visits import newest_visits

__all__ = ("can_express", "newest_visits", "predecessors")
