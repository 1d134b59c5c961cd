"""The view of definitions."""

from baton.projector.views.definitions.view import VIEW

__all__ = ["VIEW"]
