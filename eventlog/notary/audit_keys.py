"""The keys of an installation's tree heads: one signs, older ones may have signed before."""

from dataclasses import dataclass

from baton.eventlog.notary.signed_note import BadKey, SigningKey, VerifierKey


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Keys of tree heads.

    Attributes:
        signing: The key that signs new heads.
        verifiers: The keys that heads may be signed by, the newest first.
    """

    signing: SigningKey
    verifiers: tuple[VerifierKey, ...]

    @classmethod
    def parse(cls, text: str) -> "AuditKeys":
        """Return the keys in a text, separated by commas or blanks; raises `BadKey`.

        The first one is a signing key. The others are keys that signed before: verifier keys, or
        signing keys.
        """
        first, *others = text.replace(",", " ").split() or [""]
        signing = SigningKey.parse(first)
        return cls(signing, (signing.verifier, *map(_verifier, others)))


def _verifier(text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text)
    except BadKey:
        return SigningKey.parse(text).verifier
