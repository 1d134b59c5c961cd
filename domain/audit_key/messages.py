"""Commands and events of the audit key. Event names and fields are the storage format.

Keys are verifier keys of signed notes, `name+id+base64`. Times are milliseconds since the epoch,
UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateAuditKey:
    """Let `key` sign from now on, and not `former`; `endorsement` is as in the event."""

    former: str
    key: str
    endorsement: str | None
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeyRotated:
    """`key` signs the heads behind this event, instead of `former`.

    `endorsement` is a signed note by `former` about `key`, None where `former` could not sign any
    more.
    """

    former: str
    key: str
    endorsement: str | None
    actor: Actor
    at: int


Command: TypeAlias = RotateAuditKey
Event: TypeAlias = AuditKeyRotated
