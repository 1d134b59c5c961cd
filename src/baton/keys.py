"""Keys of an installation: the secret that signs tokens and the key that encrypts stored secrets.

`dev` and `demo` create them once in the data folder, readable by its owner alone.
"""

import os
import secrets
from hashlib import sha256
from pathlib import Path

from baton.backend_choice import is_embedded
from baton.settings import Settings

_SECRET_FILE = "jwt.secret"  # noqa: S105 - the file's name
_SEAL_FILE = "seal.key"


class MissingJwtSecret(Exception):
    """There is no JWT secret: set BATON_JWT_SECRET, or name a data folder that holds one."""

    def __str__(self) -> str:
        """Return the docstring: it is the message."""
        return str(self.__doc__)


def jwt_secret(settings: Settings, *, create: bool) -> str:
    """Return the configured secret, or else the one of the data folder.

    Raises MissingJwtSecret if neither exists, unless `create` is set: then it creates the latter.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    path = settings.data_folder / _SECRET_FILE
    if path.exists():
        return path.read_text().strip()
    if not create:
        raise MissingJwtSecret
    return _create_once(path, secrets.token_urlsafe(48))


def secrets_key(settings: Settings) -> bytes:
    """Return the 32-byte key that encrypts stored secrets; the first use creates it."""
    path = settings.data_folder / _SEAL_FILE
    if path.exists():
        return bytes.fromhex(path.read_text().strip())
    if settings.jwt_secret is not None and not is_embedded(settings.store_url):
        # Machines that share a store derive the same key without sharing a file.
        secret = settings.jwt_secret.get_secret_value()
        return sha256(b"baton sealing key\0" + secret.encode()).digest()
    return bytes.fromhex(_create_once(path, secrets.token_hex(32)))


def _create_once(path: Path, value: str) -> str:
    """Write `value` atomically and return it, or the value of a process that was faster."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(value + "\n")
    try:
        os.link(made, path)
    except FileExistsError:
        value = path.read_text().strip()
    made.unlink()
    return value
