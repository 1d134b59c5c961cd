"""Failures of what Baton stands on."""


class Unavailable(Exception):
    """A store, a log or a service did not answer; nothing is known to have happened."""


class InUse(Unavailable):
    """Another process writes to this place."""


class Unreadable(Exception):
    """A stored event or document is damaged, or of a kind this release doesn't know."""


class Unwritable(ValueError):
    """A value can't be written as JSON: too deep, or nothing that JSON has a form for."""
