"""The view of timers."""

from baton.projector.views.timers.view import VIEW

__all__ = ["VIEW"]
