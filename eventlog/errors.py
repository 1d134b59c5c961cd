"""Failures of the technologies that Baton depends on."""


class Unavailable(Exception):
    """A store, log or service did not respond.

    The operation may or may not have happened, unless the method that raised this says otherwise.
    """


class Misconfigured(Unavailable):
    """A setting, a schema or a file has to be changed first: waiting doesn't mend it."""


class InUse(Unavailable):
    """Another process holds the right to write here."""


class Unreadable(Exception):
    """A stored event or document is damaged, or of a type that this release doesn't know."""


class Unwritable(ValueError):
    """A value has no JSON form: it is nested too deeply or of an unsupported type."""
