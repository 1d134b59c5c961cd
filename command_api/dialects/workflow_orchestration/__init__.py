"""The Workflow Orchestration API: workflows of tasks, their executions, and their progress."""

from typing import Final

from baton.command_api.dialect.contract import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = ()
