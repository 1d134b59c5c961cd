"""Encrypts secrets with AES-256-GCM, bound to the tenant and the id they belong to."""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baton.eventlog.errors import Unreadable

_NONCE_BYTES = 12
_MIN_KEY_BYTES = 16


class SecretCipher:
    """Encrypts values so that only the same key decrypts them, for the same tenant and id.

    `key_id` identifies the key without revealing it.
    """

    def __init__(self, key: bytes) -> None:
        """Derive the cipher's key from `key`: at least 16 unguessable bytes, else ValueError."""
        if len(key) < _MIN_KEY_BYTES:
            raise ValueError(f"the key for secrets needs at least {_MIN_KEY_BYTES} bytes")
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"baton secrets v1")
        derived = derive.derive(key)
        self._cipher = AESGCM(derived)
        self.key_id = sha256(derived).hexdigest()[:16]

    def encrypt(self, tenant: str, secret_id: str, value: str) -> bytes:
        """Return `value` encrypted, with its nonce in front."""
        nonce = os.urandom(_NONCE_BYTES)
        bound = self._bound(tenant, secret_id)
        return nonce + self._cipher.encrypt(nonce, value.encode(), bound)

    def decrypt(self, tenant: str, secret_id: str, sealed: bytes) -> str:
        """Return the value of what `encrypt` returned.

        Raises `Unreadable` for another key, tenant or id, and for altered bytes.
        """
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            value = self._cipher.decrypt(nonce, encrypted, self._bound(tenant, secret_id))
        except (InvalidTag, ValueError) as error:
            message = f"secret {secret_id} can't be decrypted with key {self.key_id}"
            raise Unreadable(message) from error
        return value.decode()

    def _bound(self, tenant: str, secret_id: str) -> bytes:
        """Return the associated data, which must be the same for encryption and decryption."""
        return f"{self.key_id}\x1f{tenant}\x1f{secret_id}".encode()
