"""Encryption of connections to PostgreSQL, by the rules of libpq and two stricter ones.

Off loopback the default of `sslmode` is `verify-full`, not `prefer` as in libpq. The modes `prefer`
and `allow` silently fall back to plain text; both are refused.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from baton.eventlog.errors import FileNotReadable, Misconfigured
from baton.protocols.loopback import is_loopback

Mode: TypeAlias = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
Tls: TypeAlias = ssl.SSLContext | Mode | None
"""The driver's argument `ssl`; None leaves the mode to the driver."""

DEFAULT_MODE: Final = "verify-full"
_SILENT_FALLBACK: Final = frozenset(("allow", "prefer"))
_VERIFYING: Final = frozenset(("verify-ca", "verify-full"))
_FILES: Final = ("sslrootcert", "sslcert", "sslkey")
_SYSTEM: Final = "system"
"""The value of `sslrootcert` for the authorities that the operating system trusts."""
_VARIABLES: Final = {
    "host": "PGHOST",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def tls_of(url: str) -> Tls:
    """Return how to encrypt connections to the database at `url`.

    Raises `Misconfigured` for a mode that could fall back to plain text, and for a file that can't
    be read.
    """
    options = _options(url)
    mode = _mode(options)
    if all(map(_is_local, _hosts(url, options))):
        if mode is None:
            return None
    elif mode is None:
        mode = DEFAULT_MODE
    elif mode in _SILENT_FALLBACK:
        raise Misconfigured(
            f"PostgreSQL: sslmode={mode} may send plain text: write sslmode={DEFAULT_MODE} "
            "in BATON_STORE, or sslmode=disable if the network is trusted"
        )
    _require_files(options)
    return _system_context(mode, options) if _trusts_system(mode, options) else mode


def _mode(options: Mapping[str, str]) -> Mode | None:
    mode = options.get("sslmode")
    if mode is None:
        return None
    if mode not in get_args(Mode):
        known = ", ".join(get_args(Mode))
        raise Misconfigured(f"PostgreSQL: sslmode={mode} in BATON_STORE isn't one of {known}")
    return cast("Mode", mode)


def _options(url: str) -> Mapping[str, str]:
    """Return the parameters of an address, completed from libpq's environment."""
    from_address = dict(parse_qsl(urlsplit(url).query))
    from_environment = {
        name: value for name, variable in _VARIABLES.items() if (value := os.environ.get(variable))
    }
    return {**from_environment, **from_address}


def _hosts(url: str, options: Mapping[str, str]) -> Iterator[str]:
    """Yield the hosts of an address; an empty one means a socket of this machine."""
    listed = urlsplit(url).netloc.rpartition("@")[2] or options.get("host", "")
    for host in unquote(listed).split(","):
        name, _, port = host.rpartition(":")
        yield name if port.isdigit() else host


def _is_local(host: str) -> bool:
    return not host or host.startswith(("/", "@")) or is_loopback(host)


def _trusts_system(mode: Mode, options: Mapping[str, str]) -> bool:
    """Return whether the operating system's authorities verify certificates."""
    root_cert = options.get("sslrootcert")
    if root_cert is None and mode in _VERIFYING:
        return not (Path.home() / ".postgresql" / "root.crt").exists()
    return root_cert == _SYSTEM


def _system_context(mode: Mode, options: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = mode != "verify-ca"
    if certificate := options.get("sslcert"):
        context.load_cert_chain(certificate, options.get("sslkey"), options.get("sslpassword"))
    return context


def _require_files(options: Mapping[str, str]) -> None:
    for name in _FILES:
        path = options.get(name, _SYSTEM)
        if path == _SYSTEM and name != "sslkey":
            continue
        if name in options and not Path(path).is_file():
            raise FileNotReadable(f"PostgreSQL: {name}={path} in BATON_STORE names no file")
