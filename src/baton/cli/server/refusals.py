"""Turns a server's refusal into one line: the subject, the reason, and the command to run next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from baton.cli.terminal.failures import Failed

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT = 400, 401, 403, 404, 409
_TOO_MANY, _UNAVAILABLE, _ERRORS = 429, 503, 500
_PASSING: Final = frozenset((502, _UNAVAILABLE, 504))
_LACKS_SCOPE: Final = "lacks the scope "


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that a request is about, such as a run.

    Args:
        kind: Its noun, in lower case.
        ident: Its id or name, as the user gave it.
        others: Names the command that lists objects of this kind, as a sentence.
        state: Names the command that shows the object, as a sentence.
        part: The part of the object that the request is about, after a comma.
    """

    kind: str
    ident: str
    others: str
    state: str
    part: str = ""

    @property
    def named(self) -> str:
        """Kind, id and part, as the beginning of a sentence."""
        return f"{self.kind.capitalize()} {self.ident}{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parts of a request that messages name; `about` is None without a single subject."""

    url: str
    path: str
    tenant: str
    about: Subject | None


class ServerRefused(Failed):
    """The server refused the request with the HTTP status `status`."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_temporary(self) -> bool:
        """Whether the server is only unavailable, such as while it starts."""
        return self.status in _PASSING


def refusal(asked: Asked, status: int, document: object, retry_after: str | None) -> ServerRefused:
    """Return the exception for a response other than 2xx.

    Args:
        asked: The request.
        status: The status of the response.
        document: Its JSON.
        retry_after: Its Retry-After header.
    """
    answer = document if isinstance(document, dict) else {}
    reason = _reason(asked.url, status, answer)
    return ServerRefused(_line(asked, status, reason, retry_after), status)


def _line(asked: Asked, status: int, reason: str, retry_after: str | None) -> str:
    if status == UNAUTHORIZED:
        creates = f"`baton token --tenant {asked.tenant}` creates one"
        return f"{asked.url} does not accept this token: set --token ({creates})"
    if status == FORBIDDEN:
        return _forbidden(asked.tenant, reason)
    if status == NOT_FOUND:
        return _not_found(asked, reason)
    if status == _TOO_MANY:
        return f"{reason}: try again in {retry_after or 'a few'} s"
    if status == _UNAVAILABLE:
        return f"{reason}: try again; {asked.url}/readyz names the part that is missing"
    if status >= _ERRORS:
        return f"{asked.url} failed ({reason}): its log says why"
    return _about(asked.about, status, reason)


def _reason(url: str, status: int, answer: Mapping[str, Any]) -> str:
    """Return the server's message with its faults, without repetitions."""
    message = str(answer.get("message") or answer.get("detail") or f"{url} answered {status}")
    details = answer.get("details") or answer.get("errors")
    faults = [fault for fault in _faults(details, message) if fault not in message]
    return f"{message}: {'; '.join(faults)}" if faults else message


def _faults(details: object, said: str) -> Iterator[str]:
    """Yield each fault with its field, which a fault equal to the message `said` doesn't need."""
    for detail in details if isinstance(details, list) else ():
        field, message = str(detail.get("field") or ""), str(detail.get("message") or "")
        yield message if message == said or message.startswith(field) else f"{field} {message}"


def _forbidden(tenant: str, reason: str) -> str:
    _, lacks, scope = reason.partition(_LACKS_SCOPE)
    if lacks:
        return (
            f"{reason}: set --token (`baton token --tenant {tenant} --scope {scope}` creates one)"
        )
    return f"{reason}: set --tenant, or --token (`baton token --tenant {tenant}` creates one)"


def _not_found(asked: Asked, reason: str) -> str:
    about = asked.about
    if about is None:
        return f"{asked.url}{asked.path}: {reason}"
    if reason.lower().startswith("step"):
        return f"{about.named}: {reason}; {about.state}"
    return (
        f"There is no {about.kind} {about.ident!r} of tenant {asked.tenant} at {asked.url}:"
        f" {about.others}"
    )


def _about(about: Subject | None, status: int, reason: str) -> str:
    if about is None:
        return reason
    remedy = f"; {about.state}" if status == CONFLICT else ""
    return f"{about.named}: {reason}{remedy}"
