"""The errors of an execution as a response shows them."""

import logging
from collections.abc import Iterable

from graphql import GraphQLError

from baton.command_api.dialect.envelopes import new_trace_id
from baton.command_api.dialects.workflow_orchestration.graphql.errors import shown_refusal
from baton.command_api.http.refusal import ErrorCode, Refusal, Refused, refusal_of
from baton.domain.errors import Rejected
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable

_LOG = logging.getLogger(__name__)


def shown_errors(errors: Iterable[GraphQLError]) -> list[JsonObject]:
    """Return errors as responses show them; an unexpected one is logged and shows no cause."""
    return [_shown_error(error) for error in errors]


def _shown_error(error: GraphQLError) -> JsonObject:
    shown = shown_refusal(_refusal(error))
    if error.locations:
        shown["locations"] = [
            {"line": location.line, "column": location.column} for location in error.locations
        ]
    if error.path:
        shown["path"] = list(error.path)
    return shown


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
