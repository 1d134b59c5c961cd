"""The rotation of the audit key: an event that names the former key and the new one.

The former key endorses the new one with a signed note in the event. Trust in the former key can
then extend to the new one, and write access to the database isn't enough to rotate the key.
Rotations are read from a stream of the whole installation.
"""

from collections.abc import Sequence
from typing import Final

from baton.domain.actor import Actor
from baton.domain.audit_key.decisions import DECIDER as AUDIT_KEY
from baton.domain.audit_key.messages import AuditKeyRotated, RotateAuditKey
from baton.domain.frozen import frozen
from baton.domain.stream import SERVER, stream_name
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.codec import decode_recorded
from baton.eventlog.loops.transact import transact
from baton.eventlog.notary.audit_keys import AuditKeys
from baton.eventlog.notary.signed_note import BadKey, BadNote, VerifierKey, open_note
from baton.eventlog.ports.audit.leaf_store import LeafStore, SealedHead
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore

STREAM: Final = stream_name(SERVER, AUDIT_KEY.name, "log")
_NOTARY: Final = Actor("notary", "system")


@frozen
class Rotation:
    """A rotation at a position of the log; `endorsed` if the former key signed the new one."""

    position: int
    former: VerifierKey
    key: VerifierKey
    endorsed: bool


class KeyRotation:
    """Records that the configured key isn't the key that signed the newest head.

    Args:
        store: Takes the event.
        keys: The configured keys.
        clock: Gives the event its time.
    """

    def __init__(self, store: EventStore, keys: AuditKeys, clock: Clock) -> None:
        self._store, self._keys, self._clock = store, keys, clock

    async def announce(self, newest: SealedHead | None) -> None:
        """Record a rotation, if there is one; raises `Unavailable`."""
        key = self._keys.signing.verifier
        former = None if newest is None else self._keys.signer_of(newest.note)
        if former is None or former == key:
            return
        signing = next((key for key in self._keys.former if key.verifier == former), None)
        endorsement = None if signing is None else signing.sign(endorsement_text(former, key))
        command = RotateAuditKey(
            former=str(former),
            key=str(key),
            endorsement=None if endorsement is None else endorsement.decode(),
            actor=_NOTARY,
            at=self._clock.now(),
        )
        await transact(self._store, AUDIT_KEY, STREAM, command)


def endorsement_text(former: VerifierKey, key: VerifierKey) -> str:
    """Return the text that a former key signs to endorse a new one."""
    return f"baton audit key\n{former}\n{key}\n"


async def rotations_in(store: LeafStore) -> Sequence[Rotation]:
    """Return the rotations of a log, in order; raises `Unavailable`.

    An event that can't be read is left out; the verification of events reports it.
    """
    rotations: list[Rotation] = []
    for stored in await store.stream(STREAM):
        try:
            rotations.append(_rotation(stored.position, decode_recorded(*stored).event))
        except (Unreadable, BadKey):
            continue
    return rotations


def _rotation(position: int, event: object) -> Rotation:
    """Return the rotation of an event; raises `BadKey`."""
    if not isinstance(event, AuditKeyRotated):
        raise BadKey("the event isn't a rotation of a key")
    former, key = VerifierKey.parse(event.former), VerifierKey.parse(event.key)
    note = (event.endorsement or "").encode()
    try:
        endorsed = open_note(note, (former,)) == endorsement_text(former, key)
    except BadNote:
        endorsed = False
    return Rotation(position=position, former=former, key=key, endorsed=endorsed)
