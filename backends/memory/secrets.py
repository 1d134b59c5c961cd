"""Sealed secrets in memory."""

from baton.eventlog.secret_cipher import SecretCipher


class MemorySecrets:
    """Implements `Secrets`."""

    def __init__(self, cipher: SecretCipher) -> None:
        self._cipher = cipher
        self._sealed: dict[tuple[str, str], bytes] = {}

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Seal and keep `value`; a later one takes its place."""
        self._sealed[tenant, secret_id] = self._cipher.encrypt(tenant, secret_id, value)

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the value for use."""
        sealed = self._sealed.get((tenant, secret_id))
        return None if sealed is None else self._cipher.decrypt(tenant, secret_id, sealed)
