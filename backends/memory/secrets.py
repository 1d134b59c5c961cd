"""Encrypted secrets in memory."""

from baton.eventlog.secret_cipher import SecretCipher


class MemorySecrets:
    """Implements `Secrets`."""

    def __init__(self, cipher: SecretCipher) -> None:
        self._cipher = cipher
        self._encrypted: dict[tuple[str, str], bytes] = {}

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`, in place of an earlier one."""
        self._encrypted[tenant, secret_id] = self._cipher.encrypt(tenant, secret_id, value)

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value."""
        encrypted = self._encrypted.get((tenant, secret_id))
        return None if encrypted is None else self._cipher.decrypt(tenant, secret_id, encrypted)
