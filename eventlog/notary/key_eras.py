"""The keys that heads may be signed by, at the positions that the heads cover.

Behind a rotation the former key or the new one may sign, and from the first head by the new key on
that one alone. A key is trusted if the verifier was given it, or if a trusted key endorsed it when
it was rotated. Keys before those are trusted because the newest head covers everything, and that
one has to be signed by a trusted key.
"""

from collections.abc import Sequence

from baton.eventlog.notary.key_rotation import Rotation
from baton.eventlog.notary.signed_head import TreeHead, open_head, read_head
from baton.eventlog.notary.signed_note import BadNote, VerifierKey


class KeyEras:
    """Opens heads in the order of their positions.

    `trusts_newest` is whether the last head that was opened is signed by a trusted key.
    """

    def __init__(self, given: Sequence[VerifierKey], rotations: Sequence[Rotation]) -> None:
        """Begin in front of the first head.

        Args:
            given: The keys that the verifier trusts; without any, signatures aren't checked.
            rotations: The rotations of the log, in order.
        """
        self.trusts_newest = True
        self._given = frozenset(given)
        self._trusted = set(given)
        named = {key for one in rotations for key in (one.former, one.key)}
        self._rotations = [] if named.isdisjoint(given) else list(rotations)
        self._keys = set(given) - {one.key for one in self._rotations}
        self._keys |= {one.former for one in self._rotations[:1]}
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
        """Let the new key sign; a rotation of a key that can't sign is none."""
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
