"""Failures of what Baton stands on."""


class Unavailable(Exception):  # noqa: N818 - says a fact about a dependency
    """A store, a log or a service did not answer; nothing is known to have happened."""
