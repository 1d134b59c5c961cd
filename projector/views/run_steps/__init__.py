"""The view of steps of runs."""

from baton.projector.views.run_steps.view import VIEW

__all__ = ["VIEW"]
