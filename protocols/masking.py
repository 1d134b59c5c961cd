"""Keeps secrets in this process: addresses without passwords, an environment without settings."""

import os
import re
from typing import Any, Final
from urllib.parse import urlsplit

SETTINGS: Final = "BATON_"
"""The names of Baton's settings begin with it."""
MASK: Final = "********"
_HOST: Final = r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._~%-]*)(:[0-9]*)?"
_HOSTS: Final = re.compile(rf"{_HOST}(,{_HOST})*")
_SECRET: Final = re.compile(r"pass|pwd|secret|token|key|auth|cred|sig", re.IGNORECASE)


def environment_without_settings() -> dict[str, str]:
    """Return the environment for a child process, without Baton's settings, which hold secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


def masked(value: Any) -> Any:
    """Mask the passwords in each address of a value, which may be nested."""
    if isinstance(value, dict):
        return {name: masked(member) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(element) for element in value]
    return masked_address(value) if isinstance(value, str) and "://" in value else value


def masked_address(url: str) -> str:
    """Return an address with its password masked, and the secrets of its query.

    A password may hold `@`, `/` and `?` although they should be encoded. If it isn't clear which
    part is the password, everything except the scheme is masked.
    """
    scheme, _, rest = url.partition("://")
    userinfo, at, place = rest.rpartition("@")
    if not at:
        place = rest
    try:
        parts = urlsplit(f"//{place}")
    except ValueError:
        return f"{scheme}://{MASK}"
    if not _HOSTS.fullmatch(parts.netloc) or ("@" in rest and "=" in userinfo):
        return f"{scheme}://{MASK}"
    user, colon, _ = userinfo.partition(":")
    masked_rest = f"{user}{colon}{MASK if colon else ''}{at}{parts.netloc}{parts.path}"
    query = "&".join(_masked_parameter(parameter) for parameter in parts.query.split("&"))
    fragment = f"#{MASK}" if parts.fragment else ""
    return f"{scheme}://{masked_rest}{'?' if query else ''}{query}{fragment}"


def _masked_parameter(text: str) -> str:
    name, equals, _ = text.partition("=")
    return f"{name}={MASK}" if equals and _SECRET.search(name) else text
