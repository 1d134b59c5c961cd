"""The messages of a run: commands, events of the run, and events of its steps."""

from typing import TypeAlias

from baton.domain.run.messages.commands import Command
from baton.domain.run.messages.run_events import RunEvent
from baton.domain.run.messages.step_events import StepEvent

Event: TypeAlias = RunEvent | StepEvent

__all__ = ["Command", "Event"]
