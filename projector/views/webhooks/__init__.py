"""The view of webhook registrations."""

from baton.projector.views.webhooks.view import VIEW

__all__ = ["VIEW"]
