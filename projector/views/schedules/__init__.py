"""The view of schedules."""

from baton.projector.views.schedules.view import VIEW

__all__ = ["VIEW"]
