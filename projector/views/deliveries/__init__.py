"""The view of deliveries."""

from baton.projector.views.deliveries.view import VIEW

__all__ = ["VIEW"]
