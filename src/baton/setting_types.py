"""The types of settings whose text is split or checked; each check raises ValueError."""

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from baton.domain.durations import EXAMPLES, parse_duration
from baton.eventlog.notary.anchors import check_address
from baton.projector.traces.keep import Keep
from baton.protocols.loopback import is_loopback
from baton.protocols.standard_webhooks import MIN_KEY_BYTES, key_bytes

MAX_BACKOFF_S: Final = 7 * 86_400
MAX_RETRIES: Final = 50
MIN_SECRET_BYTES: Final = 32
SEAL_KEY_DIGITS: Final = 64
TRACE_ID: Final = "{trace_id}"
"""Stands for the id of a trace in the address of its page."""

_WEB: Final = ("http://", "https://")


def split_secrets(text: str) -> tuple[str, ...]:
    """Return the comma-separated secrets that verify tokens; the first one signs.

    Raises ValueError if a secret is too short, or if there is none.
    """
    parts = tuple(part.strip() for part in text.split(","))
    if any(len(part.encode()) < MIN_SECRET_BYTES for part in parts):
        message = f"each secret must have at least {MIN_SECRET_BYTES} bytes"
        raise ValueError(message)
    return parts


def split_seal_keys(text: str) -> tuple[bytes, ...]:
    """Return the keys in `text`, separated by commas or blanks; the first one seals.

    Raises ValueError unless each is written as 64 hexadecimal digits.
    """
    parts = text.replace(",", " ").split()
    if not parts or not all(len(part) == SEAL_KEY_DIGITS and part.isalnum() for part in parts):
        message = "each key must be 64 hexadecimal digits (openssl rand -hex 32)"
        raise ValueError(message)
    return tuple(bytes.fromhex(part) for part in parts)


def split_headers(text: str) -> dict[str, str]:
    """Return headers written as `name=value`, separated by commas.

    Raises ValueError for a part without a name or a value; the message shows no value.
    """
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(name.strip() and value.strip() for name, _, value in parts):
        message = "must be headers as name=value, separated by commas"
        raise ValueError(message)
    return {name.strip(): value.strip() for name, _, value in parts}


def parse_keep(text: str) -> Keep:
    """Return rules written as `failed` and `slower:DURATION`, separated by commas.

    Raises ValueError for any other text.
    """
    failed, slower_ms = False, None
    for part in (one.strip() for one in text.split(",")):
        name, _, duration = part.partition(":")
        took_ms = parse_duration(duration)
        if part == "failed":
            failed = True
        elif name == "slower" and took_ms is not None:
            slower_ms = took_ms
        else:
            message = f"must be failed, slower:DURATION (such as {EXAMPLES}) or both with a comma"
            raise ValueError(message)
    return Keep(failed=failed, slower_ms=slower_ms)


def _checked_text(check: Callable[[str], object]) -> AfterValidator:
    """Return a validator that keeps the text of a setting for which `check` raises nothing."""

    def validate(value: str) -> str:
        check(value)
        return value

    return AfterValidator(validate)


def _checked_secret(check: Callable[[str], object]) -> AfterValidator:
    """Return a validator like `_checked_text` for a secret; no message shows its text."""

    def validate(value: SecretStr) -> SecretStr:
        check(value.get_secret_value())
        return value

    return AfterValidator(validate)


def _split(value: object) -> object:
    """Split a comma-separated text."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _split_backoff(value: object) -> object:
    """Split comma-separated seconds; an empty text means no retries."""
    if not isinstance(value, str):
        return value
    try:
        return tuple(float(part) for part in value.split(",") if part.strip())
    except ValueError:
        message = "must be seconds, separated by commas, such as 5,300,1800"
        raise ValueError(message) from None


def _check_backoff(value: tuple[float, ...]) -> tuple[float, ...]:
    if len(value) > MAX_RETRIES or not all(0 <= delay <= MAX_BACKOFF_S for delay in value):
        message = f"must be at most {MAX_RETRIES} delays of 0 to {MAX_BACKOFF_S} seconds"
        raise ValueError(message)
    return value


def _check_signing_secret(text: str) -> None:
    if len(text.encode()) < MIN_SECRET_BYTES:
        message = f"must have at least {MIN_SECRET_BYTES} bytes"
        raise ValueError(message)


def _check_audit_keys(text: str) -> None:
    from baton.eventlog.notary.audit_keys import AuditKeys  # noqa: PLC0415 - few verbs need it

    AuditKeys.parse(text)


def _check_anchor_secret(text: str) -> None:
    if len(key_bytes(text)) < MIN_KEY_BYTES:
        message = f"must have at least {MIN_KEY_BYTES} bytes"
        raise ValueError(message)


def _check_jwks_url(url: str) -> None:
    """Raise ValueError unless the address has https, or is on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    if parts.scheme != "http" or not is_loopback(host):
        message = (
            "must be an https:// address: anyone who alters the keys in transit can sign tokens"
        )
        raise ValueError(message)


def _check_collector(url: str) -> None:
    if not url.startswith(_WEB):
        message = "must be the http:// or https:// address of a collector, such as on port 4318"
        raise ValueError(message)


def _check_trace_url(url: str) -> None:
    if not url.startswith(_WEB) or TRACE_ID not in url:
        message = f"must be an http:// or https:// address with {TRACE_ID} in it"
        raise ValueError(message)


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Backoff = Annotated[
    tuple[float, ...], NoDecode, BeforeValidator(_split_backoff), AfterValidator(_check_backoff)
]
JwtSecrets = Annotated[SecretStr, _checked_secret(split_secrets)]
SealKeys = Annotated[SecretStr, _checked_secret(split_seal_keys)]
SigningSecret = Annotated[SecretStr, _checked_secret(_check_signing_secret)]
AuditKeyTexts = Annotated[SecretStr, _checked_secret(_check_audit_keys)]
AnchorAddress = Annotated[str, _checked_text(check_address)]
AnchorSecret = Annotated[SecretStr, _checked_secret(_check_anchor_secret)]
JwksUrl = Annotated[str, _checked_text(_check_jwks_url)]
CollectorUrl = Annotated[str, _checked_text(_check_collector)]
Headers = Annotated[SecretStr, _checked_secret(split_headers)]
TraceUrl = Annotated[str, _checked_text(_check_trace_url)]
TraceKeep = Annotated[str, _checked_text(parse_keep)]
