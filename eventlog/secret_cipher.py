"""Sealing of secrets with AES-256-GCM, bound to the place they are kept at."""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baton.eventlog.errors import Unreadable

_NONCE = 12
_MIN_KEY = 16


class SecretCipher:
    """Seals values so that they open only with the same key, for the same tenant and id."""

    def __init__(self, key: bytes) -> None:
        """`key` holds at least 16 bytes that nobody can guess; raises ValueError otherwise."""
        if len(key) < _MIN_KEY:
            raise ValueError(f"a sealing key has at least {_MIN_KEY} bytes")
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"baton secrets v1")
        derived = derive.derive(key)
        self._cipher = AESGCM(derived)
        self.key_id = sha256(derived).hexdigest()[:16]

    def encrypt(self, tenant: str, secret_id: str, value: str) -> bytes:
        """Return `value` in a form that may be stored."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value.encode(), self._bound(tenant, secret_id))

    def decrypt(self, tenant: str, secret_id: str, sealed: bytes) -> str:
        """Return what was sealed; raises `Unreadable` for another key, place or altered bytes."""
        try:
            value = self._cipher.decrypt(
                sealed[:_NONCE], sealed[_NONCE:], self._bound(tenant, secret_id)
            )
        except (InvalidTag, ValueError) as error:
            raise Unreadable(f"secret {secret_id} does not open with key {self.key_id}") from error
        return value.decode()

    def _bound(self, tenant: str, secret_id: str) -> bytes:
        return f"{self.key_id}\x1f{tenant}\x1f{secret_id}".encode()
