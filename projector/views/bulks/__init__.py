"""The view of bulks."""

from baton.projector.views.bulks.view import VIEW

__all__ = ["VIEW"]
