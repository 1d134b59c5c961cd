"""Baton, the workflow orchestrator. This package exports the SDK for authors of functions.

Importing it starts nothing and loads no other part of Baton.

    from baton import StepContext, function


    @function("greet")
    def greet(payload: dict, context: StepContext) -> str:
        context.log.info("greeting for run %s", context.run_id)
        return f"Hello, {payload['input']['name']}!"
"""

from baton.executor.sdk import AttemptOver, NonRetryableError, StepContext, StepResult, function

__all__ = ["AttemptOver", "NonRetryableError", "StepContext", "StepResult", "function"]
