"""The view of the steps of runs."""

from baton.projector.views.run_steps.view import VIEW

__all__ = ["VIEW"]
