"""Failures of the technologies that Baton depends on."""


class Unavailable(Exception):
    """A store, log or service did not respond.

    The operation may or may not have happened, unless the method that raised the error says
    otherwise.
    """


class Misconfigured(Unavailable):
    """A setting, a schema or a file must be changed first: waiting doesn't help."""


class FileNotReadable(Misconfigured):
    """A file that a setting names doesn't exist or can't be opened."""


class InUse(Unavailable):
    """Another process holds the exclusive right to write to this store."""


class QueryTooSlow(Unavailable):
    """A query exceeded the time limit; a query with more conditions may be faster."""


class Unreadable(Exception):
    """A stored event or document is damaged, or of a type that this release doesn't know."""


class Unwritable(ValueError):
    """A value has no JSON form: it is nested too deeply or of an unsupported type."""
