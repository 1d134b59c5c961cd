"""A record event from outside, and which triggers it fired."""
