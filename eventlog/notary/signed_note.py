"""Signed notes with Ed25519, as in C2SP signed-note and Go's sumdb/note, and their keys.

A note is a text whose lines end with newlines, an empty line, and signature lines `— <name> <base64
of key id and signature>`. A verifier key is `<name>+<key id>+<base64 of 0x01 and the public key>`;
a signing key begins with `PRIVATE+KEY+` and holds the private seed instead of the public key. The
key id is the beginning of a hash of name and public key. Everything is read strictly: a text that
Baton wouldn't write is refused.
"""

import binascii
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_SEED_BYTES: Final = 32
_ID_BYTES: Final = 4
PRIVATE: Final = "PRIVATE+KEY+"
"""The beginning of the text of a signing key."""
_DASH: Final = "— "
MAX_SIGNATURES: Final = 100


class BadNote(Exception):
    """A note isn't well-formed, or its signature doesn't verify."""


class BadKey(ValueError):
    """A text isn't a key of signed notes."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name of its owner."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Return the key that a text describes; raises `BadKey`."""
        name, key_id, key = _parts(text)
        parsed = cls(name, key)
        if str(parsed) != text or parsed.key_id.hex() != key_id:
            raise BadKey("the id of the key doesn't belong to it")
        return parsed

    @property
    def key_id(self) -> bytes:
        """The four bytes before a signature by this key, which identify the key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def verifies(self, text: str, signature: bytes) -> bool:
        """Return whether this key signed `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return _key_text(self.name, self.key_id, self.public)


class SigningKey:
    """A private key with the name of its owner; its text must stay secret."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Raises `BadKey` for a name that a note can't contain."""
        if not name or "+" in name or any(character.isspace() for character in name):
            raise BadKey("the name of a key has no blanks and no plus sign")
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> "SigningKey":
        """Return a new random key."""
        return cls(name, secrets.token_bytes(_SEED_BYTES))

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Return the key that a text describes; raises `BadKey`, which doesn't show the key."""
        if not text.startswith(PRIVATE):
            raise BadKey(f"a signing key begins with {PRIVATE}")
        name, _, seed = _parts(text.removeprefix(PRIVATE))
        parsed = cls(name, seed)
        if parsed.text != text:
            raise BadKey("the id of the key doesn't belong to it")
        return parsed

    @property
    def text(self) -> str:
        """The secret text of the key."""
        return PRIVATE + _key_text(self.verifier.name, self.verifier.key_id, self._seed)

    def sign(self, text: str) -> bytes:
        """Return the signed note of a text, whose lines end with newlines."""
        signature = b64encode(self.verifier.key_id + self._private.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self.verifier.name} {signature}\n".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes


def read_note(note: bytes) -> tuple[str, list[Signature]]:
    """Return the text of a note and its signatures, unverified; raises `BadNote`."""
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise BadNote("it is not UTF-8") from None
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise BadNote("it has no signatures")
    if any(ord(character) < ord(" ") and character != "\n" for character in whole):
        raise BadNote("it has control characters")
    signatures = [_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > MAX_SIGNATURES:
        raise BadNote("it has too many signatures")
    return text + "\n", signatures


def open_note(note: bytes, keys: Iterable[VerifierKey]) -> str:
    """Return the text of a note that one of `keys` signed.

    Signatures by other keys are ignored. Raises `BadNote` if no signature is by one of `keys`, or
    if one that claims to be doesn't verify.
    """
    text, signatures = read_note(note)
    keys_by_id = {(key.name, key.key_id): key for key in keys}
    signed = False
    for signature in signatures:
        key = keys_by_id.get((signature.name, signature.key_id))
        if key is not None and not key.verifies(text, signature.signature):
            raise BadNote(f"the signature by {key} is wrong")
        signed |= key is not None
    if not signed:
        names = " or ".join(map(str, keys_by_id.values())) or "any known key"
        raise BadNote(f"is not signed by {names}")
    return text


def decode_base64(text: str) -> bytes:
    """Return the bytes of a text in base64; raises ValueError unless it is in canonical form."""
    try:
        decoded = b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if b64encode(decoded).decode() != text:
        raise ValueError("not in canonical form")
    return decoded


def _signature(line: str) -> Signature:
    name, blank, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        data = decode_base64(encoded)
    except ValueError:
        data = b""
    if not line.startswith(_DASH) or not name or not blank or len(data) <= _ID_BYTES:
        raise BadNote("a signature line is malformed")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def _key_text(name: str, key_id: bytes, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{b64encode(_ED25519 + key).decode()}"


def _parts(text: str) -> tuple[str, str, bytes]:
    """Return name, key id in hex and key bytes of a key's text."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        data = decode_base64(encoded)
    except ValueError:
        raise BadKey("a key is NAME+ID+BASE64") from None
    if not name or any(character.isspace() for character in name):
        raise BadKey("a key is NAME+ID+BASE64")
    if data[:1] != _ED25519 or len(data) != 1 + _SEED_BYTES:
        raise BadKey("the key is not of the kind Ed25519")
    return name, key_id, data[1:]
