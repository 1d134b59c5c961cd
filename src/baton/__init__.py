"""Baton, the workflow orchestrator. What the author of a function imports is here.

Importing it starts nothing; settings, wiring and the command line are modules of their own.
"""

from baton.executor.sdk import AttemptOver, NonRetryableError, StepContext, StepResult, function

__all__ = ["AttemptOver", "NonRetryableError", "StepContext", "StepResult", "function"]
