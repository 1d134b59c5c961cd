"""Commands and events of the audit key. Event names and fields are the storage format.

Keys are verifier keys of signed notes, `name+id+base64`. Times are milliseconds since the epoch,
UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateAuditKey:
    """Let `key` replace `former` as the signing key; `endorsement` is as in the event."""

    former: str
    key: str
    endorsement: str | None
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeyRotated:
    """`key` signs the heads after this event, instead of `former`.

    `endorsement` is a signed note by `former` about `key`. It is None where `former` could no
    longer sign.
    """

    former: str
    key: str
    endorsement: str | None
    actor: Actor
    at: int


Command: TypeAlias = RotateAuditKey
Event: TypeAlias = AuditKeyRotated
