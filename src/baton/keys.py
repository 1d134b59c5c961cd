"""Keys of an installation: the secrets that verify tokens and the keys that seal stored secrets.

`dev` and `demo` create one of each in the data folder, readable by its owner alone.
"""

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from baton.backend_choice import is_embedded
from baton.eventlog.notary.audit_keys import AuditKeys
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.private_files import make_folder, open_new
from baton.setting_types import split_seal_keys, split_secrets
from baton.settings import Settings

_SECRET_FILE = "jwt.secret"  # noqa: S105 - the file's name
_SEAL_FILE = "seal.key"
_AUDIT_FILE = "audit.key"
MAX_FILE_BYTES: Final = 64 * 1024


class MissingJwtSecret(Exception):
    """There is no secret for tokens; the message names the folder that was searched."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no JWT secret in {folder}: set BATON_JWT_SECRET, or name the folder of a"
            " `baton dev` with --data or BATON_DATA"
        )


class DamagedKeyFile(Exception):
    """A file with a key or a secret holds something else; the message names it."""


def jwt_secrets(settings: Settings, *, create: bool) -> tuple[str, ...]:
    """Return the configured secrets, or else those of the data folder; the first one signs.

    Raises DamagedKeyFile, and MissingJwtSecret if neither exists. With `create`, a missing secret
    is created in the folder instead.
    """
    if settings.jwt_secret is not None:
        return split_secrets(settings.jwt_secret.get_secret_value())
    path = settings.data_folder / _SECRET_FILE
    if not path.exists():
        if not create:
            raise MissingJwtSecret(settings.data_folder)
        return (_create_once(path, secrets.token_urlsafe(48)),)
    try:
        return split_secrets(_read(path))
    except ValueError as error:
        message = (
            f"{path} is damaged ({error}): put a copy back, or remove the file; then `baton dev`"
            " makes a new secret and tokens signed with the old one are no longer valid"
        )
        raise DamagedKeyFile(message) from None


def seal_keys(settings: Settings, *, create: bool = True) -> tuple[bytes, ...]:
    """Return the 32-byte keys that read stored secrets; the first one seals new ones.

    They are the keys of BATON_SEAL_KEY, then those of the data folder, then, where machines share
    the store without sharing a folder, the keys derived from the JWT secrets. Without any, the
    first use creates one in the folder, unless `create` is False. Raises DamagedKeyFile.
    """
    keys: list[bytes] = []
    if settings.seal_key is not None:
        keys += split_seal_keys(settings.seal_key.get_secret_value())
    path, embedded = settings.data_folder / _SEAL_FILE, is_embedded(settings.store_url)
    if path.exists():
        keys += _seal_keys_in(path)
    if settings.jwt_secret is not None and not embedded:
        keys += [
            _derived(secret) for secret in split_secrets(settings.jwt_secret.get_secret_value())
        ]
    if not keys and create:
        keys.append(bytes.fromhex(_create_once(path, secrets.token_hex(32))))
    return tuple(dict.fromkeys(keys))


def audit_keys(settings: Settings, *, create: bool) -> AuditKeys | None:
    """Return the keys of tree heads, those of BATON_AUDIT_KEY or else of the data folder.

    Without either, returns None, or with `create` creates a key in the folder. Raises
    DamagedKeyFile.
    """
    if settings.audit_key is not None:
        return AuditKeys.parse(settings.audit_key.get_secret_value())
    path = settings.data_folder / _AUDIT_FILE
    if not path.exists():
        if not create:
            return None
        return AuditKeys.parse(_create_once(path, SigningKey.generate(settings.audit_name).text))
    try:
        return AuditKeys.parse(_read(path))
    except ValueError as error:
        message = (
            f"{path} is damaged ({error}): put a copy back. Without it no head can be signed that"
            " others recognize; `baton audit key --create` makes another once the file is removed"
        )
        raise DamagedKeyFile(message) from None


def rotate_audit_key(settings: Settings) -> AuditKeys | None:
    """Put a new key before the keys of the data folder, which are kept; return all.

    Returns None without a key in the folder. Raises DamagedKeyFile.
    """
    keys = audit_keys(settings, create=False)
    path = settings.data_folder / _AUDIT_FILE
    if settings.audit_key is not None or keys is None:
        return None
    new = SigningKey.generate(keys.signing.verifier.name).text
    text = f"{new}\n{_read(path)}"
    new_file = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(open_new(new_file), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    new_file.replace(path)
    return AuditKeys.parse(text)


def _seal_keys_in(path: Path) -> tuple[bytes, ...]:
    try:
        return split_seal_keys(_read(path))
    except ValueError as error:
        message = (
            f"{path} is damaged ({error}): put a copy back; without it the webhooks' signing"
            " secrets can't be read. To give them up, remove the file and set them again"
        )
        raise DamagedKeyFile(message) from None


def _derived(secret: str) -> bytes:
    return sha256(b"baton sealing key\0" + secret.encode()).digest()


def _read(path: Path) -> str:
    """Return the text of a small file; raises ValueError for any other content."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES).decode("ascii").strip()


def _create_once(path: Path, value: str) -> str:
    """Write `value` atomically and return it, or the value that another process wrote first."""
    make_folder(path.parent)
    new_file = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(open_new(new_file), "w") as file:
        file.write(value + "\n")
    try:
        os.link(new_file, path)
    except FileExistsError:
        value = path.read_text().strip()
    new_file.unlink()
    return value
