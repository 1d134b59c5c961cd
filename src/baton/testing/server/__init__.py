"""A running server as the host of an engine."""
