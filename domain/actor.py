"""The actor of a command: the person or service that acts, as events record it."""

from typing import Literal, TypeAlias

from baton.domain.frozen import frozen

Method: TypeAlias = Literal[
    "token", "key", "session", "webhook", "schedule", "event", "system", "bulk"
]


@frozen(kw_only=False, slots=False)
class Actor:
    """The subject that acts, and the method by which it was identified.

    `key_id` names the API key for the method "key" (never the key itself), and the bulk for the
    method "bulk", where Baton acts for the subject. The class has no slots, because orjson writes
    it three times as fast without them.
    """

    subject: str
    method: Method
    key_id: str | None = None
