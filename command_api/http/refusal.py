"""Refused requests, independent of any dialect: an error code, a message, faults.

A dialect renders a `Refusal` in its own envelope (`Dialect.render_error`). `STATUS` holds the usual
status of each code. Internal causes never become part of a refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from baton.command_api.http.rejection_texts import text_of
from baton.domain.errors import Code, Fault, Rejected

ErrorCode = Literal[
    "validation_error",
    "unauthorized",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "not_acceptable",
    "request_timeout",
    "conflict",
    "payload_too_large",
    "unsupported_media_type",
    "misdirected_request",
    "idempotency_key_reused",
    "rate_limited",
    "internal_error",
    "unavailable",
]
ERROR_CODES: tuple[ErrorCode, ...] = get_args(ErrorCode)

MAX_FAULTS: Final = 100
"""The number of faults of a request that one response names."""

STATUS: Mapping[ErrorCode, int] = {
    "validation_error": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "request_timeout": 408,
    "conflict": 409,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "misdirected_request": 421,
    "idempotency_key_reused": 422,
    "rate_limited": 429,
    "internal_error": 500,
    "unavailable": 503,
}

_DOMAIN_CODES: Mapping[Code, ErrorCode] = {
    "validation_error": "validation_error",
    "not_found": "not_found",
    "conflict": "conflict",
    "stale_attempt": "conflict",
    "forbidden": "forbidden",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The reason of a refusal; `faults` names each wrong place, `trace_id` finds the log line.

    A fault's path is made of member names of the request document and array indexes. `rejected` is
    the domain's refusal, if the domain refused: a dialect with its own words makes its message from
    it. `status` is set if it isn't the usual status of the code.
    """

    code: ErrorCode
    message: str
    faults: tuple[Fault, ...] = ()
    trace_id: str = ""
    rejected: Rejected | None = None
    status: int | None = None


class Refused(Exception):
    """The HTTP edge refused the request, and nothing was recorded."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.refusal = Refusal(code=code, message=message, faults=faults, status=status)
        self.headers: Mapping[str, str] = headers or {}


def refused_field(message: str, *path: str | int) -> Refused:
    """Return a 400 that names one member of the request (or a query parameter)."""
    return Refused("validation_error", message, faults=(Fault(path, message),))


def refusal_of(rejected: Rejected) -> Refusal:
    """Return a refusal of the domain with its neutral text; a dialect can reword `rejected`."""
    return Refusal(
        code=_DOMAIN_CODES[rejected.code],
        message=text_of(rejected),
        faults=rejected.faults,
        rejected=rejected,
    )
