"""The output of a run: that of the step which ended last."""

from collections.abc import Sequence

from baton.domain.json import Json
from baton.projector.views.run_steps.view import Document as Step


def output_of(steps: Sequence[Step], flow: str) -> Json:
    """Return the output of a completed run; null for a graph by needs, which has no last step.

    Args:
        steps: The history of the run, in the order of its events.
        flow: The kind of its graph, "next" or "needs".
    """
    if flow == "needs" or not steps or steps[-1].status != "succeeded":
        return None
    return steps[-1].output
