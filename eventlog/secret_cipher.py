"""Encrypts secrets with AES-256-GCM, bound to the tenant and the id they belong to."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baton.eventlog.errors import Unreadable

_NONCE_BYTES = 12
_MIN_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value, and the id of its key, which identifies the key without revealing it."""

    key_id: str
    encrypted: bytes


class SecretCipher:
    """Encrypts with the newest key; decrypts with any key, for the same tenant and id.

    `key_id` is the id of the newest key, "" without keys: such a cipher refuses every call.
    """

    def __init__(self, keys: Sequence[bytes], purpose: bytes = b"baton secrets v1") -> None:
        """Derive a cipher from each of `keys`, the newest first.

        Each key has at least 16 unguessable bytes, else ValueError. Ciphers for different purposes
        can't read each other's values.
        """
        self._ciphers = dict(_cipher(key, purpose) for key in keys)
        self.key_id = next(iter(self._ciphers), "")

    def seal(self, tenant: str, secret_id: str, value: str) -> Sealed:
        """Return `value` encrypted with the newest key; raises `Unreadable` without keys."""
        return self.seal_bytes(tenant, secret_id, value.encode())

    def seal_bytes(self, tenant: str, secret_id: str, value: bytes) -> Sealed:
        """Return bytes encrypted like a text."""
        cipher = self._cipher_of(self.key_id, secret_id)
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(self.key_id, tenant, secret_id)
        return Sealed(self.key_id, nonce + cipher.encrypt(nonce, value, bound))

    def open(self, tenant: str, secret_id: str, sealed: Sealed) -> str:
        """Return the value that `seal` encrypted.

        Raises `Unreadable` for another key, tenant or id, and for altered bytes.
        """
        return self.open_bytes(tenant, secret_id, sealed).decode()

    def open_bytes(self, tenant: str, secret_id: str, sealed: Sealed) -> bytes:
        """Return the bytes that `seal_bytes` encrypted; raises `Unreadable` as `open` does."""
        cipher = self._cipher_of(sealed.key_id, secret_id)
        nonce, encrypted = sealed.encrypted[:_NONCE_BYTES], sealed.encrypted[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, encrypted, _bound(sealed.key_id, tenant, secret_id))
        except (InvalidTag, ValueError) as error:
            message = f"secret {secret_id} is damaged: its tenant or its bytes were changed"
            raise Unreadable(message) from error

    def _cipher_of(self, key_id: str, secret_id: str) -> AESGCM:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            configured = ", ".join(self._ciphers) or "none"
            message = (
                f"secret {secret_id} can't be decrypted: its key is {key_id or 'missing'}, and the"
                f" configured ones are {configured};"
                " add it to BATON_SEAL_KEY, or set the secret again"
            )
            raise Unreadable(message)
        return cipher


def moves_to_newest(
    cipher: SecretCipher, rows: Iterable[tuple[Any, ...]]
) -> tuple[list[tuple[str, bytes, str, str, str, bytes]], list[str]]:
    """Return the updates that give secrets the newest key, and the ids of unreadable secrets.

    An update is the new key's id and value, then the row as it was read.

    Args:
        rows: Tenant, id, id of the key and encrypted value of each secret.
    """
    moves, unreadable = [], []
    for tenant, secret_id, key_id, encrypted in rows:
        try:
            value = cipher.open(tenant, secret_id, Sealed(key_id, encrypted))
        except Unreadable:
            unreadable.append(secret_id)
            continue
        new = cipher.seal(tenant, secret_id, value)
        moves.append((new.key_id, new.encrypted, tenant, secret_id, key_id, encrypted))
    return moves, unreadable


def _cipher(key: bytes, purpose: bytes) -> tuple[str, AESGCM]:
    if len(key) < _MIN_KEY_BYTES:
        message = f"the key for secrets needs at least {_MIN_KEY_BYTES} bytes"
        raise ValueError(message)
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose)
    derived = derive.derive(key)
    return sha256(derived).hexdigest()[:16], AESGCM(derived)


def _bound(key_id: str, tenant: str, secret_id: str) -> bytes:
    """Return the associated data, which must be the same for encryption and decryption."""
    return f"{key_id}\x1f{tenant}\x1f{secret_id}".encode()
