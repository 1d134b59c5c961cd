"""The view of users."""

from baton.projector.views.users.view import VIEW

__all__ = ["VIEW"]
