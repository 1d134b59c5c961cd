"""Encrypted secrets in memory."""

from baton.eventlog.secret_cipher import Sealed, SecretCipher


class MemorySecrets:
    """Implements `Secrets`."""

    def __init__(self, cipher: SecretCipher) -> None:
        self._cipher = cipher
        self._sealed: dict[tuple[str, str], Sealed] = {}

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`, replacing an earlier one."""
        self._sealed[tenant, secret_id] = self._cipher.seal(tenant, secret_id, value)

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value."""
        sealed = self._sealed.get((tenant, secret_id))
        return None if sealed is None else self._cipher.open(tenant, secret_id, sealed)

    async def forget(self, tenant: str, secret_id: str) -> None:
        """Delete a value."""
        self._sealed.pop((tenant, secret_id), None)
