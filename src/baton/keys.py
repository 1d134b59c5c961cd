"""Keys of an installation: the secret that signs tokens and the key that seals stored secrets.

`dev` and `demo` make them once and keep them in the data folder, readable by the owner alone.
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
        """Return what to do."""
        return str(self.__doc__)


def jwt_secret(settings: Settings, *, create: bool) -> str:
    """Return the configured secret or the data folder's; `create` makes that where it is missing.

    Raises MissingJwtSecret when there is none and none may be made.
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
    """Return the 32 bytes that stored secrets are sealed with, made on first use."""
    path = settings.data_folder / _SEAL_FILE
    if path.exists():
        return bytes.fromhex(path.read_text().strip())
    if settings.jwt_secret is not None and not is_embedded(settings.store_url):
        # Several machines share one store: they must come to the same key without sharing a file.
        secret = settings.jwt_secret.get_secret_value()
        return sha256(b"baton sealing key\0" + secret.encode()).digest()
    return bytes.fromhex(_create_once(path, secrets.token_hex(32)))


def _create_once(path: Path, value: str) -> str:
    """Write `value` in one piece, or return what another process was quicker to write."""
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
