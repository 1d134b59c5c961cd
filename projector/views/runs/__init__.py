"""The view of runs."""

from baton.projector.views.runs.view import VIEW

__all__ = ["VIEW"]
