"""Strategies of hypothesis for tests of workflows: inputs, outcomes of steps, and whole runs.

    @given(strategies.any_run("orders.yaml", input=strategies.inputs(Order)))
    def test_every_order_ends(planned: AnyRun) -> None:
        planned.play()

Baton doesn't install hypothesis.
"""

try:
    import hypothesis as _hypothesis
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "baton.testing.strategies needs hypothesis: pip install hypothesis", name="hypothesis"
    ) from None

from baton.testing.strategies.any_run import AnyRun, any_run
from baton.testing.strategies.outcomes import StepOutcome, outcomes
from baton.testing.strategies.schema_values import inputs

__all__ = ["AnyRun", "StepOutcome", "any_run", "inputs", "outcomes"]
del _hypothesis
