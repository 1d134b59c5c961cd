"""The keys of an installation's tree heads: one signs now, older ones may have signed before."""

from dataclasses import dataclass

from baton.eventlog.notary.signed_note import PRIVATE, BadNote, SigningKey, VerifierKey, open_note


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Keys of tree heads.

    Attributes:
        signing: The key that signs new heads.
        verifiers: The keys that heads may be signed by, the newest first.
        former: The older keys that can still sign.
    """

    signing: SigningKey
    verifiers: tuple[VerifierKey, ...]
    former: tuple[SigningKey, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "AuditKeys":
        """Return the keys in a text, separated by commas or blanks; raises `BadKey`.

        The first one is a signing key. The others are keys that signed before, as verifier keys or
        signing keys.
        """
        first, *others = text.replace(",", " ").split() or [""]
        signing = SigningKey.parse(first)
        former = tuple(
            SigningKey.parse(key_text) for key_text in others if key_text.startswith(PRIVATE)
        )
        return cls(signing, (signing.verifier, *map(_verifier, others)), former)

    def signer_of(self, note: bytes) -> VerifierKey | None:
        """Return the key that signed a note, None if it is none of these keys."""
        return next((key for key in self.verifiers if _signed(note, key)), None)


def _signed(note: bytes, key: VerifierKey) -> bool:
    try:
        open_note(note, (key,))
    except BadNote:
        return False
    return True


def _verifier(text: str) -> VerifierKey:
    if text.startswith(PRIVATE):
        return SigningKey.parse(text).verifier
    return VerifierKey.parse(text)
