"""The view of the outcomes of bulks."""

from baton.projector.views.bulk_items.view import VIEW

__all__ = ["VIEW"]
