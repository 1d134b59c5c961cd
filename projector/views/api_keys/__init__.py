"""The view of API keys."""

from baton.projector.views.api_keys.view import VIEW

__all__ = ["VIEW"]
