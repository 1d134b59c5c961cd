"""The body of requests that need none."""

from pydantic import BaseModel


class Nothing(BaseModel):
    """The body of a request that needs none."""
