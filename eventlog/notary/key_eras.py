"""The keys that heads may be signed by, at the positions that the heads cover.

After a rotation either the former or the new key may sign; from the first head by the new key on,
only the new key may. A key is trusted if the verifier was given it, or if a trusted key endorsed it
in its rotation. Earlier keys are trusted because the newest head covers everything, and a trusted
key must have signed that head.
"""

from collections.abc import Sequence

from baton.eventlog.notary.key_rotation import Rotation
from baton.eventlog.notary.signed_head import TreeHead, open_head, read_head
from baton.eventlog.notary.signed_note import BadNote, VerifierKey


class KeyEras:
    """Opens heads in the order of their positions.

    `trusts_newest` is whether a trusted key signed the last opened head.
    """

    def __init__(self, given: Sequence[VerifierKey], rotations: Sequence[Rotation]) -> None:
        """Begin before the first head.

        Args:
            given: The keys that the verifier trusts; without any, signatures aren't checked.
            rotations: The rotations of the log, in order.
        """
        self.trusts_newest = True
        self._given = frozenset(given)
        self._trusted = set(given)
        rotated = {key for rotation in rotations for key in (rotation.former, rotation.key)}
        self._rotations = [] if rotated.isdisjoint(given) else list(rotations)
        self._keys = set(given) - {rotation.key for rotation in self._rotations}
        self._keys |= {rotation.former for rotation in self._rotations[:1]}
        self._newest: VerifierKey | None = None

    def open(self, note: bytes, position: int) -> TreeHead:
        """Return the head of a note; raises `BadNote` unless a key of its time signed it.

        Args:
            note: The signed note.
            position: The position that the head covers.
        """
        if not self._given:
            return read_head(note)
        while self._rotations and self._rotations[0].position <= position:
            self._apply(self._rotations.pop(0))
        signer = _signer_of(note, self._keys)
        if signer == self._newest:
            self._keys = {signer}
        self.trusts_newest = signer in self._trusted
        return open_head(note, (signer,))

    def _apply(self, rotation: Rotation) -> None:
        """Let the new key sign; ignore a rotation by a key that can't sign."""
        if rotation.former not in self._keys:
            return
        if rotation.endorsed and rotation.former in self._trusted:
            self._trusted.add(rotation.key)
        self._keys = {rotation.former, rotation.key}
        self._newest = rotation.key


def _signer_of(note: bytes, keys: set[VerifierKey]) -> VerifierKey:
    """Return the key that signed a note; raises `BadNote`."""
    ordered = sorted(keys, key=str)
    for key in ordered:
        try:
            open_head(note, (key,))
        except BadNote:
            continue
        return key
    open_head(note, ordered)  # says what is wrong
    raise BadNote("is not signed")
