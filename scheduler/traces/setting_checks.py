"""Checks of the settings of traces; each raises ValueError with the reason."""

from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr

from baton.domain.durations import EXAMPLES, parse_duration
from baton.projector.traces.keep import Keep

TRACE_ID: Final = "{trace_id}"
"""Stands for the id of a trace in the address of its page."""

_WEB: Final = ("http://", "https://")


def check_endpoint(value: str) -> str:
    """Return the address of a collector."""
    if not value.startswith(_WEB):
        message = "must be the http:// or https:// address of a collector, such as on port 4318"
        raise ValueError(message)
    return value


def check_headers(value: SecretStr) -> SecretStr:
    """Return the headers of requests to the collector."""
    split_headers(value.get_secret_value())
    return value


def check_trace_url(value: str) -> str:
    """Return the address of the page of a trace, with a place for its id."""
    if not value.startswith(_WEB) or TRACE_ID not in value:
        message = f"must be an http:// or https:// address with {TRACE_ID} in it"
        raise ValueError(message)
    return value


def check_keep(value: str) -> str:
    """Return the rules that choose the runs to keep."""
    parse_keep(value)
    return value


CollectorUrl = Annotated[str, AfterValidator(check_endpoint)]
Headers = Annotated[SecretStr, AfterValidator(check_headers)]
TraceUrl = Annotated[str, AfterValidator(check_trace_url)]
TraceKeep = Annotated[str, AfterValidator(check_keep)]


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
