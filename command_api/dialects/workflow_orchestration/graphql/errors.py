"""Refusals as GraphQL errors: `{message, locations?, path?, extensions: {code, details?}}`."""

import logging
from collections.abc import Iterable
from typing import Final, Literal

from graphql import GraphQLError
from pydantic import BaseModel, Field

from baton.command_api.dialect.envelopes import new_trace_id
from baton.command_api.dialect.error_words import ErrorDetail
from baton.command_api.dialects.workflow_orchestration.errors import WORDS
from baton.command_api.http.refusal import STATUS, ErrorCode, Refusal, Refused, refusal_of
from baton.domain.errors import Rejected
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable

LIMIT_EXCEEDED: Final = "LIMIT_EXCEEDED"
"""The code of a document or an operation that is too large."""

_LOG = logging.getLogger(__name__)


class ErrorExtensions(BaseModel):
    """The machine-readable part of an error."""

    code: ErrorCode | Literal["LIMIT_EXCEEDED"]
    details: list[ErrorDetail] = Field(default_factory=list, description="Every fault of an input")


class Location(BaseModel):
    """A place in the document; both numbers count from 1."""

    line: int
    column: int


class ErrorShown(BaseModel):
    """One error. `path` leads to the field of the data that has it."""

    message: str
    locations: list[Location] = Field(default_factory=list)
    path: list[str | int] = Field(default_factory=list)
    extensions: ErrorExtensions


class Errors(BaseModel):
    """The body of a refused request."""

    errors: list[ErrorShown] = Field(min_length=1)


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refused request: `Errors`."""
    return STATUS[refusal.code], {"errors": [_shown(refusal)]}


def limit_exceeded(message: str) -> JsonObject:
    """Return the error of a document that is larger than the server answers."""
    return {"message": message, "extensions": {"code": LIMIT_EXCEEDED}}


def error_of(code: ErrorCode, message: str) -> JsonObject:
    """Return an error that no field has."""
    return {"message": message, "extensions": {"code": code}}


def shown_errors(errors: Iterable[GraphQLError]) -> list[JsonObject]:
    """Return errors as responses show them; an unexpected one is logged and shows no cause."""
    return [_shown_error(error) for error in errors]


def _shown_error(error: GraphQLError) -> JsonObject:
    shown = _shown(_refusal(error))
    if error.locations:
        shown["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if error.path:
        shown["path"] = list(error.path)
    return shown


def _shown(refusal: Refusal) -> JsonObject:
    extensions: JsonObject = {"code": refusal.code}
    if refusal.faults:
        extensions["details"] = WORDS.details_of(refusal)
    return {"message": WORDS.message_of(refusal), "extensions": extensions}


def _refusal(error: GraphQLError) -> Refusal:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    match cause:
        case None | GraphQLError():
            return Refusal(code="validation_error", message=error.message)
        case Refused():
            return cause.refusal
        case Rejected():
            return refusal_of(cause)
        case Unavailable():
            return _traced("unavailable", "The service can't answer now; try again later", cause)
        case _:
            return _traced(
                "internal_error", "The field failed; the server's log has the reason", cause
            )


def _traced(code: ErrorCode, message: str, cause: Exception) -> Refusal:
    """Log a failure, and return a refusal with the same trace id."""
    trace = new_trace_id()
    _LOG.error("a field failed", exc_info=cause, extra={"trace_id": trace})
    return Refusal(code=code, message=f"{message} (trace {trace})", trace_id=trace)
